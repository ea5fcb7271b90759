"""Turns errors of Lightning and jsonargparse that users can fix into one message that names the key to change."""

from __future__ import annotations

import re
from collections.abc import Callable

from lightning.fabric.utilities.exceptions import MisconfigurationException


def explain(error: Exception) -> str | None:
    """A message for an error that a setting caused, or None if no setting is known to cause it.

    Example:
        >>> error = ValueError("`val_check_interval` (500) must be ... the number of the training batches (20)")
        >>> explain(error)  # doctest: +ELLIPSIS
        'Expected a trainer.val_check_interval of at most the 20 batches of an epoch, got 500. Lower it, ...'
        >>> print(explain(RuntimeError("a bug")))  # not the user's to fix
        None
    """
    text = str(error)
    for pattern, describe in _KNOWN.items():
        found = re.search(pattern, text)
        if found is not None:
            return describe(found)
    if isinstance(error, MisconfigurationException):
        return f"{' '.join(text.split())} See the keys of `trainer`."
    return None


def _not_created(found: re.Match[str]) -> str:
    return f"`{found[1]}` cannot be created: {found[2].strip()}"


def _long_interval(found: re.Match[str]) -> str:
    return (
        f"Expected a trainer.val_check_interval of at most the {found[2]} batches of an epoch, got {found[1]}. Lower "
        "it, or set trainer.check_val_every_n_epoch to null to count batches across epochs."
    )


def _unknown_metric(found: re.Match[str]) -> str:
    return f"{found[0].strip()} Set `monitor` of EarlyStopping to a validation metric."


def _no_accelerator(found: re.Match[str]) -> str:
    return f"{found[0].strip()} Set trainer.accelerator to auto or cpu, or run on a machine that has one."


def _other_model(found: re.Match[str]) -> str:
    return (
        f"The checkpoint does not match the model of the config: {found[1].strip()} Use the config of the run that "
        "wrote it, config.yaml in its folder."
    )


_KNOWN: dict[str, Callable[[re.Match[str]], str]] = {
    r"Problem with given class_path '([\w.]+)':\s*(.+)": _not_created,
    r"`val_check_interval` \((\d+)\) must be .* number of the training batches \((\d+)\)": _long_interval,
    r"Early stopping conditioned on metric.*?(?=Pass in or|$)": _unknown_metric,
    r".*backend found.*": _no_accelerator,
    r"Error\(s\) in loading state_dict[^\n]*\n([^\n]*)": _other_model,
}
"""Patterns of library messages, and what replaces them."""
