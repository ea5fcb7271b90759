"""Chooses the columns of words and tags of CoNLL files from a sample of their rows.

Nothing is guessed where two readings are plausible: the message says which columns there are, and asks for ``columns``.
See docs/decisions/file_formats.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

from gner.bio import OUTSIDE
from gner.data.annotations.tag_syntax import TAG
from gner.errors import UserError

_NUMBER = re.compile(r"(\d+)(?:[-.]\d+)?")
_IDENTIFIER = re.compile(r"[\w.:/-]*\d[\w.:/-]*")
_LETTERS = set("OBIESLUMW")
_FEWEST_ROWS = 3
_CHUNKS = {"NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "NC", "VC", "PC", "ADVC"}
"""Phrase types of CoNLL-2000 and of its German counterpart."""
_MOSTLY = 0.9

Row = list[str]
Sentences = list[list[Row]]


class ColumnSample:
    """The first rows of the files of a source, all with the same number of columns.

    Args:
        files: Sentences of rows, by the path of their file.
        width: Number of columns; other rows are left out.
    """

    def __init__(self, files: Mapping[str, Sentences], width: int) -> None:
        self._files: dict[str, Sentences] = {}
        for path, sentences in files.items():
            of_width = [[row for row in sentence if len(row) == width] for sentence in sentences]
            self._files[path] = [sentence for sentence in of_width if sentence]
        self._rows = list(chain.from_iterable(chain.from_iterable(self._files.values())))
        self._place = next(iter(files), "")
        self._width = width

    def tag_columns(self, word: int | None) -> list[int]:
        """The columns that hold tags: all of their values, but for mistakes, are ``O`` or have a prefix.

        Args:
            word: The column of words, which is none of them, if it is known.
        """
        return [at for at in range(self._width) if at != word and holds_tags(self._rows, at)]

    def entity_columns(self, tag_columns: Sequence[int]) -> list[int]:
        """The columns whose tags are entities, and not only phrases as in CoNLL-2003's chunks."""
        return [at for at in tag_columns if self._types(at) - _CHUNKS]

    def counts_before(self, word: int) -> bool:
        """Whether the first column is not that of words, and most of its values are whole numbers."""
        num_whole = sum(row[0].isdecimal() for row in self._rows)
        return word > 0 and num_whole * 2 > len(self._rows)

    def find_word(self, candidates: Sequence[int]) -> int:
        """The first column that does not hold the numbers of words or sentences.

        Raises:
            UserError: It has numbers that count nothing, or only in some files.
        """
        for at in candidates[:-1]:
            numbers = {path: _numbers(sentences, at) for path, sentences in self._files.items()}
            with_words = next((path for path, found in numbers.items() if found is None), None)
            if with_words is not None:
                self._refuse_mixture(numbers, at, with_words)
                self._refuse_identifiers(at)
                return at
            if not any(found and _are_ordered(found) for found in numbers.values()):
                raise UserError(
                    f"{self._place}: expected words, but column {at + 1} has only numbers, which do not count the "
                    f"words of sentences. Set `columns`, for example to {{words: {at + 2}}}, or to "
                    f"{{words: {at + 1}}} if these are the words."
                )
        return candidates[-1]

    def _refuse_mixture(self, numbers: Mapping[str, list[list[int]] | None], at: int, with_words: str) -> None:
        """Raise if a column counts words in one file and holds them in another."""
        counted = next((path for path, found in numbers.items() if found and _are_counted(found)), None)
        if counted is not None:
            raise UserError(
                f"{counted}: column {at + 1} counts the words here, and holds words in {with_words}. Give each file a "
                "source of its own, or write them alike."
            )

    def _refuse_identifiers(self, at: int) -> None:
        """Raise if a column may have identifiers, such as ``s1-3``: all of its values have a digit."""
        values = [row[at] for row in self._rows]
        if len(values) >= _FEWEST_ROWS and all(map(_IDENTIFIER.fullmatch, values)):
            advice = f"{{words: {at + 2}}}, or to {{words: {at + 1}}} if these are the words"
            raise UserError(
                f"{self._place}: expected words, but column {at + 1} may have identifiers, such as {values[0]!r}. Set "
                f"`columns`, for example to {advice}."
            )

    def find_tag(self, tag_columns: Sequence[int], entity_columns: Sequence[int]) -> int:
        """The column of tags: the outermost of those with entities, or else the last.

        Raises:
            UserError: The entities of two columns are neither nested nor of the same types.
        """
        last = self._width - 1
        if not tag_columns:
            self._refuse_two_columns(last)
        if not entity_columns:
            has_outside = any(row[last] == OUTSIDE for row in self._rows)
            return last if has_outside or not tag_columns else tag_columns[-1]
        outermost = max(entity_columns, key=lambda at: len(self._tagged_rows(at)))
        for at in entity_columns:
            is_nested = self._tagged_rows(at) <= self._tagged_rows(outermost)
            if not is_nested and not self._types(at) & self._types(outermost):
                raise UserError(
                    f"{self._place}: expected one column of entity tags, found columns {outermost + 1} and {at + 1}, "
                    f"which are not nested. Set `columns`, for example to {{tags: {at + 1}}}."
                )
        return outermost

    def _refuse_two_columns(self, last: int) -> None:
        """Raise if one column has the prefixes of tags and the last their types."""
        for at in range(last):
            letters = {row[at] for row in self._rows}
            if len(letters) > 1 and letters <= _LETTERS and not {row[last] for row in self._rows} <= _LETTERS:
                raise UserError(
                    f"{self._place}: expected tags in one column, found prefixes such as `B` in column {at + 1} and "
                    f"types in column {last + 1}. Join them to tags such as `B-person`, or set `columns`, for example "
                    f"to {{tags: {last + 1}}} to read the types alone, whose neighbours are joined."
                )

    def _types(self, at: int) -> set[str]:
        return {row[at][2:] for row in self._rows if row[at] != OUTSIDE}

    def _tagged_rows(self, at: int) -> set[int]:
        return {number for number, row in enumerate(self._rows) if row[at] != OUTSIDE}


def holds_tags(rows: Sequence[Row], at: int, share: float = _MOSTLY) -> bool:
    """Whether more than this share of the rows has a tag in a column."""
    num_tags = sum(TAG.fullmatch(row[at]) is not None for row in rows)
    return bool(rows) and num_tags > len(rows) * share


def _numbers(sentences: Sentences, at: int) -> list[list[int]] | None:
    """The numbers in a column, by sentence; None if it has anything else."""
    matches = [[_NUMBER.fullmatch(row[at]) for row in sentence] for sentence in sentences]
    if not all(map(all, matches)):
        return None
    return [[int(match[1]) for match in found if match] for found in matches]


def _are_counted(numbers: Sequence[Sequence[int]]) -> bool:
    """Whether numbers count the words of each sentence, from 0 or 1, in more than two rows."""
    if sum(map(len, numbers)) <= 2:
        return False
    return any(all(list(found) == _counted(start, found) for found in numbers) for start in (0, 1))


def _counted(start: int, numbers: Sequence[int]) -> list[int]:
    return list(range(start, start + len(numbers)))


def _are_ordered(numbers: Sequence[Sequence[int]]) -> bool:
    """Whether numbers never fall within a sentence, as those of words and of sentences do; one word shows nothing."""
    longer = [found for found in numbers if len(found) > 1]
    return bool(longer) and all(_rises(found) for found in longer)


def _rises(numbers: Sequence[int]) -> bool:
    return all(before <= after for before, after in pairwise(numbers))
