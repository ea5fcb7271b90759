"""All answers that a grammar writes about a sentence, byte by byte.

What may come next depends on the text so far only, not on how it was cut into tokens. States are made when they are
reached: for a long sentence there are more of them than could be written down. For the idea see
docs/decisions/constrained.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from gner.decoding.answer_strings import Progress, SentencePlaces, StringWriter
from gner.prompting import AnswerGrammar, ListItem

_MORE_SPACES = 2
"""Spaces that may come before an answer: one that tokenizers put there, and one that a prompt may lack at its end."""
_Step = Literal["item", "string", "word", "after item", "end"]


class _Then(NamedTuple):
    """What comes after a text.

    Attributes:
        step: ``item``: any; ``string``: any of an item; ``word``: after the words of a string, more or its end;
            ``after item``: another one or the end; ``end``: nothing.
        progress: Of the answer.
        writer: Which of the ways to write strings, for a string and its words.
        start: First word of the string.
        end: Exclusive.
    """

    step: _Step
    progress: Progress = Progress()
    writer: int = 0
    start: int = 0
    end: int = 0


class _Thread(NamedTuple):
    """One of the ways in which a text can be understood: it is so far into a text, and then comes something."""

    text: bytes
    position: int
    then: _Then

    @property
    def rest(self) -> bytes:
        """What is left of the text."""
        return self.text[self.position :]


class State:
    """Where an answer is.

    Attributes:
        may_end: Whether the answer is complete.
        edges: What can come next, by byte.
        closing: The shortest text that completes the answer, of equal ones the first in alphabetical order. What is
            left of it after its first byte is the closing of the state that this byte leads to.

    Example:
        >>> grammar = AnswerGrammar("[]", "[", (ListItem("place", '"', '"', str),), ", ", "]")
        >>> state = AnswerAutomaton.of(grammar, ("New", "York")).start
        >>> state.closing, sorted(map(chr, state.edges))
        (b'[]', [' ', '['])
        >>> for byte in b'["New York"':
        ...     state = state.edges[byte]
        >>> state.closing, sorted(map(chr, state.edges))  # no word is left for another place
        (b']', [']'])
    """

    def __init__(self, threads: Iterable[_Thread], automaton: AnswerAutomaton) -> None:
        self._raw = frozenset(threads)
        self._automaton = automaton

    @cached_property
    def _threads(self) -> frozenset[_Thread]:
        """With what comes after the texts that are complete."""
        return self._automaton.expand(self._raw)

    @cached_property
    def may_end(self) -> bool:
        """Whether the answer is complete."""
        return any(thread.then.step == "end" and not thread.rest for thread in self._threads)

    @cached_property
    def edges(self) -> dict[int, State]:
        """What can come next."""
        after: dict[int, list[_Thread]] = {}
        for text, position, then in self._threads:
            if position < len(text):
                after.setdefault(text[position], []).append(_Thread(text, position + 1, then))
        return {byte: self._automaton.state(threads) for byte, threads in after.items()}

    @cached_property
    def closing(self) -> bytes:
        """The shortest text that completes the answer."""
        return _shortest(thread.rest + self._automaton.closing(thread.then) for thread in self._raw)


class AnswerAutomaton:
    """The answers of a grammar whose strings are spans of whole words of a sentence.

    A word is in one string at most, so every answer has an end. From each state that is reached the answer can be
    completed.

    Args:
        grammar: How answers are written.
        writers: For each of its items, how it writes strings of the sentence; items may share one.
        optional: White space that all answers start with, and that need not be written.

    Attributes:
        start: The state before an answer.
    """

    def __init__(self, grammar: AnswerGrammar, writers: Sequence[StringWriter], optional: str = "") -> None:
        self._writers = list(dict.fromkeys(writers))
        numbers = {writer: number for number, writer in enumerate(self._writers)}
        pairs = zip(grammar.items, writers, strict=True)
        self._items = [(item.before.encode(), numbers[writer]) for item, writer in pairs]
        self._separator = grammar.separator.encode()
        self._end = grammar.end.encode()
        self._expanded: dict[_Then, frozenset[_Thread]] = {}
        self._closings: dict[_Then, bytes] = {}
        self._states: dict[frozenset[_Thread], State] = {}
        self._longest_start = max(len(grammar.empty.encode()), len(grammar.start.encode())) + _MORE_SPACES
        starts = _with_spaces(grammar.empty, optional, _Then("end"))
        if self._can_go_on(Progress()):
            starts += _with_spaces(grammar.start, optional, _Then("item"))
        self.start = self.state(starts)

    @classmethod
    def of(
        cls,
        grammar: AnswerGrammar,
        words: Sequence[str],
        *,
        can_read: Callable[[ListItem, int, int], bool] = lambda item, start, end: True,
        can_write: Callable[[str], bool] = lambda text: True,
        optional: str = "",
    ) -> AnswerAutomaton:
        """Make the automaton of a sentence.

        Args:
            grammar: How answers are written.
            words: Of the sentence.
            can_read: Whether an item's string of a span of words is read back.
            can_write: Whether a text can be written with the tokens that there are.
            optional: White space that all answers start with, and that need not be written.
        """
        places = SentencePlaces(words)
        known: dict[tuple[str, str, tuple[str, ...]], StringWriter] = {}
        writers: list[StringWriter] = []
        for item in grammar.items:
            key = (item.after, item.escape(" "), tuple(map(item.escape, words)))
            if key not in known:
                known[key] = StringWriter(item, words, places, _of_item(can_read, item), can_write)
            writers.append(known[key])
        return cls(grammar, writers, optional)

    def state(self, threads: Iterable[_Thread]) -> State:
        """The state of some threads."""
        key = frozenset(threads)
        if key not in self._states:
            self._states[key] = State(key, self)
        return self._states[key]

    def expand(self, threads: Iterable[_Thread]) -> frozenset[_Thread]:
        """Threads, those at the end of their text replaced by what comes then."""
        expanded: set[_Thread] = set()
        for thread in threads:
            if thread.position < len(thread.text) or thread.then.step == "end":
                expanded.add(thread)
            else:
                expanded |= self._after(thread.then)
        return frozenset(expanded)

    def _after(self, then: _Then) -> frozenset[_Thread]:
        if then not in self._expanded:
            self._expanded[then] = self.expand(_Thread(text, 0, after) for text, after in self._options(then))
        return self._expanded[then]

    def _options(self, then: _Then) -> list[tuple[bytes, _Then]]:
        """The texts that can come, and what comes after each."""
        if then.step == "item":
            of_items = [(before, _Then("string", then.progress, number)) for before, number in self._items]
            return [
                (before, after) for before, after in of_items if self._writers[after.writer].can_start(then.progress)
            ]
        if then.step == "string":
            writer = self._writers[then.writer]
            starts = writer.starts(then.progress)
            firsts = [then._replace(step="word", start=start, end=start + 1) for start in starts]
            return [(writer.text(first.start, first.end), first) for first in firsts]
        return self._options_of_word(then) if then.step == "word" else self._options_after_item(then.progress)

    def _options_of_word(self, then: _Then) -> list[tuple[bytes, _Then]]:
        writer, options = self._writers[then.writer], []
        progress = writer.put(then.start, then.end, then.progress)
        if progress is not None:
            options.append((writer.after, _Then("after item", progress)))
        longer = then._replace(end=then.end + 1)
        if writer.first_end(longer.start, longer.end, longer.progress) is not None:
            options.append((writer.text(then.end, longer.end, goes_on=True), longer))
        return options

    def _options_after_item(self, progress: Progress) -> list[tuple[bytes, _Then]]:
        options = [(self._end, _Then("end"))]
        if self._can_go_on(progress):
            options.append((self._separator, _Then("item", progress)))
        return options

    def _can_go_on(self, progress: Progress) -> bool:
        """Whether there is a string for another entity."""
        return any(writer.can_start(progress) for writer in self._writers)

    def closing(self, then: _Then) -> bytes:
        """The shortest text that completes an answer from there."""
        if then not in self._closings:
            self._closings[then] = _shortest(self._find_closings(then))
        return self._closings[then]

    def _find_closings(self, then: _Then) -> Iterable[bytes]:
        if then.step == "word":  # where it may end at first: a recursion over words would be deep
            writer = self._writers[then.writer]
            end = writer.first_end(then.start, then.end, then.progress)
            assert end is not None
            return [writer.text(then.end, end, goes_on=True) + writer.after + self._end]
        if then.step in ("after item", "end"):
            return [self._end if then.step == "after item" else b""]
        return [text + self.closing(after) for text, after in self._options(then)]

    @property
    def longest_closing(self) -> int:
        """No closing has more bytes."""
        befores = [len(before) for before, _ in self._items]
        strings = [len(writer.text(0, len(writer.words))) + len(writer.after) for writer in self._writers]
        frame = self._longest_start + len(self._separator) + len(self._end)
        return frame + max(befores, default=0) + max(strings, default=0)


def _with_spaces(text: str, optional: str, then: _Then) -> list[_Thread]:
    """A text that an answer starts with, after as many spaces as there may be."""
    bare = text.lstrip(" ")
    num_spaces = len(text) - len(bare)
    counts = range(max(0, num_spaces - len(optional)), num_spaces + _MORE_SPACES + 1)
    return [_Thread((" " * count + bare).encode(), 0, then) for count in counts]


def _of_item(can_read: Callable[[ListItem, int, int], bool], item: ListItem) -> Callable[[int, int], bool]:
    return lambda start, end: can_read(item, start, end)


def _shortest(texts: Iterable[bytes]) -> bytes:
    return min(texts, key=lambda text: (len(text), text))
