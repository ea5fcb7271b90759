"""The file formats that there are: our own, and those of packages."""

from __future__ import annotations

from gner.data.reading.bigbio import BigBio
from gner.data.reading.bioc import BioC
from gner.data.reading.brat import Brat
from gner.data.reading.comprehend import Comprehend
from gner.data.reading.conll import Conll
from gner.data.reading.conllu import ConllU
from gner.data.reading.csv_table import CsvTable
from gner.data.reading.docbin import SpacyDocBin
from gner.data.reading.file_format import FileFormat
from gner.data.reading.gliner import Gliner
from gner.data.reading.gner_folder import GnerFolder
from gner.data.reading.hf_dataset import HuggingFace
from gner.data.reading.instruct_uie import InstructUie
from gner.data.reading.json_format import JsonFormat
from gner.data.reading.json_spans import TextSpans
from gner.data.reading.json_tags import TaggedWords
from gner.data.reading.label_studio import LabelStudio
from gner.data.reading.ner_annotator import NerAnnotator
from gner.data.reading.pile_ner import PileNer
from gner.data.reading.pubtator import PubTator
from gner.data.reading.rasa import Rasa
from gner.data.reading.webanno import WebAnno
from gner.errors import UserError, did_you_mean
from gner.plugins import READERS, plugin_classes

_BUILT_IN: tuple[type[FileFormat], ...] = (
    GnerFolder,
    Brat,
    SpacyDocBin,
    WebAnno,
    PubTator,
    Rasa,
    Comprehend,
    CsvTable,
    ConllU,
    Conll,
    PileNer,
    Gliner,
    InstructUie,
    LabelStudio,
    NerAnnotator,
    BigBio,
    BioC,
    TaggedWords,
    TextSpans,
)
"""Where a file has several formats to the same extent, the first is chosen."""


def file_formats() -> list[FileFormat]:
    """A new object of each format, for one source; those of packages come first, as they know their files best."""
    formats: list[FileFormat] = []
    for cls in plugin_classes(READERS, FileFormat).values():
        formats.append(cls())
    formats += [cls() for cls in _BUILT_IN]
    return [*formats, HuggingFace([one for one in formats if isinstance(one, JsonFormat)])]


def format_names() -> list[str]:
    """The values of ``format`` of a source, without ``auto``."""
    return [one.name for one in file_formats()]


def named_format(name: str) -> FileFormat:
    """The format of a name.

    Raises:
        UserError: There is none.
    """
    for one in file_formats():
        if one.name == name:
            return one
    hint = did_you_mean(name, format_names())
    raise UserError(f"Expected `format` to be auto, {', '.join(format_names())}; got `{name}`.{hint}")
