"""A small tagger that learns while a model writes: a log-linear model over hashed features.

See docs/decisions/first_drafts.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray

from gner.bio import OUTSIDE

_SIZE = 1 << 18
_SPREAD = 0x9E3779B1  # odd, so that tags keep their differences; puts those of a feature far from each other
_RATE = 0.2
_SURE = 0.02
"""Words whose tag has all but so much of the probability teach nothing new."""

Hashes = NDArray[np.uint32]
Weights = NDArray[np.float32]


class OnlineTagger:
    """Learns which tags a model writes for words, from their spelling, their neighbors and the tag before.

    Every pair of a feature and a tag has a weight, which is found by the hash of both: types come and go with the
    examples, memory stays the same. A sentence teaches once, by a step of gradient descent for all its words.

    Example:
        >>> tagger, tags = OnlineTagger(), ("O", "B-city")
        >>> for _ in range(3):
        ...     tagger.learn(["in", "Rome"], tags, ["O", "B-city"])
        >>> tagger.sentence(["to", "Oslo"], tags).rank(word=1, before="O")  # another word with a capital, at the end
        ['B-city', 'O']
        >>> tagger.sentence(["in", "Rome"], ("O", "B-club")).rank(word=1, before="O")[0] in ("O", "B-club")
        True
    """

    def __init__(self) -> None:
        self._weights: Weights = np.zeros(_SIZE, np.float32)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was learned yet."""
        return not self._weights.any()

    def sentence(self, words: Sequence[str], tags: Sequence[str]) -> SentenceTags:
        """What is expected in a sentence whose words may have these tags."""
        return SentenceTags(self._weights, tuple(words), tuple(tags))

    def learn(self, words: Sequence[str], tags: Sequence[str], written: Sequence[str]) -> None:
        """Learn what was written for the words of a sentence.

        Args:
            words: The words, W.
            tags: Those that they might have had.
            written: Those that they have, W; words with others teach nothing.
        """
        places = {tag: at for at, tag in enumerate(tags)}
        taught = [word for word, tag in enumerate(written) if tag in places]
        if not taught:
            return
        befores = [OUTSIDE, *written[:-1]]
        features = _features(tuple(words))
        sequence = [_after(words, word, befores[word]) for word in taught]
        hashes = np.concatenate([features[taught], np.stack(sequence)], axis=1)
        slots = _slots(hashes, tuple(tags))  # (W, F, tags)
        errors = _softmax(self._weights[slots].sum(axis=1))
        errors[np.arange(len(taught)), [places[written[word]] for word in taught]] -= 1
        wrong = np.abs(errors).max(axis=1) > _SURE
        slots, errors = slots[wrong], errors[wrong]
        steps = np.broadcast_to(-_RATE * errors[:, None, :], slots.shape)
        np.add.at(self._weights, slots.ravel(), steps.ravel())

    def state_dict(self) -> dict[str, Any]:
        """What was learned, 1 MiB."""
        return {"weights": torch.from_numpy(self._weights.copy())}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self._weights = state_dict["weights"].numpy().copy()


class SentenceTags:
    """The tags to expect in one sentence.

    Args:
        weights: Of all pairs of a feature and a tag.
        words: The words.
        tags: Those that they may have.
    """

    def __init__(self, weights: Weights, words: tuple[str, ...], tags: tuple[str, ...]) -> None:
        self._weights = weights
        self._words = words
        self._tags = tags
        self._scores = weights[_slots(_features(words), tags)].sum(axis=1)  # (W, tags)
        self._found: dict[tuple[int, str], tuple[list[int], float]] = {}

    def rank(self, word: int, before: str) -> list[str]:
        """All tags, the likeliest for a word after a tag first; as given where nothing is known."""
        return [self._tags[at] for at in self._find(word, before)[0]]

    def sureness(self, word: int, before: str) -> float:
        """How probable the likeliest tag is."""
        return self._find(word, before)[1]

    def _find(self, word: int, before: str) -> tuple[list[int], float]:
        """The places of the tags, the likeliest first, and the probability of the first one."""
        if (word, before) not in self._found:
            # most words come after one outside of entities; all at once that takes a third of the time
            words = range(len(self._words)) if before == OUTSIDE else [word]
            after = np.stack([_after(self._words, word, before) for word in words])
            scores = self._scores[words] + self._weights[_slots(after, self._tags)].sum(axis=1)
            orders = np.argsort(-scores, axis=1, kind="stable").tolist()
            sureness = _softmax(scores).max(axis=1).tolist()
            keys = [(word, before) for word in words]
            self._found |= dict(zip(keys, zip(orders, sureness, strict=True), strict=True))
        return self._found[word, before]


def _softmax(scores: Weights) -> Weights:
    exponents: Weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def _slots(features: Hashes, tags: tuple[str, ...]) -> Hashes:
    """Where the weights of features with each tag are, (..., tags)."""
    return (features[..., None] ^ _hashes_of(tags)) & np.uint32(_SIZE - 1)


@lru_cache(maxsize=1024)
def _hashes_of(tags: tuple[str, ...]) -> Hashes:
    return np.array([crc32(tag.encode()) * _SPREAD & 0xFFFFFFFF for tag in tags], np.uint32)


@lru_cache(maxsize=4096)
def _features(words: tuple[str, ...]) -> Hashes:
    """What the tag of each word may depend on, (W, F)."""
    padded = ["", "", *(word.lower() for word in words), "", ""]
    rows = []
    for at, word in enumerate(words):
        before_last, last, here, following, second = padded[at : at + 5]
        shape = shape_of(word)
        row = ["any", f"word {here}", f"last {last}", f"next {following}"]
        row += [f"shape {shape}", f"ending {here[-3:]}"]
        row += [f"last, word {last} {here}", f"word, next {here} {following}", f"around {last} {following}"]
        row += [f"last, shape {last} {shape}", f"last two {before_last} {last}", f"next two {following} {second}"]
        rows.append([_hash(feature) for feature in row])
    return np.array(rows, np.uint32)


def _after(words: Sequence[str], word: int, before: str) -> Hashes:
    """What the tag of a word may depend on together with the tag before, (F)."""
    return _after_word(words[word], words[word - 1].lower() if word else "", before)


@lru_cache(maxsize=1 << 14)
def _after_word(here: str, last: str, before: str) -> Hashes:
    parts = ("any", f"word {here.lower()}", f"shape {shape_of(here)}", f"last {last}")
    return np.array([_hash(f"after {before}: {part}") for part in parts], np.uint32)


def _hash(feature: str) -> int:
    """The same in all processes, unlike `hash`."""
    return crc32(feature.encode("utf-8", "surrogatepass"))


def shape_of(word: str) -> str:
    """Whether it starts with a capital, a small letter, a digit or something else, and whether there is a digit.

    Example:
        >>> shape_of("Rome"), shape_of("b2b"), shape_of("(")
        ('A', 'a0', '(')
    """
    first = word[:1]
    kind = "A" if first.isupper() else "a" if first.isalpha() else "0" if first.isdigit() else first
    return kind + ("0" if any(character.isdigit() for character in word) else "")
