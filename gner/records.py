"""The records that travel through the system; they need no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, fields
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence with its gold tags.

    Attributes:
        words: Source words, W strings.
        tags: IOB2 tags, one per word.
        types: Entity types that the prompt offers, in prompt order.
        dataset: Name of the dataset that the sentence comes from.
        id: Position of the sentence in its file, from 0, as text.
        source: ``file:line`` of its first word, for messages.
        descriptions: What types mean, in pairs of a type and a sentence or phrase; types may be left out.

    Example:
        >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person", "place"), dataset="toy", id="0")
        >>> list(zip(example.words, example.tags))
        [('Ada', 'B-person'), ('slept', 'O')]
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    types: tuple[str, ...]
    dataset: str
    id: str
    source: str = ""
    descriptions: tuple[tuple[str, str], ...] = ()


class TaggedWord(NamedTuple):
    """A word that a model wrote, with the tag that it wrote after it."""

    word: str
    tag: str


@dataclass(frozen=True, slots=True)
class Entity:
    """Words ``start`` (inclusive) to ``end`` (exclusive) are an entity of one type.

    Attributes:
        score: Probability in [0, 1] of the tags of its words, or None where none was computed.

    Example:
        >>> words = ("Ada", "saw", "New", "York")
        >>> city = Entity(2, 4, "city", score=0.9)
        >>> words[city.start : city.end]
        ('New', 'York')
    """

    start: int
    end: int
    type: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """What the model wrote for one prompt.

    Attributes:
        token_ids: Written tokens without padding, the end token included if there is one.
        text: The decoded tokens without special tokens; where a strategy forces words, these as they are in the
            sentence, also if the tokenizer cannot spell them.
        token_log_probs: Log-probability of each of ``token_ids`` given all that came before it; empty if a strategy
            that sets ``entities`` did not compute it.
        finished: False if the length limit truncated the text (a runaway).
        entities: Entities with scores, set by the strategy; None derives scores from token probabilities.

    Example:
        >>> cut = Generation(token_ids=[7, 8], text="Ada(B-per", token_log_probs=[-0.1, -0.2], finished=False)
        >>> cut.finished, cut.entities is None  # scores come from the log-probabilities
        (False, True)
    """

    token_ids: list[int]
    text: str
    token_log_probs: list[float]
    finished: bool
    entities: tuple[Entity, ...] | None = None


@dataclass(frozen=True, slots=True)
class AlignmentReport:
    """What it took to lay written words on the source words; every field is a count.

    Attributes:
        omissions: Source words that were not written.
        additions: Written words that no source word accounts for.
        substitutions: Source words with another word written in their place.
        unknown_tags: Written tags whose type is not among the example's; they became O.
        repaired_tags: Tags changed to make valid IOB2.
        unparsed: Characters that belong to no ``word(tag)`` pair.
        unplaced: Strings, of formats that write those of entities, that occur nowhere among the source words.

    Example:
        >>> total = AlignmentReport(omissions=1) + AlignmentReport(omissions=2, unparsed=7)
        >>> total.omissions, total.unparsed
        (3, 7)
    """

    omissions: int = 0
    additions: int = 0
    substitutions: int = 0
    unknown_tags: int = 0
    repaired_tags: int = 0
    unparsed: int = 0
    unplaced: int = 0

    def __add__(self, other: AlignmentReport) -> AlignmentReport:
        return AlignmentReport(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


class Alignment(NamedTuple):
    """One tag per source word, and the report of how each came by it.

    Attributes:
        tags: W tags.
        report: What it took.
        origins: For each source word the position of the written pair that its tag is from, None for one that was not
            written; empty where that is not known.

    Example:
        >>> from gner.alignment import RobustAligner
        >>> alignment = RobustAligner()(["a", "b", "c"], [("a", "O"), ("c", "B-letter")])
        >>> alignment.tags, alignment.origins, alignment.report.omissions
        (('O', 'O', 'B-letter'), (0, None, 1), 1)
    """

    tags: tuple[str, ...]
    report: AlignmentReport
    origins: tuple[int | None, ...] = ()


Aligner = Callable[[Sequence[str], Sequence[tuple[str, str]]], Alignment]
"""Lays written words, in pairs of word and tag such as `TaggedWord`, on the W source words.

Gives W tags for any words, never raises, and takes the tags as they are: ``O``, ``B-<type>`` or ``I-<type>``.
"""


class Counts(NamedTuple):
    """What precision, recall and F1 are made of.

    Example:
        >>> Counts(num_correct=1.5, num_predicted=3, num_gold=2)  # a half: a partial match
        Counts(num_correct=1.5, num_predicted=3, num_gold=2)
    """

    num_correct: float
    num_predicted: int
    num_gold: int

    @staticmethod
    def of_sets(gold: Set[object], predicted: Set[object]) -> Counts:
        """Counts of what can be right or wrong once only.

        Example:
            >>> Counts.of_sets({"Ada", "Bob"}, {"Ada", "Eve", "Rex"})
            Counts(num_correct=1, num_predicted=3, num_gold=2)
        """
        return Counts(len(gold & predicted), len(predicted), len(gold))


class TextRange(NamedTuple):
    """Where something is in the texts that a model wrote for an example.

    Attributes:
        text: Which of the texts, from 0.
        start: Its first character.
        end: Exclusive.

    Example:
        >>> place = TextRange(text=1, start=2, end=5)
        >>> ["[]", '["Ada"]'][place.text][place.start : place.end]
        'Ada'
    """

    text: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """Tags for the source words of one example.

    Attributes:
        tags: Valid IOB2, one per source word.
        entities: The entities that ``tags`` spell.
        report: What alignment and repair had to do.
        places: For each source word the half-open range of characters of its tag in the text, without brackets; None
            for a word that was not written. Empty where that is not known.
        written: For each of ``entities`` where it was written, by formats that write the strings of entities; empty for
            others.
        official: What the published scorer of the format counts, where it has one and was asked.
        variants: The same for each of the other ways to count that the format names.
        generations: What was written, one for each query; empty where nothing was.

    Example:
        >>> from gner.alignment import PostProcessor
        >>> from gner.prompting import GnerFormat
        >>> example = Example(("Ada", "slept"), ("O", "O"), ("person",), "toy", "0")
        >>> text = "Ada(B-person) slept(O)"
        >>> prediction = PostProcessor(GnerFormat())(example, [text])
        >>> prediction.entities, [text[start:end] for start, end in prediction.places]
        ((Entity(start=0, end=1, type='person', score=None),), ['B-person', 'O'])
    """

    tags: tuple[str, ...]
    entities: tuple[Entity, ...]
    report: AlignmentReport
    places: tuple[tuple[int, int] | None, ...] = ()
    written: tuple[TextRange, ...] = ()
    official: Counts | None = None
    variants: tuple[Counts, ...] = ()
    generations: tuple[Generation, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether every text came to an end of its own."""
        return all(generation.finished for generation in self.generations)
