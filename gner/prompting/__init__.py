"""Prompt formats: how examples are posed to a language model. Nothing outside this package knows one by name."""

from gner.prompting.base import END, Format, Query, Segment
from gner.prompting.gner import OFFICIAL_INSTRUCTION, GnerFormat

DefaultFormat = GnerFormat

__all__ = ["END", "OFFICIAL_INSTRUCTION", "DefaultFormat", "Format", "GnerFormat", "Query", "Segment"]
