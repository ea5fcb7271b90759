"""Trained models at work: raw text in, entities with places out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gner.inference.result import Entities, EntityDict, TextInfo

if TYPE_CHECKING:
    from gner.inference.model import GNER

__all__ = ["GNER", "Entities", "EntityDict", "TextInfo"]


def __getattr__(name: str) -> Any:
    """Import the model class, and torch with it, when it is first used."""
    if name == "GNER":
        return import_module("gner.inference.model").GNER
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
