"""A format of the tests' own: one question for each type, each answered with a list of strings."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence

from gner.bio import to_entities
from gner.prompting import END, AnswerGrammar, Format, ListItem, Query, Segment
from gner.prompting.listed import ListedEntity, place_listed
from gner.records import Aligner, Counts, Example, Prediction, TextRange
from tests.conftest import make_example

EXAMPLE = make_example(
    "Ada/B-person met/O Ada/B-person in/O New/B-place York/I-place", types=("person", "place", "car")
)


class QuestionFormat(Format):
    """Asks for the entities of each type by themselves.

    Args:
        conversation: Train on one conversation a sentence, with its questions in another order in each epoch, instead
            of each question by itself.
    """

    scorer = "questions"
    variants = ("questions_once",)

    def __init__(self, conversation: bool = False) -> None:
        self.conversation = conversation

    def queries(self, example: Example) -> list[Query]:
        """One for each type."""
        return [
            Query(f"{_text(example)} {_question(kind)}", _answer(_strings(example, kind))) for kind in example.types
        ]

    def training(self, example: Example, rng: random.Random) -> list[list[Segment]]:
        """The questions of a sentence in one sequence."""
        if not self.conversation:
            return super().training(example, rng)
        segments = [Segment(_text(example), False)]
        for kind in rng.sample(example.types, len(example.types)):
            segments.append(Segment(f" {_question(kind)}", False))
            segments.append(Segment(f" {_answer(_strings(example, kind))}{END}", True))
        return [segments]

    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        """Every occurrence of a string is an entity."""
        listed: list[ListedEntity] = []
        for place, (kind, text) in enumerate(zip(example.types, texts, strict=True)):
            end = 0
            for string in _parse(text):
                start = max(end, text.find(_escape(string), end))  # unless it is written with other escapes
                end = min(len(text), start + len(_escape(string)))
                listed.append(ListedEntity(string, kind, TextRange(place, start, end)))
        return place_listed(example, listed, "every occurrence")

    def grammars(self, example: Example) -> list[AnswerGrammar]:
        """A JSON list for each type."""
        items = [ListItem(kind, '"', '"', _escape) for kind in example.types]
        return [AnswerGrammar("[]", "[", (item,), ", ", "]") for item in items]

    def official_counts(self, example: Example, texts: Sequence[str], align: Aligner) -> Counts:
        """Strings of each question, repeats included, wherever they are."""
        gold, found = _counted(example, texts)
        return Counts((gold & found).total(), found.total(), gold.total())

    def variant_counts(self, example: Example, texts: Sequence[str]) -> tuple[Counts, ...]:
        """The same without repeats."""
        gold, found = _counted(example, texts)
        return (Counts(len(gold & found), len(found), len(gold)),)

    def longest_answer(self, example: Example) -> str:
        """All words, each a string of its own."""
        return _answer(list(example.words))


def _counted(example: Example, texts: Sequence[str]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Types and strings of the gold entities, and of those that were written."""
    gold: Counter[tuple[str, str]] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for kind, text in zip(example.types, texts, strict=True):
        gold.update((kind, string) for string in _strings(example, kind))
        found.update((kind, string) for string in _parse(text))
    return gold, found


def _text(example: Example) -> str:
    return f"Text: {' '.join(example.words)}"


def _question(kind: str) -> str:
    return f"What is {kind}?"


def _answer(strings: list[str]) -> str:
    return json.dumps(strings, ensure_ascii=False)


def _escape(string: str) -> str:
    return _answer([string])[2:-2]


def _strings(example: Example, kind: str) -> list[str]:
    entities = [entity for entity in to_entities(example.tags) if entity.type == kind]
    return [" ".join(example.words[entity.start : entity.end]) for entity in entities]


def _parse(text: str) -> list[str]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [item for item in items if isinstance(item, str)] if isinstance(items, list) else []
