"""Which tags to expect, from what a model wrote before. See docs/decisions/first_drafts.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gner.bio import OUTSIDE, inside
from gner.decoding.draft_trust import RECALLED, SHOWN, DraftTrust, guessed
from gner.decoding.online_tagger import OnlineTagger
from gner.decoding.word_tokens import TrieNode, has_drafts
from gner.prompting import Format
from gner.prompting.boundaries import Boundaries, marks_of, to_marks
from gner.records import Example

_MOST_KEPT = 100_000
_MOST_WARMED = 30_000
"""Words of gold that are learned from, in about a second."""


class TagMemory:
    """Remembers what a model wrote for sentences, and learns which tags it writes for words.

    In training, each validation begins with what the last one found.

    Attributes:
        tagger: What is expected of words.
        trust: How often that was right.

    Example:
        >>> memory, example = TagMemory(), Example(("in", "Rome"), ("O", "O"), ("city",), "toy", "0")
        >>> memory.learn(example, ["O", "B-city"])
        >>> memory.recall(example)
        ('O', 'B-city')
    """

    def __init__(self) -> None:
        self._sentences: dict[tuple[tuple[str, ...], ...], tuple[str, ...]] = {}  # by words and types
        self.tagger = OnlineTagger()
        self.trust = DraftTrust()

    def recall(self, example: Example) -> tuple[str, ...] | None:
        """The tags that were last written for a sentence with these types, or None."""
        return self._sentences.get((example.words, example.types))

    def learn(self, example: Example, tags: Sequence[str], boundaries: Boundaries = "bio") -> None:
        """Keep what a model wrote for a sentence.

        Args:
            example: Its words and types are used.
            tags: What each word has.
            boundaries: How the format's answers mark entities.
        """
        if len(self._sentences) >= _MOST_KEPT:
            self._sentences.clear()
        self._sentences[example.words, example.types] = tuple(tags)
        self.tagger.learn(example.words, marks_of(example.types, boundaries), tags)

    def warm(self, format: Format, examples: Sequence[Example]) -> None:
        """Learn the gold tags of examples, or of an even share of many, unless something was learned already.

        Nothing is learned for formats that do not write every word.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> memory = TagMemory()
            >>> memory.warm(GnerFormat(), [Example(("in", "Rome"), ("O", "B-city"), ("city",), "toy", "0")])
            >>> memory.tagger.is_blank
            False
        """
        if not (self.tagger.is_blank and examples and has_drafts(format, examples[0])):
            return
        for example in _share(examples):
            marks = marks_of(example.types, format.boundaries)
            self.tagger.learn(example.words, marks, to_marks(example.tags, format.boundaries))

    def state_dict(self) -> dict[str, Any]:
        """What was learned of words, for a checkpoint; sentences are forgotten."""
        return {} if self.tagger.is_blank else {"tagger": self.tagger.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave, here or in another strategy; if there is nothing of it, stay as it is."""
        if "tagger" in state_dict:
            self.tagger.load_state_dict(state_dict["tagger"])


def _share(examples: Sequence[Example]) -> Iterable[Example]:
    """Every n-th example, so that there are not too many words."""
    num_words = sum(len(example.words) for example in examples)
    return examples[:: -(-num_words // _MOST_WARMED) or 1]


class Guesses:
    """The tags to draft for the words of a sentence: what the memory expects, and what a model showed it wants.

    They cost or save time, and decide nothing.

    Args:
        memory: What a model wrote before.
        example: Its words and types are used.
        boundaries: How the format's answers mark entities.

    Attributes:
        trust: How often guesses are right.

    Example:
        >>> example = Example(("in", "Rome"), ("O", "O"), ("city", "club"), "toy", "0")
        >>> memory = TagMemory()
        >>> memory.learn(example, ["O", "B-club"])
        >>> root = TrieNode.of({"O": [4], "B-city": [5, 7], "B-club": [5, 8]})
        >>> guesses = Guesses(memory, example)
        >>> guesses.tag(1, "O", root), guesses.tag(1, "O", root.children[4])  # in what a beginning leaves open
        ('B-club', 'O')
    """

    def __init__(self, memory: TagMemory, example: Example, boundaries: Boundaries = "bio") -> None:
        self.trust = memory.trust
        self._recalled = memory.recall(example)
        self._sentence = memory.tagger.sentence(example.words, marks_of(example.types, boundaries))
        self._shown: dict[int, tuple[str, str]] = {}  # by word: the tag before, and the tag
        self._ranks: dict[tuple[int, str], list[str]] = {}

    def _rank(self, word: int, before: str) -> list[str]:
        """The tags that a word may have, the likeliest first."""
        if (word, before) not in self._ranks:
            rank = self._sentence.rank(word, before)
            self._ranks[word, before] = rank if self._recalled is None else [self._recalled[word], *rank]
        return self._ranks[word, before]

    def tag(self, word: int, before: str, node: TrieNode) -> str:
        """The likeliest tag of a word after a tag, among those that the prefix of a tag leaves open."""
        rank = self._rank(word, before)
        then, shown = self._shown.get(word, ("", ""))
        goes_on = inside(before) if before != OUTSIDE else ""
        is_doubtful = then != before and shown != OUTSIDE and rank[:1] == [goes_on]  # shown as a start of its own
        order = rank if is_doubtful else [shown, *rank]
        for tag in order:
            if tag in node.toward or (tag and tag == node.tag):
                return tag
        return node.tag or next(iter(node.toward))

    def kind(self, word: int, before: str) -> int:
        """Where the likeliest tag of a word after a tag comes from; see `gner.decoding.draft_trust`."""
        if word in self._shown:
            return SHOWN
        if self._recalled is not None:
            return RECALLED
        return guessed(self._sentence.sureness(word, before))

    def show(self, word: int, before: str, node: TrieNode) -> None:
        """Note that a model wants one of the tags that a beginning leaves open."""
        self._shown[word] = (before, self.tag(word, before, node))
