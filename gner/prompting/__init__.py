"""Prompt formats: how examples are posed to a language model. Nothing outside this package knows one by name."""

from gner.prompting.base import Format
from gner.prompting.gner import GnerFormat
from gner.prompting.gollie import GollieFormat
from gner.prompting.instruct_uie import InstructUieFormat
from gner.prompting.instructions import OFFICIAL_INSTRUCTION
from gner.prompting.listed import AnswerGrammar, ListedEntity, ListItem, place_listed
from gner.prompting.query import END, Query, Segment
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
