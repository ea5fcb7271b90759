"""Reads CoNLL-U with tags in its tenth column, as in ``NER=B-person|SpaceAfter=No``.

The format is described at universaldependencies.org/format.html. Tags in a column of their own are CoNLL's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

from gner.bio import OUTSIDE
from gner.data.annotations.read_report import Kind
from gner.data.annotations.schemes import sentence_of_rows
from gner.data.annotations.spans import Options, Tagged
from gner.data.annotations.tag_syntax import LOOSE_TAG
from gner.data.reading.file_format import FileFormat, Opened, Sample
from gner.data.reading.text_files import read_lines
from gner.errors import UserError

_KEYS = ("ner", "ner_tag", "name", "ne", "iob", "entity", "ent")
"""In MISC, in lower case: ``NER`` and ``ner`` (Stanza), ``name`` (NorNE), ``NE`` and others."""
_ID = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+)|(?P<empty>\.\d+))?")
_WIDTH = 10
_HIDDEN = "_"


class _Line(NamedTuple):
    """A word, a multi-word token (``2-3``) or an empty node (``2.1``); without ``tag`` in MISC that is None."""

    number: int
    first: int
    last: int
    is_empty: bool
    form: str
    tag: str | None

    @property
    def inner(self) -> set[int]:
        """The numbers of its words."""
        return set() if self.is_empty else set(range(self.first, self.last + 1))

    @property
    def is_word(self) -> bool:
        """Whether it is a single word."""
        return len(self.inner) == 1


class ConllU(FileFormat):
    """CoNLL-U with tags in MISC.

    A multi-word token stands for its words if only the token has a tag; otherwise they are read, and not the token.
    Empty nodes are no words.
    """

    name = "conllu"
    title = "CoNLL-U"

    def __init__(self) -> None:
        self._key: str | None = None

    def recognizes(self, sample: Sample) -> float:
        """Whether most lines are CoNLL-U's, and some have a tag or a mention in MISC."""
        rows = [line.split("\t") for line in sample.lines if line.strip() and not line.startswith("#")]
        full = [row for row in rows if len(row) == _WIDTH and _ID.fullmatch(row[0])]
        if len(full) * 2 <= len(rows) or sample.columns.get("tags", "").isdecimal():
            return 0.0
        values = [_features(row[-1]) for row in full]
        return float(_find_key(values, sample.columns) is not None or any(map(_mention, values)))

    def open(self, parts: dict[str, list[Path]], columns: Mapping[str, str]) -> Opened:
        """Settle the key of tags from the beginnings of all files; see the base class.

        Raises:
            UserError: MISC has no tags, or only the mentions of CorefUD.
        """
        samples = [Sample(path, columns) for path in chain.from_iterable(parts.values())]
        self._key = _settled_key({sample.path: sample.lines for sample in samples}, columns)
        return Opened(self, dict(parts), f"{self.title} (tags in `{self._key}` of column {_WIDTH})")

    def read(self, path: Path, options: Options) -> Iterator[Tagged]:
        """Read a file; see the base class."""
        lines = read_lines(path)
        key = self._key or _settled_key({path: lines}, options.columns)
        numbered = [(at, line) for at, line in enumerate(lines, start=1) if not line.startswith("#")]
        for has_words, group in groupby(numbered, key=lambda pair: bool(pair[1].strip())):
            if has_words:
                words = list(_words([_parse(f"{path}:{at}", at, line, key) for at, line in group], path, options))
                if words:
                    yield sentence_of_rows(path, words)


def _features(misc: str) -> dict[str, str]:
    """The keys and values of MISC; the first value of a key that occurs twice.

    Example:
        >>> _features("NER=B-person|SpaceAfter=No"), _features("_")
        ({'NER': 'B-person', 'SpaceAfter': 'No'}, {})
    """
    found: dict[str, str] = {}
    for feature in misc.split("|"):
        key, sign, value = feature.partition("=")
        if sign:
            found.setdefault(key.strip(), value.strip())
    return found


def _find_key(values: Sequence[Mapping[str, str]], columns: Mapping[str, str]) -> str | None:
    """The first known key whose values are tags, not only ``O``, or ``columns.tags`` if it occurs; None without any."""
    names = dict.fromkeys(chain.from_iterable(values))
    if "tags" in columns:
        return columns["tags"] if columns["tags"] in names else None
    known = sorted((name for name in names if name.lower() in _KEYS), key=lambda name: _KEYS.index(name.lower()))
    tags = {name: {one[name] for one in values if name in one} for name in known}
    fitting = [name for name in known if all(map(LOOSE_TAG.fullmatch, tags[name]))]
    return max(fitting, key=lambda name: bool(tags[name] - {OUTSIDE}), default=None)


def _mention(features: Mapping[str, str]) -> str:
    """The mention of CorefUD that starts or ends at a word; empty without one."""
    value = features.get("Entity", "")
    return value if value.startswith("(") or value.endswith(")") else ""


def _settled_key(files: Mapping[Path, Sequence[str]], columns: Mapping[str, str]) -> str:
    rows = [line.split("\t") for line in chain.from_iterable(files.values()) if not line.startswith("#")]
    values = [_features(row[-1]) for row in rows if len(row) == _WIDTH]
    key = _find_key(values, columns)
    if key is not None:
        return key
    mention = next(filter(None, map(_mention, values)), "")
    found = f"the mention `Entity={mention}` of CorefUD, which may be within another" if mention else "none"
    raise UserError(
        f"{next(iter(files))}: expected tags in column {_WIDTH}, such as `NER=B-person` ({', '.join(_KEYS)}), found "
        f"{found}. Write the tag of each word there, of the longest mention where there are several, or set `columns`, "
        "for example to {tags: MyKey}."
    )


def _parse(place: str, number: int, line: str, key: str) -> _Line:
    row = line.split("\t")
    match = _ID.fullmatch(row[0])
    if len(row) != _WIDTH or match is None or not row[1].strip():
        raise UserError(
            f"{place}: expected {_WIDTH} columns separated by tabs, with a number (1, 1-2 or 1.1) and a word, found "
            f"{line[:80]!r}."
        )
    first, last = int(match["first"]), int(match["last"] or match["first"])
    return _Line(number, first, last, match["empty"] is not None, row[1], _features(row[-1]).get(key))


def _words(lines: Sequence[_Line], path: Path, options: Options) -> Iterator[tuple[int, str, str]]:
    """The line, form and tag of each word of a sentence; other tags are reported."""
    if len(lines) > 1 and {line.form for line in lines} == {_HIDDEN}:
        raise UserError(
            f"{path}:{lines[0].number}: expected words, found only `_`, as in treebanks whose text is not free. Add "
            "the text with the script of the treebank."
        )
    tokens = _tagged_tokens(lines)
    covered = set(chain.from_iterable(token.inner for token in tokens))
    for line in lines:
        if line in tokens or (line.is_word and line.first not in covered):
            yield line.number, line.form, line.tag or OUTSIDE
        elif line.tag not in (None, OUTSIDE):
            kind: Kind = "empty" if line.is_empty else "unused"
            options.report.add(kind, f"{path}:{line.number}", f"`{line.form}` ({line.tag})")


def _tagged_tokens(lines: Sequence[_Line]) -> list[_Line]:
    """The multi-word tokens that have a tag while their words have none."""
    tagged = [line for line in lines if line.tag is not None]
    words = {line.first for line in tagged if line.is_word}
    return [line for line in tagged if len(line.inner) > 1 and not line.inner & words]
