"""Which entities to expect in a sentence, from what was read in a model's earlier answers.

For formats that list the strings of entities; see docs/decisions/speculative.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from math import log, log1p

from gner.bio import OUTSIDE, follows, tags_of, to_entities
from gner.decoding.online_tagger import shape_of
from gner.records import Entity, Example

_MOST_KEPT = 100_000
_WORD, _SHAPE, _BEFORE, _TWO_BEFORE, _AFTER, _TAG, _TAG_AND_WORD = range(7)
_WEIGHTS = {_WORD: 1.0, _BEFORE: 0.5, _TWO_BEFORE: 0.2, _AFTER: 0.5, _TAG: 0.7, _TAG_AND_WORD: 0.3}
_FEW_WORDS, _FEW_SHAPES = 0.3, 5.0
"""How often a word or a shape must have been seen to weigh as much as what is known without it; once for others."""
_EVERY = ""
_NOTHING: Counter[str] = Counter()


class EntityMemory:
    """Counts the tags of words, of words of a shape, beside other words, and after other tags.

    In training, each validation begins with what the last one found.

    Example:
        >>> memory = EntityMemory()
        >>> memory.learn(Example(("in", "Rome"), ("O", "O"), ("city",), "toy", "0"), ["O", "B-city"])
        >>> unseen = Example(("in", "Oslo"), ("O", "O"), ("city",), "toy", "1")
        >>> scores = memory.scores(unseen, word=1, before="O")
        >>> max(scores, key=scores.__getitem__)
        'B-city'
    """

    def __init__(self) -> None:
        self._sentences: dict[tuple[tuple[str, ...], ...], tuple[str, ...]] = {}  # by words and types
        self._counts: dict[tuple[int, str], Counter[str]] = {}
        self._known_shares: dict[tuple[str, tuple[str, ...]], dict[str, float]] = {}  # until something is learned

    @property
    def is_empty(self) -> bool:
        """Whether nothing was learned yet."""
        return not self._counts

    def recall(self, example: Example) -> tuple[str, ...] | None:
        """The tags of a sentence that was seen with these types, or None.

        Example:
            >>> memory, example = EntityMemory(), Example(("Rome",), ("O",), ("city",), "toy", "0")
            >>> memory.learn(example, ["B-city"])
            >>> memory.recall(example)
            ('B-city',)
        """
        return self._sentences.get((example.words, example.types))

    def learn(self, example: Example, tags: Sequence[str]) -> None:
        """Keep what was read for a sentence, in the place of what was read for it and its types before."""
        if len(self._sentences) >= _MOST_KEPT:
            self._sentences.clear()
            self._counts.clear()
        known = self._sentences.get((example.words, example.types))
        if known == tuple(tags):
            return
        if known is not None:
            self._count(example, known, -1)
        self._sentences[example.words, example.types] = tuple(tags)
        self._count(example, tags, 1)
        self._known_shares.clear()

    def _count(self, example: Example, tags: Sequence[str], step: int) -> None:
        before = OUTSIDE
        for word, tag in enumerate(tags):
            features = _features(example, word, before) | {_SHAPE: shape_of(example.words[word])}
            for feature in ((_SHAPE, _EVERY), *features.items()):
                self._counts.setdefault(feature, Counter())[tag] += step
            before = tag

    def scores(self, example: Example, word: int, before: str) -> dict[str, float]:
        """How likely each tag is for a word after a tag: naive Bayes with weights, as logarithms up to a constant.

        Args:
            example: Its words and types are used.
            word: Position of the word.
            before: The tag of the word before.
        """
        usual = self._shares(_EVERY, example.types)
        shaped = self._shares(shape_of(example.words[word]), example.types)
        scores = {tag: log(share) for tag, share in shaped.items()}
        for kind, value in _features(example, word, before).items():
            shares, few = (shaped, _FEW_WORDS) if kind == _WORD else (usual, 1.0)
            for tag, count in self._counts.get((kind, value), _NOTHING).items():
                if tag in scores:
                    scores[tag] += _WEIGHTS[kind] * log1p(count / (few * shares[tag]))
        return scores

    def _shares(self, shape: str, types: tuple[str, ...]) -> dict[str, float]:
        """The share of each tag among all words of a shape."""
        if (shape, types) not in self._known_shares:
            tags = tags_of(types)
            usual = dict.fromkeys(tags, 1 / len(tags)) if shape == _EVERY else self._shares(_EVERY, types)
            few = 1.0 if shape == _EVERY else _FEW_SHAPES
            counts = self._counts.get((_SHAPE, shape), _NOTHING)
            total = counts.total() + few
            self._known_shares[shape, types] = {tag: (counts[tag] + few * usual[tag]) / total for tag in tags}
        return self._known_shares[shape, types]


class EntityGuesses:
    """The entities to expect in one sentence. They cost or save time, and decide nothing.

    Args:
        memory: What was read before.
        example: Its words and types are used.

    Attributes:
        entities: In reading order.
        is_blind: Whether nothing is known of any sentence yet.

    Example:
        >>> memory = EntityMemory()
        >>> memory.learn(Example(("in", "Rome"), ("O", "O"), ("city", "club"), "toy", "0"), ["O", "B-city"])
        >>> guesses = EntityGuesses(memory, Example(("near", "Rome"), ("O", "O"), ("city", "club"), "toy", "1"))
        >>> guesses.entities
        [Entity(start=1, end=2, type='city', score=None)]
    """

    def __init__(self, memory: EntityMemory, example: Example) -> None:
        self._memory = memory
        self._example = example
        self.is_blind = memory.is_empty
        self._scores: dict[tuple[int, str], dict[str, float]] = {}
        self._claims: dict[int, str] = {}  # the type that an answer has at a word
        self._tags = memory.recall(example) or self._guess()
        self.entities = [entity for entity in to_entities(self._tags) if entity.type in example.types]

    def _scores_of(self, word: int, before: str) -> dict[str, float]:
        if (word, before) not in self._scores:
            self._scores[word, before] = self._memory.scores(self._example, word, before)
        return self._scores[word, before]

    def _guess(self) -> tuple[str, ...]:
        tags: list[str] = []
        before = OUTSIDE
        for word in range(len(self._example.words)):
            scores = self._scores_of(word, before)
            before = max((tag for tag in scores if follows(before, tag)), key=scores.__getitem__)
            tags.append(before)
        return tuple(tags)

    def claim(self, entity: Entity) -> None:
        """Note that an answer has an entity, so that others about the sentence need not."""
        self._claims.update(dict.fromkeys(range(entity.start, entity.end), entity.type))

    def is_free(self, entity: Entity) -> bool:
        """Whether no answer has an entity of another type there.

        Example:
            >>> example = Example(("in", "Rome"), ("O", "O"), ("city", "club"), "toy", "0")
            >>> guesses = EntityGuesses(EntityMemory(), example)
            >>> guesses.claim(Entity(1, 2, "city"))
            >>> guesses.is_free(Entity(1, 2, "club")), guesses.is_free(Entity(1, 2, "city"))
            (False, True)
        """
        words = range(entity.start, entity.end)
        return all(self._claims.get(word, entity.type) == entity.type for word in words)

    def margin(self, start: int, entity_type: str) -> float:
        """How much more likely it is than anything else that an entity of a type starts at a word; a logarithm."""
        scores = self._scores_of(start, self._tags[start - 1] if start else OUTSIDE)
        begins = f"B-{entity_type}"
        return scores[begins] - max(score for tag, score in scores.items() if tag != begins)

    def likeliest(self, types: Sequence[str], words: Iterable[int]) -> Entity | None:
        """The most likely of the entities that have one of some types and start at one of some words.

        Those that no answer has at a word with another type come first.

        Example:
            >>> example = Example(("in", "Rome", "or", "Oslo"), ("O",) * 4, ("city",), "toy", "0")
            >>> memory = EntityMemory()
            >>> memory.learn(Example(("or", "Oslo"), ("O", "O"), ("city",), "toy", "1"), ["O", "B-city"])
            >>> EntityGuesses(memory, example).likeliest(["city"], range(4))
            Entity(start=3, end=4, type='city', score=None)
        """
        starts = [Entity(word, word + 1, entity_type) for word, entity_type in product(words, types)]
        if not starts:
            return None
        best = max(starts, key=lambda entity: (self.is_free(entity), self.margin(entity.start, entity.type)))
        return replace(best, end=self.end(best.start, best.type))

    def end(self, start: int, entity_type: str, least: int = 0, patience: float = 0.0) -> int:
        """Where an entity ends that starts at a word.

        Args:
            start: Its first word.
            entity_type: Its type.
            least: It ends there or later.
            patience: It goes on where the likeliest tag is more likely by as much; a logarithm.

        Example:
            >>> example, memory = Example(("New", "York"), ("O", "O"), ("city",), "toy", "0"), EntityMemory()
            >>> guesses = EntityGuesses(memory, example)
            >>> guesses.end(0, "city"), guesses.end(0, "city", patience=1.0)
            (1, 2)
        """
        end, before, goes_on = start + 1, f"B-{entity_type}", f"I-{entity_type}"
        while end < len(self._example.words):
            scores = self._scores_of(end, before)
            others = max(score for tag, score in scores.items() if tag != goes_on)
            if end >= least and scores[goes_on] + patience <= others:
                break
            end, before = end + 1, goes_on
        return end


def _features(example: Example, word: int, before: str) -> dict[int, str]:
    """What the tag of a word may depend on."""
    around = [text.lower() for text in example.words[max(0, word - 2) : word + 2]]
    around = [""] * (2 - word) + around + [""]
    features = {_WORD: around[2], _BEFORE: around[1], _TWO_BEFORE: f"{around[0]} {around[1]}", _AFTER: around[3]}
    return features | {_TAG: before, _TAG_AND_WORD: f"{before} {around[1]}"}
