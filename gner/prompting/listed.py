"""Answers that list the strings of entities: how they are written, and how what was read becomes a prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gner.alignment.strings import Rule, place_strings
from gner.bio import to_entities
from gner.records import AlignmentReport, Example, Prediction, TextRange


class ListItem(NamedTuple):
    """How one entity is written in an answer.

    Attributes:
        type: Its type.
        before: Text before its string.
        after: Text after it.
        escape: How its string is written; character by character, so that the string of a part is a part of what is
            written for the whole.

    Example:
        >>> item = ListItem("person", 'Person("', '")', lambda string: string.replace('"', "'"))
        >>> item.before + item.escape('The "Boss"') + item.after
        'Person("The \\'Boss\\'")'
    """

    type: str
    before: str
    after: str
    escape: Callable[[str], str]


class AnswerGrammar(NamedTuple):
    """All right answers to one query: ``empty``, or ``start``, items with ``separator`` between them, and ``end``.

    Attributes:
        empty: The answer where there is no entity.
        start: Text before the first item.
        items: The ways to write an entity: one or more for each type that the query asks for.
        separator: Text between two items.
        end: Text after the last item.

    Example:
        >>> grammar = AnswerGrammar("[]", "[", (ListItem("person", '"', '"', str),), ", ", "]")
        >>> grammar.write([(grammar.items[0], "Ada"), (grammar.items[0], "Bob")]), grammar.write([])
        ('["Ada", "Bob"]', '[]')
    """

    empty: str
    start: str
    items: tuple[ListItem, ...]
    separator: str
    end: str

    def write(self, entities: Sequence[tuple[ListItem, str]]) -> str:
        """The answer that lists these strings, each in one of the ways."""
        if not entities:
            return self.empty
        written = [item.before + item.escape(string) + item.after for item, string in entities]
        return self.start + self.separator.join(written) + self.end


def gold_strings(example: Example) -> list[tuple[str, str]]:
    """The entities that the tags of an example spell, as pairs of a type and a string, in reading order.

    Example:
        >>> gold_strings(Example(("New", "York", "!"), ("B-city", "I-city", "O"), ("city",), "toy", "0"))
        [('city', 'New York')]
    """
    entities = to_entities(example.tags)
    return [(entity.type, " ".join(example.words[entity.start : entity.end])) for entity in entities]


class ListedEntity(NamedTuple):
    """An entity as a model wrote it.

    Attributes:
        string: Its string.
        type: Its type, one of the example's.
        place: Where it is written, with what its type is written with.
    """

    string: str
    type: str
    place: TextRange


def place_listed(
    example: Example, listed: Sequence[ListedEntity], rule: Rule, *, unknown_types: int = 0, unparsed: int = 0
) -> Prediction:
    """Find the entities that were written among the words.

    Args:
        example: Its words.
        listed: What was read, in the order of writing.
        rule: See `place_strings`.
        unknown_types: Entities of types that the example does not have, which were left out.
        unparsed: Characters that belong to no entity and not to the frame of an answer.

    Returns:
        A prediction that knows where each of its entities is written, and whose report has all three counts.

    Example:
        >>> example = Example(("Ada", "met", "Bob"), ("O", "O", "O"), ("person",), "toy", "0")
        >>> names = {"Bob": TextRange(0, 2, 5), "Eve": TextRange(0, 9, 12)}
        >>> listed = [ListedEntity(name, "person", place) for name, place in names.items()]
        >>> prediction = place_listed(example, listed, "every occurrence", unparsed=3)
        >>> prediction.tags, prediction.written, prediction.report.unplaced, prediction.report.unparsed
        (('O', 'O', 'B-person'), (TextRange(text=0, start=2, end=5),), 1, 3)
    """
    placed = place_strings(example.words, [(entity.string, entity.type) for entity in listed], rule)
    prediction = placed.prediction(len(example.words))
    report = prediction.report + AlignmentReport(unknown_tags=unknown_types, unparsed=unparsed)
    written = tuple(listed[origin].place for origin in placed.origins)
    return Prediction(prediction.tags, prediction.entities, report, written=written)
