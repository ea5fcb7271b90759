"""Tokens of each word with each of its possible tags, as a format writes them.

Tags are those that the format's answers have, which `gner.prompting.boundaries` calls marks; so too in what builds on
this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from gner.bio import OUTSIDE
from gner.interfaces import Kind, TextModel
from gner.prompting import Format
from gner.prompting.boundaries import Turn, marks_of
from gner.records import Example

_MOST_KEPT = 200_000
_WORD = "a"
"""A word from which no tokenizer takes anything."""


class TrieNode:
    """What some tags are written with has this beginning in common.

    Attributes:
        tag: The tag that is complete here, or None. Of tags that a tokenizer writes alike, the first.
        children: What can come next, by token.
        toward: For each tag that continues from here, the next token.
        depth: How many tokens can follow.
        last: At the empty beginning, the tokens that tags end with.

    Example:
        >>> root = TrieNode.of({"O": [4], "B-city": [5, 7], "B-song": [5, 8]})
        >>> list(root.children), root.toward, root.children[5].children[8].tag
        ([4, 5], {'O': 4, 'B-city': 5, 'B-song': 5}, 'B-song')
    """

    __slots__ = ("children", "depth", "last", "tag", "toward")

    def __init__(self) -> None:
        self.tag: str | None = None
        self.depth = 0
        self.last: frozenset[int] = frozenset()
        self.children: dict[int, TrieNode] = {}
        self.toward: dict[str, int] = {}

    @classmethod
    def of(cls, written: Mapping[str, Sequence[int]]) -> TrieNode:
        """The empty beginning of all that is written, given by tag.

        Example:
            >>> root = TrieNode.of({"O": [4], "B-city": [5, 7], "B-town": [5, 7]})  # tags that a tokenizer writes alike
            >>> root.children[5].children[7].tag, root.last, root.depth
            ('B-city', frozenset({4, 7}), 2)
        """
        root = cls()
        root.last = frozenset(tokens[-1] for tokens in written.values() if tokens)
        for tag, tokens in written.items():
            path = [root]
            for token in tokens:
                path.append(path[-1].children.setdefault(token, cls()))
            if path[-1].tag is None:
                path[-1].tag = tag
                for at, token in enumerate(tokens):
                    path[at].toward[tag] = token
                    path[at].depth = max(path[at].depth, len(tokens) - at)
        return root

    def path(self, tag: str) -> list[tuple[TrieNode, int]]:
        """The beginnings on the way from here to a tag, each with the token that comes next.

        Example:
            >>> root = TrieNode.of({"O": [4], "B-city": [5, 7, 9], "B-song": [5, 8]})
            >>> [token for _, token in root.path("B-city")]
            [5, 7, 9]
        """
        node, steps = self, []
        while node.tag != tag:
            token = node.toward[tag]
            steps.append((node, token))
            node = node.children[token]
        return steps


class Choices(NamedTuple):
    """How a word can be written.

    Attributes:
        stem: What it begins with, whatever its tag is.
        tags: What can follow.
    """

    stem: tuple[int, ...]
    tags: TrieNode


class _Word(NamedTuple):
    text: str
    types: tuple[str, ...]
    is_first: bool
    """Whether it begins an answer that has no space before it."""


class PieceTokenizer:
    """Tokens of pieces, a piece being a word with its tag, as they are in a whole answer.

    Most words have a token boundary before the bracket of their tag. Then the tokens of tags are known from any other
    word, and a word is tokenized once or twice instead of once per tag; other words are tokenized with every tag.

    Args:
        tokenizer: The model's.
        format: What writes the pieces.
        kind: Of the backbone: a seq2seq one's answer starts a text of its own, others' follow the prompt.
        num_probes: Tags with which a word is tokenized to see whether there is a token boundary before them: two, of
            which one is of an entity, or one where a rare mistake costs time only.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[0]
        >>> pieces = PieceTokenizer(model.tokenizer, model.format, Kind.CAUSAL)
        >>> choices = pieces.choices(example, position=1, before="O")
        >>> model.tokenizer.decode(choices.stem), sorted(choices.tags.toward)  # no I- after O
        ('Lovelace', ['B-person', 'B-place', 'O'])
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, format: Format, kind: Kind, num_probes: int = 2) -> None:
        self._tokenizer = tokenizer
        self._format = format
        turns = format.turns(tokenizer)
        self._starts_answer = kind is Kind.SEQ2SEQ or turns.lead is not None
        self._turns = turns if kind is not Kind.SEQ2SEQ else None
        self._num_probes = num_probes
        self._before = self._token_ids([_WORD])[0]
        self._start = answer_start(tokenizer) if kind is Kind.SEQ2SEQ else ()
        self._stems: dict[_Word, tuple[int, ...] | None] = {}
        self._choices: dict[tuple[_Word, Turn], Choices] = {}
        self._endings: dict[tuple[str, ...], dict[str, tuple[int, ...]]] = {}
        self._tries: dict[tuple[tuple[str, ...], Turn], TrieNode] = {}

    def is_for(self, model: TextModel) -> bool:
        """Whether these are the pieces of a model; they may be used for all its batches."""
        return self._tokenizer is model.tokenizer and self._format is model.format

    def writes_every_word(self, example: Example) -> bool:
        """Whether the format's text for an example is its pieces, with a space between them.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> from gner.testing import make_examples, tiny_model
            >>> for format in (GnerFormat(), GnerFormat(context_window=1)):
            ...     pieces = PieceTokenizer(tiny_model("causal").tokenizer, format, Kind.CAUSAL)
            ...     pieces.writes_every_word(make_examples()[0])
            True
            False
        """
        tags = [OUTSIDE] * len(example.words)
        pieces = [self._texts(example, word, [OUTSIDE])[0] for word in example.words]
        return all(pieces) and self._format.draft(example, tags) == " ".join(pieces)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Tokenize at once what will be asked for."""
        if len(self._stems) > _MOST_KEPT:
            self._stems.clear()
            self._choices.clear()
            self._endings.clear()
            self._tries.clear()
        firsts: dict[_Word, Example] = {}
        others: dict[_Word, Example] = {}
        num_firsts = int(self._starts_answer)
        for example in examples:
            firsts |= {_Word(word, example.types, True): example for word in example.words[:num_firsts]}
            others |= {_Word(word, example.types, False): example for word in example.words[num_firsts:]}
        for words in (firsts, others):
            missing = {word: example for word, example in words.items() if word not in self._stems}
            if missing:
                self._learn(missing)

    def choices(self, example: Example, position: int, before: str) -> Choices:
        """How a word of an example can be written with any tag that may follow the tag before.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> model, example = tiny_model("causal"), make_examples()[0]
            >>> pieces = PieceTokenizer(model.tokenizer, model.format, Kind.CAUSAL)
            >>> sorted(pieces.choices(example, position=1, before="B-person").tags.toward)
            ['B-person', 'B-place', 'I-person', 'O']
        """
        word = _Word(example.words[position], example.types, position == 0 and self._starts_answer)
        turn = Turn.after(before, self._format.boundaries, is_last=position == len(example.words) - 1)
        key = (word, turn)
        if key not in self._choices:
            if word not in self._stems:
                self._learn({word: example})
            self._choices[key] = self._make(example, word, turn)
        return self._choices[key]

    def _learn(self, words: Mapping[_Word, Example]) -> None:
        """Learn which words have a token boundary before the tag; all are the first of an answer, or none is."""
        probes = [
            self._texts(example, word.text, self._tags(word.types)[: self._num_probes])
            for word, example in words.items()
        ]
        rows = iter(self._tokenize(list(chain.from_iterable(probes)), next(iter(words)).is_first))
        for word, example in words.items():
            endings = list(self._endings_of(example).values())[: self._num_probes]
            stems = {_without(row, ending) for ending, row in zip(endings, rows, strict=False)}
            self._stems[word] = stems.pop() if len(stems) == 1 else None

    def _make(self, example: Example, word: _Word, turn: Turn) -> Choices:
        stem = self._stems[word]
        allowed = turn.marks(word.types, self._format.boundaries)
        if stem is not None:
            key = (word.types, turn)
            if key not in self._tries:
                endings = self._endings_of(example)
                self._tries[key] = TrieNode.of({tag: endings[tag] for tag in allowed})
            return Choices((*self._start, *stem) if word.is_first else stem, self._tries[key])
        rows = self._tokenize(self._texts(example, word.text, allowed), word.is_first)
        start = self._start if word.is_first else ()
        return Choices(start, TrieNode.of(dict(zip(allowed, rows, strict=True))))

    def _endings_of(self, example: Example) -> dict[str, tuple[int, ...]]:
        """The tokens of each tag after a word; empty where they depend on the word."""
        if example.types not in self._endings:
            tags = self._tags(example.types)
            [word, *rows] = self._tokenize([_WORD, *self._texts(example, _WORD, tags)], False)
            are_separate = all(row[: len(word)] == word and len(row) > len(word) for row in rows)
            endings = [tuple(row[len(word) :]) if are_separate else () for row in rows]
            self._endings[example.types] = dict(zip(tags, endings, strict=True))
        return self._endings[example.types]

    def _tags(self, types: Sequence[str]) -> list[str]:
        return marks_of(types, self._format.boundaries)

    def _texts(self, example: Example, word: str, tags: Sequence[str]) -> list[str]:
        """A word with each of some tags; empty where the format would leave the word out."""
        alone = replace(example, words=(word,), tags=(OUTSIDE,))
        return [self._format.draft_marks(alone, [tag]) or "" for tag in tags]

    def _tokenize(self, texts: Sequence[str], first: bool) -> list[list[int]]:
        """Token ids of texts, after another piece or at the start of an answer that has no space before it."""
        if first:
            return self._tokenize_first(texts)
        before, rows = self._before, self._token_ids([f"{_WORD} {text}" for text in texts])
        joined = [text for text, row in zip(texts, rows, strict=True) if row[: len(before)] != before]
        alone = dict(zip(joined, self._token_ids(joined), strict=True))  # the tokenizer joins words
        return [(alone.get(text) or row[len(before) :]) if text else [] for text, row in zip(texts, rows, strict=True)]

    def _tokenize_first(self, texts: Sequence[str]) -> list[list[int]]:
        if self._turns is None:
            rows = self._token_ids(texts)
        else:
            context = self._turns.last_words(_WORD)
            rows = self._turns.tokenize_after(self._tokenizer, context, list(map(self._turns.answer, texts)))
        return [row if text else [] for text, row in zip(texts, rows, strict=True)]

    def _token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        rows: list[list[int]] = self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return rows


def has_drafts(format: Format, example: Example) -> bool:
    """Whether a format has a text for given tags; see `gner.prompting.Format.draft`.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> has_drafts(GnerFormat(context_window=0), Example(("Ada",), ("O",), ("person",), "toy", "0"))
        True
    """
    return format.draft(example, [OUTSIDE] * len(example.words)) is not None


def answer_start(tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """Special tokens that a seq2seq model's answers start with: none for T5, ``<s>`` for BART.

    Example:
        >>> from gner.testing import tiny_model
        >>> answer_start(tiny_model("seq2seq").tokenizer)
        ()
    """
    start: list[int] = tokenizer(text_target="")["input_ids"]
    return tuple(start[: start.index(tokenizer.eos_token_id)] if tokenizer.eos_token_id in start else start)


def _without(tokens: Sequence[int], ending: Sequence[int]) -> tuple[int, ...] | None:
    """Tokens without their ending, or None if they end otherwise."""
    size = len(tokens) - len(ending)
    return tuple(tokens[:size]) if ending and size > 0 and tuple(tokens[size:]) == ending else None
