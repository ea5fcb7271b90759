"""Prompt formats: how examples are posed to a language model. Nothing outside this package knows one by name."""

from gner.prompting.base import END, Format, Query, Segment
from gner.prompting.gner import OFFICIAL_INSTRUCTION, GnerFormat
from gner.prompting.gollie import GollieFormat
from gner.prompting.listed import AnswerGrammar, ListedEntity, ListItem, place_listed

DefaultFormat = GnerFormat

__all__ = [
    "END",
    "OFFICIAL_INSTRUCTION",
    "AnswerGrammar",
    "DefaultFormat",
    "Format",
    "GnerFormat",
    "GollieFormat",
    "ListItem",
    "ListedEntity",
    "Query",
    "Segment",
    "place_listed",
]
