"""The optional library spaCy, imported only when its files are written."""

from __future__ import annotations

from typing import Any

from gner.errors import UserError


def import_spacy(purpose: str) -> Any:
    """The library, with `spacy.tokens`.

    Args:
        purpose: What it is needed for, such as an option.

    Raises:
        UserError: It is not installed.
    """
    try:
        import spacy  # noqa: PLC0415 optional
        import spacy.tokens  # noqa: PLC0415
    except ImportError as error:
        raise UserError(f"Expected spaCy for {purpose}, but it is not installed: pip install 'gner[spacy]'.") from error
    return spacy
