"""Which entities to expect in a sentence, from what was read in a model's earlier answers.

For formats that list the strings of entities; see docs/decisions/speculative.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from math import log, log1p

from gner.bio import OUTSIDE, follows, inside, tags_of, to_entities
from gner.records import Entity, Example

_MOST_KEPT = 100_000
_ANY = "any"
_WORD, _SHAPE, _BEFORE, _TWO, _AFTER, _TAG, _TAG_BEFORE = "word", "shape", "before", "two", "after", "tag", "tag before"
_WEIGHTS = (1.0, 0.5, 0.2, 0.5, 0.7, 0.3)
_FEW_WORDS, _FEW_SHAPES = 0.3, 5.0
_EVERY = ""
_NOTHING: Counter[str] = Counter()


class EntityMemory:
    """Counts the tags of words, of words of a shape, beside certain words, and after certain tags.

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
        self._sentences: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self._known_shares: dict[tuple[str, tuple[str, ...]], dict[str, float]] = {}  # until something is learned

    def recall(self, example: Example) -> tuple[str, ...] | None:
        """The tags of a sentence that was seen, or None.

        Example:
            >>> memory, example = EntityMemory(), Example(("Rome",), ("O",), ("city",), "toy", "0")
            >>> memory.learn(example, ["B-city"])
            >>> memory.recall(example)
            ('B-city',)
        """
        return self._sentences.get(example.words)

    def learn(self, example: Example, tags: Sequence[str]) -> None:
        """Keep what was read for a sentence."""
        if len(self._sentences) >= _MOST_KEPT:
            self._sentences.clear()
            self._counts.clear()
        if self._sentences.get(example.words) == tuple(tags):
            return
        self._sentences[example.words] = tuple(tags)
        self._known_shares.clear()
        before = OUTSIDE
        for word, tag in enumerate(tags):
            shapes = ((_SHAPE, _EVERY), (_SHAPE, _shape(example.words[word])))
            for feature in (*shapes, *_features(example, word, before)):
                self._counts.setdefault(feature, Counter())[tag] += 1
            before = tag

    def scores(self, example: Example, word: int, before: str) -> dict[str, float]:
        """How likely each tag is for a word after a tag: naive Bayes with weights, as logarithms up to a constant.

        Args:
            example: Its words and types are used.
            word: Position of the word.
            before: The tag of the word before.
        """
        usual = self._shares(_EVERY, tuple(example.types))
        shaped = self._shares(_shape(example.words[word]), tuple(example.types))
        scores = {tag: log(share) for tag, share in shaped.items()}
        for weight, feature in zip(_WEIGHTS, _features(example, word, before), strict=True):
            shares, few = (shaped, _FEW_WORDS) if feature[0] == _WORD else (usual, 1.0)
            for tag, count in self._counts.get(feature, _NOTHING).items():
                if tag in scores:
                    scores[tag] += weight * log1p(count / (few * shares[tag]))
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
    """The entities to expect in one sentence.

    Args:
        memory: What was read before.
        example: Its words and types are used.

    Attributes:
        entities: In reading order.

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
        self._scores: dict[tuple[int, str], dict[str, float]] = {}
        self._claims: dict[int, str] = {}  # type by word
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
        """How much more likely than anything else it is that an entity of a type starts at a word; a logarithm."""
        scores = self._scores_of(start, self._tags[start - 1] if start else OUTSIDE)
        return scores[f"B-{entity_type}"] - max(scores.values())

    def likeliest(self, types: Sequence[str], words: Iterator[int] | Collection[int]) -> Entity | None:
        """The entity of one of some types, starting at one of some words, that is most likely; None without words.

        Example:
            >>> example = Example(("in", "rome", "or", "Oslo"), ("O",) * 4, ("city",), "toy", "0")
            >>> memory = EntityMemory()
            >>> memory.learn(Example(("to", "Oslo"), ("O", "O"), ("city",), "toy", "1"), ["O", "B-city"])
            >>> EntityGuesses(memory, example).likeliest(["city"], range(4))
            Entity(start=3, end=4, type='city', score=None)
        """
        best: tuple[bool, float, int] | None = None
        found: Entity | None = None
        for word in words:
            for entity_type in types:
                is_free = self._claims.get(word, entity_type) == entity_type
                value = (is_free, self.margin(word, entity_type), -word)
                if best is None or value > best:
                    best, found = value, Entity(word, word + 1, entity_type)
        return None if found is None else replace(found, end=self.end(found.start, found.type))

    def end(self, start: int, entity_type: str, least: int = 0) -> int:
        """Where an entity ends that starts at a word.

        Args:
            start: Its first word.
            entity_type: Its type.
            least: It ends there or later.
        """
        least = max(least, start + 1)
        for entity in self.entities:
            if entity.start == start and entity.end >= least and entity.type == entity_type:
                return entity.end
        end, before, goes_on = start + 1, f"B-{entity_type}", f"I-{entity_type}"
        while end < len(self._example.words):
            scores = self._scores_of(end, before)
            if end >= least and scores[goes_on] <= max(score for tag, score in scores.items() if tag != goes_on):
                break
            end, before = end + 1, inside(before)
        return end


def _features(example: Example, word: int, before: str) -> tuple[tuple[str, str], ...]:
    words = ["", "", *map(str.lower, example.words), ""]
    last_but_one, last, own, following = words[word : word + 4]
    beside = ((_BEFORE, last), (_TWO, f"{last_but_one} {last}"), (_AFTER, following))
    return ((_WORD, own), *beside, (_TAG, before), (_TAG_BEFORE, f"{before} {last}"))


def _shape(word: str) -> str:
    """Whether it starts with a capital, a small letter, a digit or something else, and whether there is a digit."""
    first = word[:1]
    kind = "A" if first.isupper() else "a" if first.isalpha() else "0" if first.isdigit() else first
    return kind + ("0" if any(character.isdigit() for character in word) else "")
