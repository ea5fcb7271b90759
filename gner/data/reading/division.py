"""Divides the sentences of a source into train, dev and test.

A sentence's part depends on its words and the seed alone, not on its place, the process or the random state; see
docs/decisions/division.md.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

from gner.data.annotations.spans import Sentence
from gner.data.reading.split_names import Split, split_of
from gner.errors import UserError, did_you_mean

_KEYS = (*get_args(Split), "seed")
_TOLERANCE = 1e-6


class Divided(NamedTuple):
    """Positions of the sentences of each part, in order, and of those left out as another part has them too."""

    parts: dict[Split, list[int]]
    repeated: list[int]


def parse_split(text: str | None) -> str | dict[str, float] | None:
    """The `split` of a source from a command line.

    Raises:
        UserError: A fraction is no number.

    Example:
        >>> parse_split("train"), parse_split("dev=0.1,test=0.1")
        ('train', {'dev': 0.1, 'test': 0.1})
    """
    if text is None or "=" not in text:
        return text
    shares: dict[str, float] = {}
    for pair in text.split(","):
        name, _, share = pair.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            raise UserError(f"Expected fractions such as dev=0.1,test=0.1, got `{text}`. Set --split.") from None
    return shares


def check_shares(path: str, shares: Mapping[str, float]) -> None:
    """Check the fractions of a source's `split`.

    Raises:
        UserError: A key is unknown, or the fractions do not divide a source.

    Example:
        >>> check_shares("news.json", {"val": 0.1})
        Traceback (most recent call last):
            ...
        gner.errors.UserError: news.json: expected fractions of dev and test as `split`, got `val`. Did you mean `dev`?
    """
    for key in shares:
        if key not in _KEYS:
            split = split_of(key)
            hint = f" Did you mean `{split}`?" if split else did_you_mean(key, _KEYS)
            raise UserError(f"{path}: expected fractions of dev and test as `split`, got `{key}`.{hint}")
    seed = shares.get("seed", 0)
    if seed < 0 or seed != int(seed):
        raise UserError(f"{path}: expected a whole number >= 0 as `seed` of `split`, got {seed}.")
    fractions = {key: share for key, share in shares.items() if key != "seed"}
    total = sum(fractions.values())
    is_whole = abs(total - 1) < _TOLERANCE if "train" in fractions else total < 1
    if not is_whole or min(fractions.values(), default=0) <= 0 or not fractions.keys() - {"train"}:
        raise UserError(
            f"{path}: expected `split` to have fractions of dev, test or both that are > 0 and together < 1, such as "
            f"{{dev: 0.1, test: 0.1}}; with train they add up to 1. Got {dict(shares)}."
        )


def divide(sentences: Sequence[Sentence], shares: Mapping[str, float]) -> Divided:
    """Divide sentences into parts; those of one text stay together.

    Texts are sorted by a hash of their words, and cut where the shares are reached. So repeated ones are on one side,
    and of a source that grows, few sentences change sides. A sentence of train that dev or test have too, or of dev
    that test has, is left out: texts that differ may share a heading.

    Args:
        sentences: All sentences of the source.
        shares: Fractions of sentences that go to dev and test, and optionally the ``seed`` of the hash.

    Example:
        >>> sentences = [Sentence((word,), ("O",), f"a.conll:{word}") for word in "123456789"] * 2
        >>> parts = divide(sentences, {"dev": 0.2}).parts
        >>> {split: [sentences[position].words[0] for position in found] for split, found in parts.items()}
        {'dev': ['8', '9', '8', '9'], 'train': ['1', '2', '3', '4', '5', '6', '7', '1', '2', '3', '4', '5', '6', '7']}
    """
    texts = [_text(sentence) for sentence in sentences]
    groups = _groups(sentences, texts, int(shares.get("seed", 0)))
    limits = _limits(shares, len(sentences))
    parts: dict[Split, list[int]] = {split: [] for split in limits}
    num_before = 0
    for key in sorted(groups):
        middle = num_before + len(groups[key]) / 2
        parts[next(split for split, limit in limits.items() if middle <= limit)] += groups[key]
        num_before += len(groups[key])
    return _without_repeated(parts, texts)


def _text(sentence: Sentence) -> str:
    """The words, so that sentences which differ only in case or width of letters are the same."""
    return unicodedata.normalize("NFKC", " ".join(sentence.words)).casefold()


def _groups(sentences: Sequence[Sentence], texts: Sequence[str], seed: int) -> dict[bytes, list[int]]:
    """Positions of the sentences of each text, by a hash; texts with the same words are one."""
    documents: dict[str | int, list[int]] = {}
    for position, sentence in enumerate(sentences):
        documents.setdefault(sentence.document or position, []).append(position)
    groups: dict[bytes, list[int]] = {}
    for positions in documents.values():
        content = "\n".join([str(seed), *(texts[position] for position in positions)])
        digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()
        groups.setdefault(digest, []).extend(positions)
    return groups


def _limits(shares: Mapping[str, float], number: int) -> dict[Split, float]:
    """Up to which sentence each part goes, in the order of hashes.

    Test comes first, so that it does not depend on the share of dev.
    """
    test, dev = shares.get("test", 0.0), shares.get("dev", 0.0)
    limits: dict[Split, float] = {"test": test * number, "dev": (test + dev) * number, "train": number}
    return {split: limit for split, limit in limits.items() if split == "train" or split in shares}


def _without_repeated(parts: Mapping[Split, Sequence[int]], texts: Sequence[str]) -> Divided:
    """Leave out what an earlier part, in the order of `_limits`, has too."""
    seen: set[str] = set()
    kept: dict[Split, list[int]] = {}
    repeated: list[int] = []
    for split, positions in parts.items():
        kept[split] = sorted(position for position in positions if texts[position] not in seen)
        repeated += [position for position in positions if texts[position] in seen]
        seen.update(texts[position] for position in positions)
    return Divided(kept, sorted(repeated))
