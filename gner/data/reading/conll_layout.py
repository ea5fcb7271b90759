"""Settles the layout of CoNLL files from the beginnings of all files of a source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from gner.bio import OUTSIDE
from gner.data.annotations.schemes import DOCUMENT_START
from gner.data.annotations.tag_syntax import TAG
from gner.data.reading.conll_columns import ColumnSample, Row, Sentences, holds_tags
from gner.errors import UserError

_PLAIN_TAG = re.compile(r"[\w./&-]+")
_WORD_NAMES = {"word", "words", "token", "tokens", "form", "text"}
_TAG_NAMES = {"tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "entity", "iob", "bio"}
_FEWEST_OUTSIDE = 0.2


class Layout(NamedTuple):
    """The columns of all files of a source.

    Attributes:
        separator: What separates columns: a tab, or else spaces.
        width: Number of columns.
        word: Index of the word's column.
        tag: Index of the tag's column.
        header: The first row of a file if it names the columns; empty without one.
        notes: Choices to mention in the log.
        counts: Whether the first column counts words in whole numbers; other numbers are then rows of CoNLL-U for
            several words (``2-3``), which follow, or for none (``3.1``).
    """

    separator: str
    width: int
    word: int
    tag: int
    header: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    counts: bool = False

    def split(self, line: str) -> Row:
        """Split a line into columns."""
        return split_columns(line, self.separator)

    def has_tag(self, row: Sequence[str]) -> bool:
        """Whether a row has as many columns as it should, and a tag with a prefix, or ``O``."""
        return len(row) == self.width and TAG.fullmatch(row[self.tag]) is not None

    def describe(self) -> str:
        """Describe the layout for the log."""
        return ", ".join((f"{'tab' if self.separator == chr(9) else 'space'} separated", *self.notes))


def split_columns(line: str, separator: str) -> Row:
    """Split a line into columns, without empty ones at its end; other whitespace than tabs and spaces may be a word.

    Example:
        >>> split_columns("New York\\tB-city\\t", "\\t"), split_columns("York  B-city", " ")
        (['New York', 'B-city'], ['York', 'B-city'])
    """
    if separator == "\t":
        return [column.strip(" ") for column in line.rstrip(" \t").split("\t")]
    return [column for column in line.replace("\t", " ").split(" ") if column]


def looks_like_conll(lines: Sequence[str], columns: Mapping[str, str]) -> bool:
    """Whether most lines are words with tags; reading the file then reports the others.

    Tags without prefixes count if every row has as many columns, and ``O`` is frequent in the last.
    """
    rows = list(chain.from_iterable(_split_sentences(lines, _find_separator(lines))))
    width = _common_width(rows)
    full = [row for row in rows if len(row) == width]
    if len(full) * 2 <= len(rows) or width < 2:
        return False
    if any(holds_tags(full, at, share=0.5) for at in range(width)) or columns.get("tags", "").isdecimal():
        return True
    last = [row[-1] for row in full]
    has_plain_tags = len(full) == len(rows) and all(map(_PLAIN_TAG.fullmatch, last))
    return has_plain_tags and last.count(OUTSIDE) >= len(last) * _FEWEST_OUTSIDE


def find_layout(files: Mapping[str, Sequence[str]], columns: Mapping[str, str]) -> Layout:
    """Settle the columns of a source.

    Columns are separated by tabs if the first row has one, else by spaces. A first row with names where the others have
    tags is a header. Columns of numbers that count words or sentences are never words: the word is in the first column
    that holds neither these nor tags. The tag is in the last column, or in the only one with tags of entities; of
    several such columns the outermost is read.

    Args:
        files: The first lines of each file, by its path.
        columns: Numbers of the columns ``words`` and ``tags``, from 1, or their names in the header.

    Raises:
        UserError: ``columns`` names no column, or it is not clear which columns hold words and tags.

    Example:
        >>> layout = find_layout({"a": ["1\\tAda\\tB-person", "2\\tslept\\tO"]}, {})
        >>> layout.word, layout.tag, layout.notes
        (1, 2, ('column 1 has numbers, column 2 the words',))
    """
    separator = _find_separator(chain.from_iterable(files.values()))
    found = {path: _split_sentences(lines, separator) for path, lines in files.items()}
    header = _find_header(next(iter(found.values()), []), columns)
    found = {path: _without(header, sentences) for path, sentences in found.items()}
    width = _common_width(list(chain.from_iterable(chain.from_iterable(found.values()))))
    sample = ColumnSample(found, width)
    notes = ["the first row names the columns"] if header else []
    word, tag = (_given_column(columns, name, header, width) for name in ("words", "tags"))
    if word is None:
        others = {*sample.tag_columns(word), tag}
        word = sample.find_word([at for at in range(width) if at not in others] or [0])
        notes += [f"column {word} has numbers, column {word + 1} the words"] if word else []
    if tag is None:
        tag, note = _find_tag(sample, word, width)
        notes += [note] if note else []
    return Layout(separator, width, word, tag, tuple(header), tuple(notes), sample.counts_before(word))


def _find_tag(sample: ColumnSample, word: int, width: int) -> tuple[int, str]:
    """The column of tags, and what to log about it."""
    tagged = sample.tag_columns(word)
    entities = sample.entity_columns(tagged)
    tag = sample.find_tag(tagged, entities)
    others = ", ".join(str(at + 1) for at in entities if at != tag)
    if others:
        return tag, f"tags of column {tag + 1}, the outermost; not those of column {others}"
    return tag, "" if tag == width - 1 else f"tags of column {tag + 1}"


def _find_separator(lines: Iterable[str]) -> str:
    """What separates columns: a tab, or else spaces."""
    first = next((line for line in lines if line.strip() and not line.startswith(("#", DOCUMENT_START))), "")
    return "\t" if "\t" in first.strip(" \t") else " "


def _split_sentences(lines: Sequence[str], separator: str) -> Sentences:
    """The columns of sentences, without lines that may be comments."""
    sentences: Sentences = [[]]
    for line in lines:
        if not line.strip() or line.startswith(DOCUMENT_START):
            sentences.append([])
        elif not line.startswith("#"):
            sentences[-1].append(split_columns(line, separator))
    return [sentence for sentence in sentences if sentence]


def _common_width(rows: Sequence[Row]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 2


def _find_header(sentences: Sentences, columns: Mapping[str, str]) -> Row:
    """The first row if it names the columns; empty if it is a word with its tag."""
    rows = list(chain.from_iterable(sentences))
    if not rows:
        return []
    first, others = rows[0], rows[1:]
    is_named = any(name in first for name in columns.values() if not name.isdecimal())
    return first if is_named or _has_names(first) or _lacks_tags(first, others) else []


def _has_names(row: Row) -> bool:
    return len(row) > 1 and row[0].lower() in _WORD_NAMES and row[-1].lower() in _TAG_NAMES


def _lacks_tags(first: Row, others: Sequence[Row]) -> bool:
    """Whether a row has no tag in any of the columns that hold tags in the others."""
    same_width = [row for row in others if len(row) == len(first)]
    tagged = [at for at in range(len(first)) if holds_tags(same_width, at)]
    return bool(tagged) and not any(TAG.fullmatch(first[at]) for at in tagged)


def _without(header: Row, sentences: Sentences) -> Sentences:
    return [[row for row in sentence if row != header] for sentence in sentences]


def _given_column(columns: Mapping[str, str], name: str, header: Row, width: int) -> int | None:
    """The index of a configured column; None if it is not configured."""
    text = columns.get(name)
    if text is None:
        return None
    if text in header:
        return header.index(text)
    if not text.isdecimal() or not 1 <= int(text) <= width:
        names = f", or one of {', '.join(header)}" if header else ""
        raise UserError(f"Expected a column number from 1 to {width}{names}, got `{text}`. Set `columns.{name}`.")
    return int(text) - 1
