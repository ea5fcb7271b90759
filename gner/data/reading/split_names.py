"""Finds the split in the name of a file, a folder or a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Split = Literal["train", "dev", "test"]
Kind = Literal["train", "dev", "test", "eval"]
"""What a name says: a split, or ``eval``, which is dev or test depending on the other names."""

_WORDS: dict[str, Kind] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("dev", "devel", "develop", "development", "valid", "validation", "val", "testa"), "dev"),
    **dict.fromkeys(("test", "testing", "testb", "tst"), "test"),
    **dict.fromkeys(("eval", "evaluation"), "eval"),
}
_SEPARATOR = r"[._\-\s]"
_LETTER = r"[^\W\d_]"
# What may follow the word, as in trainset, train_data and train2.
_FILLER = r"(?:sets?|data|dataset|corpus|files?|docs?|split|part)"
_NUMBER = r"(?:\d{1,2}(?!\d))?"
_BLANK = "\0"


def _pattern(kinds: Iterable[Kind], start: str, end: str) -> re.Pattern[str]:
    words = sorted((word for word, kind in _WORDS.items() if kind in kinds), key=len, reverse=True)
    return re.compile(f"{start}(?i:({'|'.join(words)})(?:{_SEPARATOR}*{_FILLER})*){end}{_NUMBER}")


_START, _END = f"(?<!{_LETTER})", f"(?!{_LETTER})"
_CASED_START = f"(?:{_START}|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Z][A-Z])(?=[a-z]))"
_PATTERNS = (
    _pattern(("train", "dev", "test"), _START, _END),
    # NCBItrainset, BC5CDRTest and trainA, but not TestSuite
    _pattern(("train", "dev", "test"), _CASED_START, f"(?:{_END}|[A-Z]{_END})"),
    _pattern(("eval",), _START, _END),  # last, for SemEval-train and eval-test; SemEval alone says nothing
)


def _found_in(name: str) -> tuple[re.Pattern[str], Kind] | None:
    """The pattern that finds a word in a name, and its kind; None without a word, or with words of several kinds."""
    for pattern in _PATTERNS:
        kinds = {_WORDS[match[1].lower()] for match in pattern.finditer(name)}
        if kinds:
            return (pattern, kinds.pop()) if len(kinds) == 1 else None
    return None


def kind_of(name: str) -> Kind | None:
    """What a name says about the split; None if it says nothing, or names two.

    Example:
        >>> kind_of("eng.testa"), kind_of("NCBItrainset_corpus.txt"), kind_of("news_eval.json")
        ('dev', 'train', 'eval')
        >>> kind_of("latest.json"), kind_of("trainer.json"), kind_of("train_test_split")
        (None, None, None)
    """
    found = _found_in(name)
    return None if found is None else found[1]


def split_of(name: str) -> Split | None:
    """The split in the name of a file, a folder or a table, whatever is beside it; None without any.

    Example:
        >>> split_of("train-00000-of-00002.parquet"), split_of("dev-v2.json"), split_of("eval.json")
        ('train', 'dev', 'dev')
        >>> split_of("wnut17train.conll"), split_of("TestSet1.txt"), split_of("contest.txt")
        ('train', 'test', None)
    """
    kind = kind_of(name)
    return "dev" if kind == "eval" else kind


def without_split(name: str) -> str:
    """A name without its split.

    Example:
        >>> without_split("news-train.v2"), without_split("news_trainset"), without_split("train1")
        ('news-v2', 'news', '')
    """
    return "-".join(part for part in _blanked(name) if part != _BLANK) if _found_in(name) else name


def differ_only_in_split(name: str, other: str) -> bool:
    """Whether two names are those of two splits, or of two files of one.

    Example:
        >>> differ_only_in_split("news-train.json", "news-dev.json"), differ_only_in_split("train.json", "dev.txt")
        (True, False)
    """
    parts = [[part.lower() for part in _blanked(one)] for one in (name, other)]
    return _BLANK in parts[0] and parts[0] == parts[1]


def _blanked(name: str) -> list[str]:
    """The parts of a name, with the word for the split left blank."""
    found = _found_in(name)
    text = name if found is None else found[0].sub(f".{_BLANK}.", name)
    return [part for part in re.split(_SEPARATOR, text) if part]
