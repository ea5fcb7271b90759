"""Which tags to expect, from what was written before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gner.bio import OUTSIDE, inside
from gner.decoding.word_tokens import TrieNode
from gner.records import Example

_MOST_KEPT = 100_000
_DIGITS, _CAPITAL, _OTHER = "0", "A", "a"


class TagMemory:
    """Remembers the tags that a model wrote, for sentences, for words, and for words of a shape after others.

    In training, each validation begins with what the last one found.

    Example:
        >>> memory = TagMemory()
        >>> memory.learn(Example(("in", "Rome"), ("O", "O"), ("city",), "toy", "0"), ["O", "B-city"])
        >>> memory.rank(Example(("near", "Rome"), ("O", "O"), ("city",), "toy", "1"), word=1, before="O")
        ['B-city', 'B-city']
    """

    def __init__(self) -> None:
        self._sentences: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._words: dict[str, str] = {}
        self._places: dict[tuple[str, str], Counter[str]] = {}

    def rank(self, example: Example, word: int, before: str) -> list[str]:
        """The tags that a word may have, the likeliest first.

        Args:
            example: Its words and types are used.
            word: Position of the word.
            before: The tag of the word before.

        Example:
            >>> memory = TagMemory()
            >>> memory.learn(Example(("in", "Rome"), ("O", "O"), ("city",), "toy", "0"), ["O", "B-city"])
            >>> unseen = Example(("to", "Oslo"), ("O", "O"), ("city",), "toy", "1")
            >>> memory.rank(unseen, word=1, before="O")  # as another word with a capital had it after O
            ['B-city']
        """
        text = example.words[word]
        likely = [*self._sentences.get(example.words, ())[word : word + 1]]
        if text in self._words:
            likely.append(self._words[text])
        shape = _shape(text)
        for place in (example.words[word - 1] if word else "", before + " "):
            counts = self._places.get((place, shape))
            if counts:
                likely += sorted(counts, key=counts.__getitem__, reverse=True)
        return likely

    def learn(self, example: Example, tags: Sequence[str]) -> None:
        """Keep what a model wrote for a sentence."""
        if len(self._sentences) >= _MOST_KEPT:
            self._sentences.clear()
            self._words.clear()
            self._places.clear()
        self._sentences[example.words] = tuple(tags)
        word_before, before = "", OUTSIDE
        for word, tag in zip(example.words, tags, strict=True):
            self._words[word] = tag
            shape = _shape(word)
            for place in (word_before, before + " "):
                self._places.setdefault((place, shape), Counter())[tag] += 1
            word_before, before = word, tag


class Guesses:
    """The tags to draft for the words of a sentence: what the memory expects, and what a model showed it wants.

    They cost or save time, and decide nothing.

    Example:
        >>> example = Example(("in", "Rome"), ("O", "O"), ("city", "club"), "toy", "0")
        >>> memory = TagMemory()
        >>> memory.learn(example, ["O", "B-club"])
        >>> root = TrieNode.of({"O": [4], "B-city": [5, 7], "B-club": [5, 8]})
        >>> guesses = Guesses(memory, example)
        >>> guesses.tag(1, "O", root), guesses.tag(1, "O", root.children[4])  # in what a beginning leaves open
        ('B-club', 'O')
    """

    def __init__(self, memory: TagMemory, example: Example) -> None:
        self._memory = memory
        self._example = example
        self._shown: dict[int, tuple[str, str]] = {}  # by word: the tag before, and the tag
        self._ranks: dict[tuple[int, str], list[str]] = {}

    def tag(self, word: int, before: str, node: TrieNode) -> str:
        """The likeliest tag of a word after a tag, among those that the prefix of a tag leaves open."""
        rank = self._ranks.get((word, before))
        if rank is None:
            rank = self._ranks[word, before] = self._memory.rank(self._example, word, before)
        then, shown = self._shown.get(word, ("", ""))
        goes_on = inside(before) if before != OUTSIDE else ""
        is_doubtful = then != before and shown != OUTSIDE and rank[:1] == [goes_on]  # shown as a start of its own
        order = rank if is_doubtful else [shown, *rank]
        for tag in (*order, goes_on, f"B{shown[1:]}", OUTSIDE):
            if tag in node.toward or (tag and tag == node.tag):
                return tag
        return node.tag or next(iter(node.toward))

    def show(self, word: int, before: str, node: TrieNode) -> None:
        """Note that a model wants one of the tags that a beginning leaves open."""
        self._shown[word] = (before, self.tag(word, before, node))


def _shape(word: str) -> str:
    if any(character.isdigit() for character in word):
        return _DIGITS
    return _CAPITAL if word[:1].isupper() else _OTHER
