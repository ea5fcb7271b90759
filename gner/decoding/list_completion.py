"""Complete a partly written list of entities with strings of the sentence; see docs/decisions/speculative.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from gner.decoding.entity_guesses import EntityGuesses
from gner.decoding.written_sentence import WrittenSentence
from gner.prompting import AnswerGrammar, ListItem
from gner.records import Entity, Example

_LEAST_MARGIN, _LEAST_MARGIN_OF_SEVERAL = -3.0, -5.0
"""How unlikely an entity may be that is expected because there is no other, if it is to save a pass on the whole.

A batch needs the passes of its slowest row, and where an example has several, one of them is slow anyway.
"""
_PATIENCE, _MORE_PATIENCE = 0.7, 2.0
"""A string that is drafted too long takes one pass more, one that is too short possibly several."""


class Mark(NamedTuple):
    """Where an expected entity is in a completed answer.

    Attributes:
        entity: Whose it is.
        start: First character of its string.
        end: Exclusive end of its string.
    """

    entity: Entity
    start: int
    end: int


class Completion(NamedTuple):
    """A whole answer, with the entities in it that were not written yet, or not to their end."""

    text: str
    marks: list[Mark]


class _Option(NamedTuple):
    """A way to complete the item that is being written.

    Attributes:
        item: How it is written.
        string: What is written between ``before`` and ``after``.
        entity: Which entity it is, or None if the string is not in the sentence.
    """

    item: ListItem
    string: str
    entity: Entity | None


class ListCompleter:
    """Knows where in the grammar of an answer what was written ends, and what may follow.

    Args:
        grammar: Of the answer.
        example: Its words are used.
        guesses: Which entities to expect; the completers of an example share them.
        is_one_of_several: Whether the example has other answers.

    Attributes:
        lead: White space that the answer starts with.
        entities: Those that are expected in this answer, in reading order, the written ones too.

    Example:
        >>> from gner.decoding.entity_guesses import EntityMemory
        >>> grammar = AnswerGrammar("[]", "[", (ListItem("city", '"', '"', str),), ", ", "]")
        >>> example = Example(("from", "New", "York", "to", "Oslo"), ("O",) * 5, ("city",), "toy", "0")
        >>> completer = ListCompleter(grammar, example, EntityGuesses(EntityMemory(), example))
        >>> completer.complete("").text, completer.complete('["New York", "O').text
        ('[]', '["New York", "Oslo"]')
    """

    def __init__(
        self, grammar: AnswerGrammar, example: Example, guesses: EntityGuesses, *, is_one_of_several: bool = False
    ) -> None:
        self._grammar = grammar
        self.lead = grammar.empty[: len(grammar.empty) - len(grammar.empty.lstrip())]
        self._empty, self._start = grammar.empty.lstrip(), grammar.start.lstrip()
        self._guesses = guesses
        self._types = list(dict.fromkeys(item.type for item in grammar.items))
        self._example = example
        self._sentences: dict[Callable[[str], str], WrittenSentence] = {}
        self._words = range(len(example.words))
        self._base = 0  # characters of the start and of finished items
        self._num_finished = 0
        self._position = 0  # the word after the last finished item
        self._wanted: set[int] = set()  # words at which the model seemed to start an entity
        self._ends: dict[tuple[int, str], int] = {}  # where entities were expected to end, by start and type
        self._num_short = 0  # how often that was too early
        self.entities = [entity for entity in guesses.entities if entity.type in self._types]
        likeliest = None if self.entities or guesses.is_blind else guesses.likeliest(self._types, self._words)
        least = _LEAST_MARGIN_OF_SEVERAL if is_one_of_several else _LEAST_MARGIN
        if likeliest is not None and guesses.margin(likeliest.start, likeliest.type) > least:
            self.entities = [likeliest]

    def _sentence(self, item: ListItem) -> WrittenSentence:
        """The sentence as an item writes strings."""
        if item.escape not in self._sentences:
            self._sentences[item.escape] = WrittenSentence(self._example.words, item.escape)
        return self._sentences[item.escape]

    def complete(self, written: str) -> Completion | None:
        """A whole answer that starts with what was written, or None if no answer does.

        Args:
            written: Without white space at its start; what was given before is a prefix of it.
        """
        may_be_empty = self._empty.startswith(written)
        if may_be_empty and not self._expected(0):
            return Completion(self._empty, [])
        listed = self._complete_list(written)
        return Completion(self._empty, []) if listed is None and may_be_empty else listed

    def expect_start(self, entity: Entity, text: str) -> None:
        """Expect, in the place of an entity, one of its type that starts as a text does; if there is none, nothing.

        Example:
            >>> from gner.decoding.entity_guesses import EntityMemory
            >>> grammar = AnswerGrammar("[]", "[", (ListItem("city", '"', '"', str),), ", ", "]")
            >>> example = Example(("from", "Rome", "to", "Oslo"), ("O",) * 4, ("city",), "toy", "0")
            >>> completer = ListCompleter(grammar, example, EntityGuesses(EntityMemory(), example))
            >>> completer.entities = [Entity(1, 2, "city")]
            >>> completer.expect_start(Entity(1, 2, "city"), "Os")
            >>> completer.complete("").text
            '["Oslo"]'
        """
        others = [other for other in self.entities if other != entity]
        taken = set(chain.from_iterable(range(other.start, other.end) for other in others))
        starts = {start for start, _ in self._sentence(self._grammar.items[0]).starting_with(text)} if text else set()
        better = self._guesses.likeliest([entity.type], sorted(starts - taken))
        self.entities = others
        if better is not None:
            self._wanted.add(better.start)
            later = [entity] if better.end <= entity.start else []
            self.entities = sorted([*others, *later, better], key=lambda one: one.start)

    def _complete_list(self, written: str) -> Completion | None:
        if not written.startswith(self._start):
            return self._complete_items(self._start, "") if self._start.startswith(written) else None
        self._base = max(self._base, len(self._start))
        finished = self._finished(written)
        while finished is not None:
            self._base, entity = finished
            self._num_finished += 1
            self._pass(entity)
            finished = self._finished(written)
        return self._complete_items(written[: self._base], written[self._base :])

    def _pass(self, entity: Entity | None) -> None:
        """Go past a finished item; one whose string is not in the sentence is taken for what was expected."""
        self._num_short = 0
        if entity is not None:
            self._position = entity.end
            self._guesses.claim(entity)
            return
        expected = self._expected(self._position)
        self._position = expected[0].end if expected else self._position

    def _finished(self, written: str) -> tuple[int, Entity | None] | None:
        """The end of the next item that something was written after, and its entity if that is in the sentence."""
        unknown: list[int] = []
        for item in self._grammar.items:
            closing = item.after + self._grammar.separator
            start = self._base + len(item.before)
            if not closing or not written.startswith(item.before, self._base):
                continue
            end = written.find(closing, start)
            unknown += [end + len(closing)] if end >= 0 else []
            while end >= 0:
                place = self._sentence(item).place(written[start:end], self._position)
                if place is not None:
                    return end + len(closing), Entity(*place, item.type)
                end = written.find(closing, end + 1)
        return (min(unknown), None) if unknown else None

    def _complete_items(self, head: str, rest: str) -> Completion | None:
        """Complete what follows the finished items."""
        end = self._grammar.end
        may_end = self._num_finished > 0 and not self._grammar.separator and end.startswith(rest)
        if may_end and not self._expected(self._position):
            return Completion(head + end, [])
        option = self._current(rest)
        if option is None:
            return Completion(head + end, []) if may_end else None
        return self._complete_from(head, rest, option)

    def _complete_from(self, head: str, rest: str, option: _Option) -> Completion:
        """Complete an item, and add those that are expected after it."""
        text, marks = _append(head, option)
        position = self._position if option.entity is None else option.entity.end
        expected = self._expected(position)[option.entity is None :]
        separator, end = self._grammar.separator, self._grammar.end
        closed = (head + rest)[len(text) :]  # what was written after the item
        if closed and not separator.startswith(closed):
            expected = []
        elif closed and not expected and not end.startswith(closed):
            following = self._guesses.likeliest(self._types, self._words[position:])
            if following is None:
                return Completion(text + separator, marks)
            expected = [following]
        for entity in expected:
            text, more = _append(text + separator, self._option(entity, self._grammar.items))
            marks += more
        return Completion(text + end, marks)

    def _expected(self, position: int) -> list[Entity]:
        """The entities from a word on that no other answer about the sentence has."""
        return [entity for entity in self.entities if entity.start >= position and self._guesses.is_free(entity)]

    def _option(self, entity: Entity, items: Sequence[ListItem]) -> _Option:
        """How an entity is written: of several ways that which escapes least."""
        ways = [item for item in items if item.type == entity.type]
        strings = [self._sentence(item).string(entity) for item in ways]
        way = min(range(len(ways)), key=lambda at: len(strings[at]))
        return _Option(ways[way], strings[way], entity)

    def _current(self, rest: str) -> _Option | None:
        """The likeliest way to complete the item that is being written, of which this is the beginning."""
        begun = [
            (item, rest[len(item.before) :])
            for item in self._grammar.items
            if rest.startswith(item.before) and rest != item.before
        ]
        options = list(chain.from_iterable(self._in_string(*beginning) for beginning in begun))
        if options:
            return max(options, key=self._liking)
        items = [item for item in self._grammar.items if item.before.startswith(rest)]
        if not items:
            return next(chain.from_iterable(self._closed(*beginning) for beginning in begun), None)
        entity = self._next({item.type for item in items})
        return None if entity is None else self._option(entity, items)

    def _next(self, types: set[str]) -> Entity | None:
        """The entity of some types that is written next, if one is."""
        expected = [entity for entity in self._expected(self._position) if entity.type in types]
        wanted = [word for word in sorted(self._wanted) if word >= self._position]
        if expected and not (wanted and wanted[0] < expected[0].start):
            return expected[0]
        for words in (wanted[:1], self._words[self._position :], self._words[: self._position]):
            entity = self._guesses.likeliest(sorted(types), words)
            if entity is not None:
                return entity
        return None

    def _liking(self, option: _Option) -> tuple[bool, bool, float]:
        assert option.entity is not None
        start, entity_type = option.entity.start, option.entity.type
        is_expected = any((entity.start, entity.type) == (start, entity_type) for entity in self.entities)
        return is_expected, start >= self._position, self._guesses.margin(start, entity_type)

    def _in_string(self, item: ListItem, string: str) -> Iterator[_Option]:
        """Ways to complete an item whose string is written in part, or whole with a part of what follows."""
        sentence = self._sentence(item)
        for start, least in sentence.starting_with(string):
            entity = Entity(start, self._end(start, item.type, least), item.type)
            yield _Option(item, sentence.string(entity), entity)
        closings = (item.after + self._grammar.separator, item.after + self._grammar.end)
        for start, end, closing in sentence.at_start_of(string):
            if closing and any(whole.startswith(closing) for whole in closings):
                entity = Entity(start, end, item.type)
                yield _Option(item, sentence.string(entity), entity)

    def _end(self, start: int, entity_type: str, least: int) -> int:
        """Where an entity is expected to end that the model has started."""
        own = [entity for entity in self.entities if entity.type == entity_type]
        ends = [entity.end for entity in own if entity.start == start and entity.end >= least]
        known = self._ends.get((start, entity_type), least)
        self._num_short += known < least
        patience = _PATIENCE + _MORE_PATIENCE * self._num_short
        end = ends[0] if ends else self._guesses.end(start, entity_type, least, patience)
        if not any(entity.start == start for entity in own):
            for entity in own:
                if start < entity.start <= end + 1:  # expected without its first words
                    end = max(end, entity.end)
        self._ends[start, entity_type] = end
        return end

    def _closed(self, item: ListItem, string: str) -> Iterator[_Option]:
        """An item whose string is not in the sentence, and after which a part of what follows is written."""
        for closing in (item.after + self._grammar.separator, item.after + self._grammar.end):
            for size in range(len(closing), 0, -1):
                if string.endswith(closing[:size]):
                    yield _Option(item, string[: len(string) - size], None)


def _append(text: str, option: _Option) -> tuple[str, list[Mark]]:
    """Text with an item added, and where its entity is."""
    text += option.item.before
    marks = [] if option.entity is None else [Mark(option.entity, len(text), len(text) + len(option.string))]
    return text + option.string + option.item.after, marks
