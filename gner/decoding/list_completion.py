"""Complete a partly written list of entities with strings of the sentence; see docs/decisions/speculative.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from gner.decoding.entity_guesses import EntityGuesses
from gner.decoding.written_sentence import WrittenSentence
from gner.prompting import AnswerGrammar, ListItem
from gner.records import Entity, Example


class Mark(NamedTuple):
    """Where an expected entity is in a completed answer.

    Attributes:
        entity: Whose it is.
        before: First character of what is written before its string.
        start: First character of its string.
        end: Exclusive end of its string.
    """

    entity: Entity
    before: int
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

    def __init__(self, grammar: AnswerGrammar, example: Example, guesses: EntityGuesses) -> None:
        self._grammar = grammar
        self.lead = grammar.empty[: len(grammar.empty) - len(grammar.empty.lstrip())]
        self._empty, self._start = grammar.empty.lstrip(), grammar.start.lstrip()
        self._guesses = guesses
        self._types = list(dict.fromkeys(item.type for item in grammar.items))
        escapes = {item.escape for item in grammar.items}
        self._sentences = {escape: WrittenSentence(example.words, escape) for escape in escapes}
        self._num_words = len(example.words)
        self._base = 0  # characters of the start and of finished items
        self._num_finished = 0
        self._position = 0  # the word after the last finished item
        self._shown: set[int] = set()
        self.entities = [entity for entity in guesses.entities if entity.type in self._types]

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
        """Expect, in the place of an entity, one that starts as a text does; where there is none, nothing."""
        sentence = next(iter(self._sentences.values()))
        starts = {start for start, _ in sentence.starting_with(text)} if text else set()
        others = [other for other in self.entities if other != entity]
        taken = set(chain.from_iterable(range(other.start, other.end) for other in others))
        better = self._guesses.likeliest([entity.type], sorted(starts - taken))
        if better is None:
            self.entities = others
            return
        self._shown.add(better.start)
        kept = [entity] if better.end <= entity.start else []  # it may come later
        self.entities = sorted([*others, *kept, better], key=_start)

    def _complete_list(self, written: str) -> Completion | None:
        if not written.startswith(self._start):
            return self._complete_items(self._start, "") if self._start.startswith(written) else None
        self._base = max(self._base, len(self._start))
        self._skip_finished(written)
        return self._complete_items(written[: self._base], written[self._base :])

    def _skip_finished(self, written: str) -> None:
        """Go past the items that something was written after."""
        finished = self._finished(written)
        while finished is not None:
            self._base, entity = finished
            self._num_finished += 1
            if entity is not None:
                self._position = entity.end
                self._guesses.claim(entity)
            else:
                expected = self._expected(self._position)
                self._position = expected[0].end if expected else self._position
            finished = self._finished(written)

    def _finished(self, written: str) -> tuple[int, Entity | None] | None:
        """The end of the next finished item, and its entity if its string is in the sentence."""
        unknown: list[int] = []
        for item in self._grammar.items:
            closing = item.after + self._grammar.separator
            start = self._base + len(item.before)
            if not closing or not written.startswith(item.before, self._base):
                continue
            end = written.find(closing, start)
            unknown += [end + len(closing)] if end >= 0 else []
            while end >= 0:
                place = self._sentences[item.escape].place(written[start:end], self._position)
                if place is not None:
                    return end + len(closing), Entity(*place, item.type)
                end = written.find(closing, end + 1)
        return (min(unknown), None) if unknown else None

    def _complete_items(self, head: str, rest: str) -> Completion | None:
        """Complete what follows the finished items."""
        end = self._grammar.end
        may_end = self._num_finished > 0 and not self._grammar.separator and end.startswith(rest)
        if may_end and (not self._expected(self._position)):
            return Completion(head + end, [])
        option = self._current(rest)
        if option is None:
            return Completion(head + end, []) if may_end else None
        return self._complete_from(head, rest, option)

    def _complete_from(self, head: str, rest: str, option: _Option) -> Completion:
        """Complete an item, and add those that are expected after it."""
        text, marks = self._append(head, option)
        position = option.entity.end if option.entity else self._position
        expected = self._expected(position)
        if option.entity is None:
            expected = expected[1:]
        closed = (head + rest)[len(text) :]  # what was written after the item
        separator, end = self._grammar.separator, self._grammar.end
        if closed and not separator.startswith(closed):
            expected = []
        elif closed and not expected and not end.startswith(closed):
            following = self._guesses.likeliest(self._types, range(position, self._num_words))
            expected = [] if following is None else [following]
            if following is None:
                return Completion(text + separator, marks)
        for entity in expected:
            text, more = self._append(text + separator, self._option(entity))
            marks += more
        return Completion(text + end, marks)

    def _append(self, text: str, option: _Option) -> tuple[str, list[Mark]]:
        start = len(text) + len(option.item.before)
        end = start + len(option.string)
        marks = [] if option.entity is None else [Mark(option.entity, len(text), start, end)]
        return text + option.item.before + option.string + option.item.after, marks

    def _expected(self, position: int) -> list[Entity]:
        """The entities from a word on that no other answer about the sentence has."""
        return [entity for entity in self.entities if entity.start >= position and self._guesses.is_free(entity)]

    def _option(self, entity: Entity, items: Sequence[ListItem] = ()) -> _Option:
        """How an entity is written: of several ways that which escapes least."""
        ways = [item for item in items or self._grammar.items if item.type == entity.type]
        strings = [self._sentences[item.escape].string(entity) for item in ways]
        way = min(range(len(ways)), key=lambda at: len(strings[at]))
        return _Option(ways[way], strings[way], entity)

    def _current(self, rest: str) -> _Option | None:
        """The likeliest way to complete the item that is being written, of which this is the beginning."""
        inside = [item for item in self._grammar.items if rest.startswith(item.before) and rest != item.before]
        known = list(_all(self._in_string(item, rest[len(item.before) :]) for item in inside))
        if known:
            return max(known, key=self._liking)
        items = [item for item in self._grammar.items if item.before.startswith(rest)]
        if items:
            entity = self._next({item.type for item in items})
            return None if entity is None else self._option(entity, items)
        return next(_all(self._strange(item, rest[len(item.before) :]) for item in inside), None)

    def _next(self, types: set[str]) -> Entity | None:
        """The entity of some types that is written next, if one is."""
        expected = [entity for entity in self._expected(self._position) if entity.type in types]
        shown = [word for word in sorted(self._shown) if word >= self._position]
        if shown and not (expected and expected[0].start <= shown[0]):
            return self._guesses.likeliest(sorted(types), shown[:1])
        if expected:
            return expected[0]
        ordered = [entity_type for entity_type in self._types if entity_type in types]
        after = self._guesses.likeliest(ordered, range(self._position, self._num_words))
        return after or self._guesses.likeliest(ordered, range(self._position))

    def _liking(self, option: _Option) -> tuple[bool, bool, float]:
        assert option.entity is not None
        start, entity_type = option.entity.start, option.entity.type
        is_expected = any(entity.start == start and entity.type == entity_type for entity in self.entities)
        return is_expected, start >= self._position, self._guesses.margin(start, entity_type)

    def _in_string(self, item: ListItem, string: str) -> Iterator[_Option]:
        """Ways to complete an item whose string is written in part, or whole with a part of what follows it."""
        sentence = self._sentences[item.escape]
        closings = (item.after + self._grammar.separator, item.after + self._grammar.end)
        for start, least in sentence.starting_with(string):
            entity = Entity(start, self._end(start, item.type, least), item.type)
            yield _Option(item, sentence.string(entity), entity)
        for start, end, closing in sentence.at_start_of(string):
            if closing and any(whole.startswith(closing) for whole in closings):
                entity = Entity(start, end, item.type)
                yield _Option(item, sentence.string(entity), entity)

    def _end(self, start: int, entity_type: str, least: int) -> int:
        for entity in self.entities:
            if entity.start == start and entity.type == entity_type and entity.end >= least:
                return entity.end
        return self._guesses.end(start, entity_type, least)

    def _strange(self, item: ListItem, string: str) -> Iterator[_Option]:
        """Ways to complete an item whose string is not in the sentence."""
        for closing in (item.after + self._grammar.separator, item.after + self._grammar.end):
            for size in range(len(closing), 0, -1):
                if string.endswith(closing[:size]):
                    yield _Option(item, string[: len(string) - size], None)


def _start(entity: Entity) -> int:
    return entity.start


def _all(groups: Iterable[Iterator[_Option]]) -> Iterator[_Option]:
    return chain.from_iterable(groups)
