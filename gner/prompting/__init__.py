"""Prompt formats: how examples are posed to a language model. Nothing outside this package knows one by name."""

from gner.prompting.base import END, Format, Query, Segment
from gner.prompting.gner import OFFICIAL_INSTRUCTION, GnerFormat
from gner.prompting.gollie import GollieFormat
from gner.prompting.instruct_uie import InstructUieFormat
from gner.prompting.listed import AnswerGrammar, ListedEntity, ListItem, place_listed
from gner.prompting.uniner import UniNerFormat

DefaultFormat = GnerFormat

__all__ = [
    "END",
    "OFFICIAL_INSTRUCTION",
    "AnswerGrammar",
    "DefaultFormat",
    "Format",
    "GnerFormat",
    "GollieFormat",
    "InstructUieFormat",
    "ListItem",
    "ListedEntity",
    "Query",
    "Segment",
    "UniNerFormat",
    "place_listed",
]
