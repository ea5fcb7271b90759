"""Generative named entity recognition with PyTorch Lightning."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gner.inference import GNER

__version__ = "0.1.0"
__all__ = ["GNER"]


def __getattr__(name: str) -> Any:
    """Import the model class, and torch with it, when it is first used."""
    if name == "GNER":
        return import_module("gner.inference").GNER
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
