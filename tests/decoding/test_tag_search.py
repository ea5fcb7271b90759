"""Best-first search over tags, with a made-up network."""

import random
from collections.abc import Sequence
from itertools import product
from math import exp, inf, log

import pytest

from gner.bio import find_fault, tags_of
from gner.decoding.tag_forecast import Question
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.tag_search import TagSearch, Written
from gner.decoding.word_tokens import PieceTokenizer
from gner.interfaces import Kind
from gner.records import Example
from gner.testing import tiny_model

MODEL = tiny_model("causal")
PIECES = PieceTokenizer(MODEL.tokenizer, MODEL.format, Kind.CAUSAL)
END = MODEL.tokenizer.eos_token_id
EXAMPLE = Example(("Ada", "in", "London", ")"), ("O",) * 4, ("person", "big place"), "toy", "0")


def _log_prob(seed: int, before: Sequence[int], token: int) -> float:
    """What the made-up network says of a token."""
    return log(random.Random(f"{seed} {list(before)} {token}").uniform(0.01, 1))


def _total(seed: int, tokens: Sequence[int]) -> float:
    return sum(_log_prob(seed, tokens[:at], token) for at, token in enumerate(tokens))


def _search(seed: int, num_beams: int, limit: float = inf, most: float = 1) -> Written:
    guesses = Guesses(TagMemory(), EXAMPLE)
    search = TagSearch(PIECES, EXAMPLE, end=END, num_beams=num_beams, guesses=guesses, limit=limit)
    settled: list[int] = []
    while search.advance():
        chains = search.wanted(30, most)
        assert 1 <= len(chains) <= most
        for chain in chains:
            search.learn(chain, [_answers_to(seed, question) for question in chain])
        assert search.settled()[: len(settled)] == settled  # what is settled stays
        settled = search.settled()
    written = search.written()
    assert written.tokens[: len(settled)] == settled
    return written


def _answers_to(seed: int, question: Question) -> list[float]:
    before = question.node.tokens()
    return [_log_prob(seed, before, token) for token in question.tokens]


def _answers() -> dict[tuple[str, ...], list[int]]:
    """Every valid sequence of tags with the tokens of its answer."""
    found = {}
    for tags in product(tags_of(EXAMPLE.types), repeat=len(EXAMPLE.words)):
        if find_fault(tags, "IOB2") is None:
            tokens: list[int] = []
            for position, tag in enumerate(tags):
                stem, node = PIECES.choices(EXAMPLE, position, tags[position - 1] if position else "O")
                tokens += [*stem, *(token for _, token in node.path(tag))]
            found[tags] = [*tokens, END]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_search_finds_the_most_probable_tags_of_all(seed: int) -> None:
    answers = _answers()
    written = _search(seed, num_beams=len(answers), most=3)
    assert written.tokens == answers[written.tags]
    assert sum(written.log_probs) == pytest.approx(max(_total(seed, tokens) for tokens in answers.values()))


@pytest.mark.parametrize("num_beams", [1, 2, 5])
def test_log_probabilities_are_those_of_the_tokens(num_beams: int) -> None:
    written = _search(7, num_beams)
    expected = [_log_prob(7, written.tokens[:at], token) for at, token in enumerate(written.tokens)]
    assert written.log_probs == pytest.approx(expected)


def test_the_probability_of_a_tag_is_among_those_that_the_word_could_have_had() -> None:
    written = _search(3, num_beams=1)
    tokens = _answers()[written.tags]
    stem, node = PIECES.choices(EXAMPLE, 0, "O")
    expected, before = 1.0, list(stem)
    for beginning, token in node.path(written.tags[0]):
        weights = {other: exp(_log_prob(3, before, other)) for other in beginning.children}
        expected *= weights[token] / sum(weights.values())
        before.append(token)
    assert tokens[: len(before)] == before
    assert written.probabilities[0] == pytest.approx(expected)


def test_a_search_without_room_for_all_words_tags_the_first_ones() -> None:
    whole = _search(5, num_beams=1)
    short = _search(5, num_beams=1, limit=len(whole.tokens) // 2)
    assert 0 < len(short.tags) < len(whole.tags)
    assert len(short.tokens) <= len(whole.tokens) // 2
    assert short.tags == whole.tags[: len(short.tags)]
    assert whole.tokens[: len(short.tokens)] == short.tokens


@pytest.mark.parametrize("num_beams", [1, 2, 5])
def test_what_is_found_does_not_depend_on_how_much_is_read_at_once(num_beams: int) -> None:
    for seed in range(4):
        found = [_search(seed, num_beams, most=most) for most in (1, 2, inf)]
        assert found[0] == found[1] == found[2]
