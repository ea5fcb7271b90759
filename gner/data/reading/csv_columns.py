"""Finds the columns of words, tags and sentences of a CSV table by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gner.data.annotations.tag_syntax import LOOSE_TAG
from gner.data.reading.csv_rows import Row

WORDS = ("word", "words", "token", "tokens", "form")
TEXTS = ("text", "sentence", "sentences", "sentence_text")
"""Names of columns with whole sentences, or with words where no other name is one of `WORDS`."""
TAGS = (
    *("ner_tags", "ner_tag", "ner", "ner_label", "ner_labels", "bio_tags", "bio_tag", "iob_tags", "iob_tag"),
    *("word_labels", "entity_tag", "entity_tags", "named_entity", "tag", "tags", "label", "labels", "bio", "iob"),
    *("entity", "entities", "ne"),
)
SENTENCES = (
    *("sentence_number", "sentence_no", "sentence_num", "sentence_id", "sentence_idx", "sentence_index", "sentence"),
    *("sent_id", "sent_idx", "sent_no", "sent_num", "sent"),
)
_DOCUMENTS = ("doc", "doc_id", "docid", "document", "document_id", "file", "filename", "file_name")
_NUM_ROWS = 200


class Columns(NamedTuple):
    """The columns of a table.

    Attributes:
        names: The cells of the first row.
        word: Index of the column of words.
        tag: Index of the column of tags.
        sentence: Indices of the columns that tell sentences apart; empty if blank rows do.
        by_sentence: Whether each row is a sentence, with its words in one cell and their tags in another.
    """

    names: tuple[str, ...]
    word: int
    tag: int
    sentence: tuple[int, ...]
    by_sentence: bool

    def describe(self) -> str:
        """Describe the columns for the log."""
        parts = [f"words in `{self.names[self.word]}`", f"tags in `{self.names[self.tag]}`"]
        if self.by_sentence:
            return ", ".join((*parts, "a sentence in each row"))
        by = " and ".join(f"`{self.names[at]}`" for at in self.sentence) or "blank rows"
        return ", ".join((*parts, f"sentences by {by}"))


def find_columns(header: Sequence[str], rows: Sequence[Row], own: Mapping[str, str]) -> Columns | None:
    """The columns of a table; None if the first row does not name those of words and tags.

    Of several columns of tags the first with tags of entities is read.

    Args:
        header: The first row.
        rows: The rows that follow, or the first of them.
        own: Names, or numbers from 1, of the columns ``words``, ``tags`` and ``sentences``, where they are set.

    Example:
        >>> rows = [Row(2, ["Sentence: 1", "Ada", "NNP", "B-per"]), Row(3, ["", "slept", "VBD", "O"])]
        >>> find_columns(["Sentence #", "Word", "POS", "Tag"], rows, {}).describe()
        'words in `Word`, tags in `Tag`, sentences by `Sentence #`'
    """
    names = [_plain(name) for name in header]
    cells = [row.cells for row in rows[:_NUM_ROWS] if len(row.cells) == len(header)]
    word = _chosen(header, own["words"]) if "words" in own else _first(names, (*WORDS, *TEXTS))
    tag = _chosen(header, own["tags"]) if "tags" in own else _find_tag(names, cells, word)
    sentence = _find_sentences(names, header, own, {word, tag})
    if word is None or tag is None or word == tag or sentence is None:
        return None
    return Columns(tuple(header), word, tag, sentence, _are_sentences(cells, word, tag))


def _find_sentences(
    names: Sequence[str], header: Sequence[str], own: Mapping[str, str], others: Iterable[int | None]
) -> tuple[int, ...] | None:
    """The columns that tell sentences apart: documents, as numbers may start again in each, and sentences."""
    if "sentences" in own:
        given = _chosen(header, own["sentences"])
        return None if given is None else (given,)
    found = [_first(names, known, others) for known in (_DOCUMENTS, SENTENCES)]
    return tuple(at for at in found if at is not None)


def _plain(name: str) -> str:
    """A name in lower case with underscores; ``#`` is a number.

    Example:
        >>> _plain("Sentence #"), _plain("NER-Tag")
        ('sentence_number', 'ner_tag')
    """
    return re.sub(r"\W+", "_", name.lower().replace("#", " number ")).strip("_")


def _chosen(header: Sequence[str], own: str) -> int | None:
    if own in header:
        return header.index(own)
    return int(own) - 1 if own.isdecimal() and 1 <= int(own) <= len(header) else None


def _first(names: Sequence[str], known: Iterable[str], others: Iterable[int | None] = ()) -> int | None:
    """The column with the first of the known names, and none of the others."""
    found = (names.index(name) for name in known if name in names)
    return next((at for at in found if at not in others), None)


def _find_tag(names: Sequence[str], cells: Sequence[Sequence[str]], word: int | None) -> int | None:
    named = [names.index(name) for name in TAGS if name in names]
    candidates = [at for at in named if at != word]
    return next((at for at in candidates if _has_tags([row[at] for row in cells])), next(iter(candidates), None))


def _has_tags(cells: Iterable[str]) -> bool:
    """Whether most cells that are not empty hold tags."""
    firsts = [parts[0] for cell in cells if (parts := re.findall(r"[^\s,\[\]'\"]+", cell))]
    return bool(firsts) and sum(LOOSE_TAG.fullmatch(part) is not None for part in firsts) * 2 > len(firsts)


def _are_sentences(cells: Sequence[Sequence[str]], word: int, tag: int) -> bool:
    """Whether most rows have several words and several tags."""
    many = [min(_num_parts(row[word]), _num_parts(row[tag])) > 1 for row in cells]
    return sum(many) * 2 > len(many)


def _num_parts(cell: str) -> int:
    return len(re.findall(r"[^\s,]+", cell))
