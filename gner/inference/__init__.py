"""Trained models at work: raw text in, entities with places out."""

from gner.inference.model import GNER
from gner.inference.result import Entities, EntityDict, TextInfo

__all__ = ["GNER", "Entities", "EntityDict", "TextInfo"]
