"""Checks of options that several formats have in common."""

from __future__ import annotations

from collections.abc import Sequence

from gner.errors import UserError


def check_choice(option: str, value: object, choices: Sequence[str]) -> None:
    """Refuse a value that an option of a format does not have.

    Args:
        option: Name of the option.
        value: As given.
        choices: What it may be, two or more.

    Raises:
        UserError: It is another.

    Example:
        >>> check_choice("system", "page", ("text", "paragraph"))
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected `system` to be text or paragraph, got 'page'. Set model.format.init_args.system.
    """
    if value not in choices:
        *others, last = choices
        raise UserError(
            f"Expected `{option}` to be {', '.join(others)} or {last}, got {value!r}. "
            f"Set model.format.init_args.{option}."
        )
