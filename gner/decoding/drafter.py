"""Draft tokens for speculative decoding: the source words with likely tags.

See docs/decisions/speculative.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from copy import copy

from gner.bio import OUTSIDE
from gner.decoding.tag_memory import Guesses
from gner.decoding.word_tokens import Choices, PieceTokenizer, TrieNode
from gner.records import Example

_WORDS_AHEAD = 8
_SHORTEST, _LONGEST = 4, 128
_FAILURES = 2
_LOOP = 3
"""Tokens that must have been written before, in this order, to expect what followed them."""


class Drafter:
    """Drafts the rest of one answer, and learns from the model's choices.

    A draft only saves time: whatever it holds, the model's own choices are what is written. Where these leave the
    draft, the next one starts where they seem to belong: a tag that comes early, a later place of the same word,
    another word nearby, or what followed when the model wrote the same before.

    Args:
        pieces: How words are written with tags.
        example: Whose answer it is.
        guesses: Which tags to draft.

    Attributes:
        tags: Of the words that were written, and for the others those that are expected.
        written: Token ids that the model has chosen.

    Example:
        >>> from gner.decoding.tag_memory import TagMemory
        >>> from gner.interfaces import Kind
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[0]
        >>> pieces = PieceTokenizer(model.tokenizer, model.format, Kind.CAUSAL)
        >>> drafter = Drafter(pieces, example, Guesses(TagMemory(), example))
        >>> model.tokenizer.decode(drafter.draft(limit=128))
        'Ada(O) Lovelace(O) wrote(O) to(O) London(O) .(O)'
    """

    def __init__(self, pieces: PieceTokenizer, example: Example, guesses: Guesses) -> None:
        self._pieces = pieces
        self._example = example
        self._guesses = guesses
        self.tags = [OUTSIDE] * len(example.words)
        self._word = 0
        self._known: dict[tuple[int, str], Choices] = {}  # by word and the tag before
        self._here: Choices | None = self._choices(0)  # None after the last word
        self._place = 0  # in the stem of the word
        self._node: TrieNode | None = None  # after the stem
        self._is_sure = True
        self._is_in_unknown_tag = False  # in brackets that hold no tag
        self._is_looping = False
        self._is_lost = False
        self._num_failed = 0
        self._longest = _LONGEST
        self._spots: list[tuple[int, int, TrieNode]] = []  # tag tokens: place, word, what is possible there
        self._drafted: list[int] = []
        self._ends: list[int] = []  # where words end in it, while no tag is the beginning of another's
        self._kinds: list[int] = []  # of the guesses for these words
        self.written: list[int] = []

    def _before(self, word: int) -> str:
        return self.tags[word - 1] if word else OUTSIDE

    def _choices(self, word: int) -> Choices:
        key = word, self._before(word)
        if key not in self._known:
            self._known[key] = self._pieces.choices(self._example, *key)
        return self._known[key]

    def draft(self, limit: int, least: float = 0.0) -> list[int]:
        """Draft the next tokens.

        Args:
            limit: How many at most.
            least: The draft ends where it is less likely than this that all of it is right.
        """
        limit, chance = min(limit, self._longest), 1.0
        self._spots, self._ends, self._kinds, self._drafted = [], [], [], []
        draft: list[int] = [] if self._is_sure else loop_of(self.written, limit)
        self._is_looping = bool(draft)
        if draft or self._is_in_unknown_tag:
            return draft
        place, node = self._place, self._node
        for word in range(self._word, len(self.tags)):
            if len(draft) >= limit or chance < least:
                break
            if node is None:
                choices = self._choices(word)
                draft += choices.stem[place:]
                node = choices.tags
            kind = self._add_tag(draft, word, node)
            chance *= self._guesses.trust.chance(kind)
            place, node = 0, None
        self._drafted = draft[:limit]  # the model's next choice is the end token, if it ends here
        return self._drafted

    def _add_tag(self, draft: list[int], word: int, node: TrieNode) -> int:
        """Draft the likeliest tag of a word, from its beginning on; returns what kind of guess it is."""
        before = self._before(word)
        kind, goal = self._guesses.kind(word, before), self._guesses.tag(word, before, node)
        self.tags[word] = goal
        for beginning, token in node.path(goal):
            self._spots.append((len(draft), word, beginning))
            draft.append(token)
            node = beginning.children[token]
        if not node.children and len(self._ends) == word - self._word:
            self._ends.append(len(draft))
            self._kinds.append(kind)
        return kind

    def copy(self) -> Drafter:
        """A drafter of the same answer so far, which may go on otherwise; guesses are shared.

        Example:
            >>> from gner.decoding.tag_memory import TagMemory
            >>> from gner.interfaces import Kind
            >>> from gner.testing import make_examples, tiny_model
            >>> model, example = tiny_model("causal"), make_examples()[1]
            >>> pieces = PieceTokenizer(model.tokenizer, model.format, Kind.CAUSAL)
            >>> drafter = Drafter(pieces, example, Guesses(TagMemory(), example))
            >>> other = drafter.copy()
            >>> _ = other.accept([], [7])
            >>> drafter.written, other.written
            ([], [7])
        """
        other = copy(self)
        other.tags, other.written = list(self.tags), list(self.written)
        return other

    def accept(self, draft: Sequence[int], choices: Sequence[int]) -> int:
        """Take what the model chose at each place of a draft, and after it.

        Args:
            draft: What `draft` gave, D tokens.
            choices: What the model wants in the place of each of them, and next; D + 1 tokens.

        Returns:
            How many tokens of the draft the model would have written; one more is written now.

        Example:
            >>> from gner.decoding.tag_memory import TagMemory
            >>> from gner.interfaces import Kind
            >>> from gner.testing import make_examples, tiny_model
            >>> model, example = tiny_model("causal"), make_examples()[1]
            >>> pieces = PieceTokenizer(model.tokenizer, model.format, Kind.CAUSAL)
            >>> drafter = Drafter(pieces, example, Guesses(TagMemory(), example))
            >>> wanted = model.tokenizer("nothing(B-place)", add_special_tokens=False)["input_ids"]
            >>> draft = drafter.draft(limit=8)
            >>> agreed = drafter.accept(draft, wanted)
            >>> model.tokenizer.decode(draft), model.tokenizer.decode(drafter.written), agreed < len(draft)
            ('nothing(O)', 'nothing(B-', True)
        """
        agreed = num_agreed(draft, choices)
        self._learn(draft, choices)
        is_whole = agreed == len(draft)
        if draft:
            self._is_sure = not (self._is_looping and is_whole)
        self._is_lost = False
        for token in [*draft[self._skip(draft, agreed) : agreed], choices[agreed]]:
            self._follow(token)
        if draft:
            self._limit(agreed, is_whole)
        return agreed

    def _limit(self, agreed: int, is_whole: bool) -> None:
        """Draft less where drafts are worth little: after words of the model's own, and after many wrong tags."""
        self._num_failed = self._num_failed + 1 if agreed < _SHORTEST and not is_whole else 0
        if is_whole:
            self._longest = min(_LONGEST, 4 * self._longest)
        elif self._is_lost:
            self._longest = max(_SHORTEST, min(self._longest, 4 * (agreed + 1)))
        elif self._num_failed > _FAILURES:
            self._longest = max(4 * _SHORTEST, self._longest // 2)

    def _learn(self, draft: Sequence[int], choices: Sequence[int]) -> None:
        """Take the tags that the model wants in the place of drafted ones."""
        deviating = -1
        for place, word, node in self._spots:
            if place >= len(draft):
                break
            token = choices[place]
            if word != deviating and token != draft[place] and token in node.children:
                deviating = word
                self._guesses.show(word, self._before(word), node.children[token])

    def _skip(self, draft: Sequence[int], agreed: int) -> int:
        """Move past all drafted words that were written as they are; returns where they end in the draft."""
        if draft != self._drafted[: len(draft)]:  # it is of somebody else
            return 0
        num_whole = bisect_right(self._ends, agreed)
        for at, (kind, end) in enumerate(zip(self._kinds[: num_whole + 1], self._ends, strict=False)):
            if end <= len(draft):
                self._guesses.trust.see(kind, is_right=at < num_whole)
        if not num_whole:
            return 0
        end = self._ends[num_whole - 1]
        self.written += draft[:end]
        self._go_to(self._word + num_whole, 0)
        return end

    def _follow(self, token: int) -> None:
        """Move past a token that was written."""
        self.written.append(token)
        if self._here is None:
            self._find(token)
            return
        stem, node = self._here.stem, self._node
        if node is None and self._place < len(stem) and token == stem[self._place]:
            self._place += 1
            return
        child = (node or self._here.tags).children.get(token)
        if child is None:
            self._find(token)
        elif child.children:
            self._node, self._is_in_unknown_tag = child, False
        else:
            assert child.tag is not None
            self.tags[self._word] = child.tag
            self._go_to(self._word + 1, 0)

    def _go_to(self, word: int, place: int) -> None:
        self._word, self._place, self._node, self._is_in_unknown_tag = word, place, None, False
        self._here = self._choices(word) if word < len(self.tags) else None

    def _find(self, token: int) -> None:
        """Find the place in the sentence after a token that was not expected."""
        self._is_sure = False
        self._is_lost = True
        if self._node is not None:
            assert self._here is not None
            self._is_in_unknown_tag = True  # until the tag, of whatever kind, is closed
            if token in self._here.tags.last:
                self._go_to(self._word + 1, 0)
            return
        word = min(self._word, len(self.tags) - 1)
        stem = self._choices(word).stem
        if word == self._word and token in stem[self._place :]:
            self._place = stem.index(token, self._place) + 1
            return
        for other in self._nearby(word):
            choices = self._choices(other)
            if token in choices.stem:
                self._go_to(other, choices.stem.index(token) + 1)
                return
        self._place = min(self._place + 1, len(stem))

    def _nearby(self, word: int) -> Iterable[int]:
        """Words where the model may have gone on, the likeliest first."""
        yield from range(word + 1, min(word + _WORDS_AHEAD, len(self.tags)))
        yield from range(word, max(word - _WORDS_AHEAD, -1), -1)


def num_agreed(draft: Sequence[int], choices: Sequence[int]) -> int:
    """How many tokens at the start of a draft are what a model chose in their place.

    Example:
        >>> num_agreed([5, 6, 7], [5, 6, 9, 8])
        2
    """
    return next((at for at, token in enumerate(draft) if token != choices[at]), len(draft))


def loop_of(written: Sequence[int], limit: int) -> list[int]:
    """What followed where the last three tokens were written before, over and over; nothing if they were not.

    Example:
        >>> loop_of([7, 1, 2, 3, 4, 1, 2, 3], limit=6), loop_of([1, 2, 3], limit=6)
        ([4, 1, 2, 3, 4, 1], [])
    """
    end = len(written)
    last = list(written[-_LOOP:])
    for start in range(end - _LOOP - 1, -1, -1):
        if list(written[start : start + _LOOP]) == last:
            period = end - start - _LOOP
            return [written[end - period + at % period] for at in range(limit)]
    return []
