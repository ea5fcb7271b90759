"""Probabilities of tags are those of their texts, and the best tags those that enumerating finds."""

from itertools import pairwise, product
from math import log, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gner.bio import OUTSIDE, find_fault, tags_of
from gner.decoding.tag_chain import TagChain
from gner.decoding.teacher_forcing import AnswerReader
from gner.decoding.token_tree import read_trees
from gner.decoding.word_tokens import PieceTokenizer, TrieNode
from gner.interfaces import Kind, kind_of
from gner.prompting import GnerFormat
from gner.prompting.boundaries import BOUNDARIES, Boundaries, Turn, marks_of
from gner.records import Example
from gner.testing import TinyModel, make_examples, tiny_model

KINDS = (Kind.SEQ2SEQ, Kind.CAUSAL)
pytestmark = pytest.mark.usefixtures("no_gradients")


def _format(boundaries: Boundaries) -> GnerFormat:
    return GnerFormat(instruction=None, boundaries=boundaries, merge_adjacent=boundaries == "none")


def _chain(model: TinyModel, example: Example) -> tuple[TagChain, PieceTokenizer]:
    pieces = PieceTokenizer(model.tokenizer, model.format, kind_of(model.network.config))
    return TagChain(pieces, example), pieces


def _read(model: TinyModel, chain: TagChain, *cuts: int) -> None:
    bounds = [0, *cuts, len(chain.example.words)]
    for start, end in pairwise(bounds):
        tree = chain.tree(start, end)
        [values] = read_trees(model.network, model.batch([chain.example]), [0], [tree.tokens])
        chain.learn(tree, values)


def _expected(model: TinyModel, pieces: PieceTokenizer, example: Example, word: int, before: str) -> dict[str, float]:
    """What the network thinks of each tag of a word, all words before but one having O."""
    tags = [OUTSIDE] * (word - 1) + [before] * (word > 0)
    history: list[int] = []
    for at, (tag_before, tag) in enumerate(zip([OUTSIDE, *tags], tags, strict=False)):
        choices = pieces.choices(example, at, tag_before)
        history += [*choices.stem, *(token for _, token in choices.tags.path(tag))]
    choices = pieces.choices(example, word, before)
    history += choices.stem
    found: dict[str, float] = {}
    reader = AnswerReader(model.network, model.batch([example]))

    def walk(node: TrieNode, written: list[int], log_prob: float) -> None:
        if node.tag is not None:
            found[node.tag] = 2.718281828459045**log_prob
            return
        [[[*values]]] = reader.log_probs([0], [[*written, 3]], [[list(node.children)]])
        total = log(sum(2.718281828459045**value for value in values))
        for (token, child), value in zip(node.children.items(), values, strict=True):
            walk(child, [*written, token], log_prob + value - total)

    walk(choices.tags, history, 0.0)
    return found


@pytest.mark.parametrize("boundaries", BOUNDARIES)
@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_those_of_the_texts(kind: Kind, boundaries: Boundaries) -> None:
    model = tiny_model(kind, format=_format(boundaries))
    example = make_examples()[2]
    chain, pieces = _chain(model, example)
    _read(model, chain)
    for word in range(len(example.words)):
        after_outside = chain.probabilities(word, OUTSIDE)
        assert after_outside == pytest.approx(_expected(model, pieces, example, word, OUTSIDE), abs=1e-4)
        if word == 0:
            continue
        for before in set(pieces.choices(example, word - 1, OUTSIDE).tags.toward) - {OUTSIDE}:
            found = chain.probabilities(word, before)
            expected = _expected(model, pieces, example, word, before)
            assert sum(found.values()) == pytest.approx(1)
            assert found.keys() == expected.keys()
            for tag in found.keys() - after_outside.keys() | {OUTSIDE} & found.keys():
                assert found[tag] == pytest.approx(expected[tag], abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_several_trees_are_one(kind: Kind) -> None:
    model, example = tiny_model(kind), make_examples()[0]
    (whole, _), (parts, _) = _chain(model, example), _chain(model, example)
    _read(model, whole)
    _read(model, parts, 1, 4)
    assert parts.best().tags == whole.best().tags
    assert parts.best().probabilities == pytest.approx(whole.best().probabilities, abs=1e-4)


def _stand_in(tag: str, boundaries: Boundaries) -> str:
    """The tag after which trees ask, in place of one that does not follow O."""
    if boundaries == "none":
        return tag
    return {"I": "B", "E": "S"}.get(tag[0], tag[0]) + tag[1:]


@pytest.mark.parametrize("boundaries", BOUNDARIES)
@pytest.mark.parametrize("seed", range(4))
def test_the_best_tags_are_found(seed: int, boundaries: Boundaries) -> None:
    model = tiny_model(Kind.CAUSAL, seed, _format(boundaries))
    words = ("New", "York", "and", "Oslo")
    example = Example(words, (OUTSIDE,) * 4, ("person", "place"), "toy", "0")
    chain, _ = _chain(model, example)
    _read(model, chain)
    best = 0.0
    for sequence in product(marks_of(example.types, boundaries), repeat=4):
        probabilities = []
        for word, (before, mark) in enumerate(zip((OUTSIDE, *sequence), sequence, strict=False)):
            allowed = Turn.after(before, boundaries, is_last=word == 3).marks(example.types, boundaries)
            if mark not in allowed:
                break
            probabilities.append(chain.probabilities(word, _stand_in(before, boundaries))[mark])
        else:
            best = max(best, prod(probabilities))
    found = chain.best()
    assert prod(found.probabilities) == pytest.approx(best, rel=1e-6)
    if boundaries == "bio":
        assert find_fault(found.tags, "IOB2") is None
        assert set(found.tags) <= set(tags_of(example.types))


@settings(max_examples=30)
@given(st.integers(0, 8), st.integers(1, 400))
def test_trees_stay_within_their_room(start: int, room: int) -> None:
    model, example = tiny_model(Kind.CAUSAL), make_examples()[2]
    chain, _ = _chain(model, example)
    end, num_tokens = chain.reach(start, room)
    assert start < end <= len(example.words)
    assert end == start + 1 or num_tokens <= room
    assert len(chain.tree(start, end).tokens.tokens) <= num_tokens
