"""How probable each tag of each word is after each tag of the word before, as one tree of tokens asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log
from typing import NamedTuple

from gner.bio import OUTSIDE, split_tag
from gner.decoding.token_tree import ROOT, TokenTree
from gner.decoding.word_tokens import Choices, PieceTokenizer, TrieNode
from gner.records import Example

_LEAST = 1e-30


class Tagged(NamedTuple):
    """The best tags of a sentence, and the probability of each given the one before."""

    tags: tuple[str, ...]
    probabilities: tuple[float, ...]


class TagTree(NamedTuple):
    """A tree, and what each of its questions is about: a word, the tag before it, and the prefix of its tag."""

    tokens: TokenTree
    asked: list[tuple[int, str, TrieNode]]

    def ask(self, node: int, word: int, before: str, prefix: TrieNode) -> None:
        """Ask how a tag goes on."""
        self.tokens.ask(node, prefix.children)
        self.asked.append((word, before, prefix))


class TagChain:
    """A sentence whose tags are a chain: each depends on the words and on one tag before.

    The probabilities are a model's, for texts in which all words before have the tag O, but for the word just before,
    which has each tag in turn. Words of an entity after its second are seen as its second: after a word that begins an
    entity. Of the tags that may follow O too, what comes after another tag is asked up to where they part only; below,
    they share the probability as after O.

    Args:
        pieces: How words are written with tags.
        example: Whose words they are.

    Attributes:
        example: The same.

    Example:
        >>> import torch
        >>> from gner.decoding.token_tree import read_trees
        >>> from gner.interfaces import Kind
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[0]
        >>> chain = TagChain(PieceTokenizer(model.tokenizer, model.format, Kind.CAUSAL), example)
        >>> tree = chain.tree(0, len(example.words))
        >>> with torch.inference_mode():
        ...     chain.learn(tree, read_trees(model.network, model.batch([example]), [0], [tree.tokens])[0])
        >>> len(chain.best().tags) == len(example.words)
        True
    """

    def __init__(self, pieces: PieceTokenizer, example: Example) -> None:
        self._pieces = pieces
        self.example = example
        self._known: dict[tuple[int, str], dict[TrieNode, dict[int, float]]] = {}

    def reach(self, start: int, room: int) -> tuple[int, int]:
        """How far a tree can go whose first scored word is given, and what it has.

        Args:
            start: The word.
            room: Tokens that the tree may have, if it scores more than one word.

        Returns:
            The word after the last one, and about how many tokens the tree has.
        """
        num_tokens, end = sum(self._num_written(word) for word in range(start)), start
        while end < len(self.example.words):
            grown = num_tokens + self._num_tokens(end)
            if end > start and grown > room:
                break
            num_tokens, end = grown, end + 1
        return end, num_tokens

    def _num_written(self, word: int) -> int:
        choices = self._choices(word, OUTSIDE)
        return len(choices.stem) + choices.tags.depth

    def _num_tokens(self, word: int) -> int:
        """Most tokens that are needed to score a word, and the next one after each of its tags."""
        stem, tags = self._choices(word, OUTSIDE)
        is_last = word + 1 == len(self.example.words)
        num_next = 0 if is_last else len(self._choices(word + 1, OUTSIDE).stem)
        return len(stem) + len(tags.toward) * (tags.depth + num_next)

    def _choices(self, word: int, before: str) -> Choices:
        return self._pieces.choices(self.example, word, before)

    def tree(self, start: int, end: int) -> TagTree:
        """What must be read for the tags of some words, and of the word behind them after each of these tags."""
        tree = TagTree(TokenTree(), [])
        trunk = ROOT
        for word in range(end):
            choices = self._choices(word, OUTSIDE)
            trunk = tree.tokens.add(trunk, choices.stem)
            ends = self._ask(tree, trunk, word, choices.tags) if word >= start else {}
            for mark, node in ends.items():
                if mark != OUTSIDE and word + 1 < len(self.example.words):
                    self._ask_after(tree, node, word + 1, mark)
            if ends:
                trunk = ends[OUTSIDE]
            else:
                trunk = tree.tokens.add(trunk, [token for _, token in choices.tags.path(OUTSIDE)])
        return tree

    def _ask(self, tree: TagTree, node: int, word: int, tags: TrieNode) -> dict[str, int]:
        """Ask for all tags of a word after O; returns the node at which each is complete."""
        ends: dict[str, int] = {}
        unread = [(node, tags)]
        while unread:
            node, prefix = unread.pop()
            if prefix.tag is not None:
                ends[prefix.tag] = node
            if prefix.children:
                tree.ask(node, word, OUTSIDE, prefix)
            unread += [(tree.tokens.add(node, [token]), child) for token, child in prefix.children.items()]
        return ends

    def _ask_after(self, tree: TagTree, node: int, word: int, before: str) -> None:
        """Ask for the tags of a word after another tag, as far as those part that could not follow O."""
        choices = self._choices(word, before)
        new = set(choices.tags.toward) - set(self._choices(word, OUTSIDE).tags.toward)
        unread = [(tree.tokens.add(node, choices.stem), choices.tags)]
        while unread:
            node, prefix = unread.pop()
            tree.ask(node, word, before, prefix)
            for token, child in prefix.children.items():
                if child.children and new & child.toward.keys():
                    unread.append((tree.tokens.add(node, [token]), child))

    def learn(self, tree: TagTree, log_probs: Sequence[Sequence[float]]) -> None:
        """Take the log-probabilities that a tree asked for."""
        for (word, before, prefix), values in zip(tree.asked, log_probs, strict=True):
            most = max(values)
            weights = [exp(value - most) for value in values]
            total = sum(weights)
            self._known.setdefault((word, before), {})[prefix] = {
                token: weight / total for token, weight in zip(prefix.children, weights, strict=True)
            }

    def probabilities(self, word: int, before: str) -> dict[str, float]:
        """How probable each tag of a word is after a tag, among those that may follow it.

        Raises:
            KeyError: No tree was read for it.
        """
        after_other = self._probabilities(word, OUTSIDE, {})
        if before == OUTSIDE:
            return after_other
        return self._probabilities(word, before, after_other)

    def _probabilities(self, word: int, before: str, shares: Mapping[str, float]) -> dict[str, float]:
        known = self._known[word, before]
        found: dict[str, float] = {}
        unread = [(1.0, self._choices(word, before).tags)]
        while unread:
            probability, prefix = unread.pop()
            if prefix.tag is not None:
                found[prefix.tag] = probability
            elif prefix in known:
                unread += [(probability * known[prefix][token], child) for token, child in prefix.children.items()]
            else:  # tags that may follow O as well share it as they do there
                total = sum(shares[tag] for tag in prefix.toward)
                found |= {
                    tag: probability * (shares[tag] / total if total else 1 / len(prefix.toward))
                    for tag in prefix.toward
                }
        return found

    def best(self) -> Tagged:
        """The most probable tags (Viterbi), once all trees were read."""
        sums: dict[str, float] = {OUTSIDE: 0.0}
        steps: list[dict[str, tuple[str, float]]] = []
        for word in range(len(self.example.words)):
            best: dict[str, tuple[float, str, float]] = {}
            for before, log_prob in sums.items():
                for tag, probability in self.probabilities(word, self._beginning(before, word)).items():
                    reached = log_prob + log(max(probability, _LEAST))
                    best[tag] = max(best.get(tag, (reached, before, probability)), (reached, before, probability))
            sums = {tag: reached for tag, (reached, _, _) in best.items()}
            steps.append({tag: (before, probability) for tag, (_, before, probability) in best.items()})
        return _walk_back(steps, max(sums, key=sums.__getitem__))

    def _beginning(self, tag: str, word: int) -> str:
        """The tag, of those after which a tree asked, that stands for another one: I- is as B-, E- as S-."""
        if not word or tag == OUTSIDE:
            return OUTSIDE
        asked = self._choices(word - 1, OUTSIDE).tags.toward
        if tag in asked:
            return tag
        entity_type, follow = split_tag(tag)[1], self._choices(word, tag).tags
        same_type = (other for other in asked if split_tag(other)[1] == entity_type)
        return next(other for other in same_type if self._choices(word, other).tags is follow)


def _walk_back(steps: Sequence[Mapping[str, tuple[str, float]]], last: str) -> Tagged:
    """The tags that led to the last one."""
    tags: list[str] = []
    probabilities: list[float] = []
    for step in reversed(steps):
        before, probability = step[last]
        tags.append(last)
        probabilities.append(probability)
        last = before
    return Tagged(tuple(reversed(tags)), tuple(reversed(probabilities)))
