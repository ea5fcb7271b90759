"""Results of inference: entities with character offsets, and what it took to find them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple, TypedDict

from gner.bio import OUTSIDE, inside, to_tags
from gner.inference.texts import WordedText
from gner.inference.windows import Window, merge
from gner.records import AlignmentReport, Entity


class EntityDict(TypedDict):
    """An entity in GLiNER's layout; ``start`` and the exclusive ``end`` are offsets of ``text`` in the whole text."""

    start: int
    end: int
    text: str
    label: str
    score: float


@dataclass(frozen=True)
class TextInfo:
    """Counts of what it took to label a text.

    Attributes:
        num_words: Words of the text.
        num_windows: Windows that the text was split into to fit into prompts.
        num_label_groups: Groups that the list of types was split into, for the same reason.
        num_too_long: Windows whose answer was truncated, and which were split in two and labelled again.
        num_unfinished: Windows whose generation did not end.
        num_below_threshold: Entities that were left out for their score.
        report: Alignment of the written words with those of the text, over all prompts.
    """

    num_words: int = 0
    num_windows: int = 0
    num_label_groups: int = 0
    num_too_long: int = 0
    num_unfinished: int = 0
    num_below_threshold: int = 0
    report: AlignmentReport = field(default_factory=AlignmentReport)

    def as_dict(self) -> dict[str, int]:
        """All nonzero counts, including those of the report.

        Example:
            >>> TextInfo(num_words=12, num_windows=2, report=AlignmentReport(omissions=1)).as_dict()
            {'num_words': 12, 'num_windows': 2, 'omissions': 1}
        """
        values: dict[str, Any] = asdict(self)
        values |= values.pop("report")
        return {name: value for name, value in values.items() if value}

    def with_window(self, window: TextInfo) -> TextInfo:
        """These counts, of a text, and those of another of its windows, or of the parts that it was split into.

        Example:
            >>> total = TextInfo(num_words=20, num_windows=1).with_window(TextInfo(num_words=12, num_windows=2))
            >>> total.as_dict()
            {'num_words': 20, 'num_windows': 3}
        """
        return replace(
            self,
            num_windows=self.num_windows + window.num_windows,
            num_too_long=self.num_too_long + window.num_too_long,
            num_unfinished=self.num_unfinished + window.num_unfinished,
            report=self.report + window.report,
        )

    def notable(self) -> dict[str, int]:
        """The nonzero counts that an ordinary text does not have.

        Example:
            >>> TextInfo(num_words=12, num_windows=1, report=AlignmentReport(omissions=1)).notable()
            {'omissions': 1}
        """
        common = ["num_words"]
        common += [name for name in ("num_windows", "num_label_groups") if getattr(self, name) <= 1]
        return {name: value for name, value in self.as_dict().items() if name not in common}


class Tagged(NamedTuple):
    """The entities of a text in word positions, sorted by start and without overlaps, and what it took to find them."""

    entities: list[Entity]
    info: TextInfo


class FoundWindows(NamedTuple):
    """What the windows of a text hold.

    Attributes:
        windows: In order.
        entities: Those of each window, in words of the text.
        ends: The exclusive end of each of the text's sentences, in words.
        info: What it took to find them.
    """

    windows: list[Window]
    entities: list[list[Entity]]
    ends: Sequence[int]
    info: TextInfo

    def merged(self) -> Tagged:
        """The entities of the text.

        Example:
            >>> parts = [[Entity(4, 6, "city", 0.9)], [Entity(4, 7, "city", 0.8)]]
            >>> FoundWindows([Window(0, 6), Window(3, 9)], parts, [9], TextInfo()).merged().entities
            [Entity(start=4, end=7, type='city', score=0.8)]
        """
        return Tagged(merge(self.windows, self.entities, frozenset(self.ends)), self.info)


class Entities(list[EntityDict]):
    """The entities of one text: a list of dicts sorted by start, with ``info``, ``to_hf()`` and ``to_displacy()``.

    Args:
        entities: The dicts.
        text: Their text, with its words.
        info: What it took to find them.

    Attributes:
        text: The text.
        info: What it took to find them.

    Example:
        >>> from gner.words import WordSplitter
        >>> text = WordedText.split("Ada saw New York.", WordSplitter())
        >>> tagged = Tagged([Entity(0, 1, "person", 0.4), Entity(2, 4, "city", 0.9)], TextInfo())
        >>> entities = Entities.of(text, tagged, {"person": "person", "city": "City"}, threshold=0.5)
        >>> entities, entities.info.num_below_threshold
        ([{'start': 8, 'end': 16, 'text': 'New York', 'label': 'City', 'score': 0.9}], 1)
    """

    def __init__(self, entities: Iterable[EntityDict], text: WordedText, info: TextInfo) -> None:
        super().__init__(entities)
        self._worded = text
        self.text = text.text
        self.info = info

    @staticmethod
    def of(text: WordedText, tagged: Tagged, names: Mapping[str, str], threshold: float) -> Entities:
        """Convert entities from word positions to offsets, and from types to the user's names.

        Args:
            text: The text.
            tagged: Its entities in word positions, and the info.
            names: The user's name of each type.
            threshold: Entities with a lower score are left out and counted.

        Example:
            >>> text = WordedText.join(["Ada", "slept"])
            >>> tagged = Tagged([Entity(0, 1, "person", score=None)], TextInfo(num_words=2))
            >>> Entities.of(text, tagged, {"person": "person"}, threshold=0.0)  # none of its words was written
            [{'start': 0, 'end': 3, 'text': 'Ada', 'label': 'person', 'score': 0.0}]
        """
        entities: list[EntityDict] = []
        for entity in tagged.entities:
            start, end = text.words[entity.start].start, text.words[entity.end - 1].end
            entities.append(
                {
                    "start": start,
                    "end": end,
                    "text": text.text[start:end],
                    "label": names[entity.type],
                    "score": entity.score or 0.0,
                }
            )
        return Entities(entities, text, tagged.info).above(threshold)

    def above(self, threshold: float) -> Entities:
        """The entities whose score is not below a threshold; the others are counted in ``info``.

        Example:
            >>> text = WordedText.join(["Ada", "slept"])
            >>> tagged = Tagged([Entity(0, 1, "person", 0.4)], TextInfo())
            >>> entities = Entities.of(text, tagged, {"person": "person"}, threshold=0.0)
            >>> entities.above(0.5), entities.above(0.5).info.num_below_threshold
            ([], 1)
        """
        kept = [entity for entity in self if entity["score"] >= threshold]
        num_below = self.info.num_below_threshold + len(self) - len(kept)
        return Entities(kept, self._worded, replace(self.info, num_below_threshold=num_below))

    def tags(self) -> list[str]:
        """IOB2 tags, one per word of the text; given words that are blank get O, unless they are inside an entity.

        Example:
            >>> text = WordedText.join(["New", "", "York", ""])
            >>> Entities.of(text, Tagged([Entity(0, 2, "city")], TextInfo()), {"city": "city"}, threshold=0).tags()
            ['B-city', 'I-city', 'I-city', 'O']
        """
        words = self._worded.words
        starts = {word.start: position for position, word in enumerate(words)}
        ends = {word.end: position + 1 for position, word in enumerate(words)}
        entities = [Entity(starts[entity["start"]], ends[entity["end"]], entity["label"]) for entity in self]
        tags = to_tags(entities, len(words))
        return tags if self._worded.given is None else _with_blanks(self._worded.given, tags)

    def to_hf(self) -> list[dict[str, Any]]:
        """As Hugging Face's ``pipeline("ner", aggregation_strategy="simple")`` returns them.

        Example:
            >>> text, tagged = WordedText.join(["New", "York"]), Tagged([Entity(0, 2, "city", 0.9)], TextInfo())
            >>> Entities.of(text, tagged, {"city": "city"}, threshold=0).to_hf()
            [{'entity_group': 'city', 'score': 0.9, 'word': 'New York', 'start': 0, 'end': 8}]
        """
        return [
            {
                "entity_group": entity["label"],
                "score": entity["score"],
                "word": entity["text"],
                "start": entity["start"],
                "end": entity["end"],
            }
            for entity in self
        ]

    def to_displacy(self) -> dict[str, Any]:
        """As ``spacy.displacy.render(…, style="ent", manual=True)`` takes them.

        Example:
            >>> text, tagged = WordedText.join(["New", "York"]), Tagged([Entity(0, 2, "city", 0.9)], TextInfo())
            >>> Entities.of(text, tagged, {"city": "city"}, threshold=0).to_displacy()
            {'text': 'New York', 'ents': [{'start': 0, 'end': 8, 'label': 'city'}], 'title': None}
        """
        ents = [{"start": entity["start"], "end": entity["end"], "label": entity["label"]} for entity in self]
        return {"text": self.text, "ents": ents, "title": None}


def _with_blanks(words: Sequence[str], tags: Iterable[str]) -> list[str]:
    """Insert tags for blank words; backwards, as a blank word is inside an entity if the next tag continues one."""
    known = iter(tags)
    found: list[str] = [next(known) if word.strip() else "" for word in words]
    following = OUTSIDE
    for position in reversed(range(len(found))):
        following = found[position] = found[position] or (following if following == inside(following) else OUTSIDE)
    return found
