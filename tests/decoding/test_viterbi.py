"""The Viterbi search finds what trying all sequences finds."""

from itertools import product

import numpy as np
import pytest

from gner.bio import follows, tags_of
from gner.decoding.viterbi import best_tags


@pytest.mark.parametrize("num_types", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(10))
def test_it_finds_the_best_valid_sequence(num_types: int, seed: int) -> None:
    names = tags_of([f"t{number}" for number in range(num_types)])
    log_probs = np.log(np.random.default_rng(seed).dirichlet(np.full(len(names), 0.5), size=(2, 4)) + 1e-9)
    for scores, found in zip(log_probs, best_tags(log_probs), strict=True):
        allowed = (
            tags
            for tags in product(range(len(names)), repeat=4)
            if all(follows(names[before], names[tag]) for before, tag in zip((0, *tags), tags, strict=False))
        )
        best = max(allowed, key=lambda tags: scores[range(4), tags].sum())
        assert scores[range(4), found].sum() == pytest.approx(scores[range(4), best].sum())
        assert all(follows(names[before], names[tag]) for before, tag in zip((0, *found), found, strict=False))


def test_no_words_have_no_tags() -> None:
    assert best_tags(np.zeros((2, 0, 5))) == [[], []]


def test_forbidden_tags_and_padding_are_o() -> None:
    log_probs = np.full((1, 3, 5), -np.inf)
    log_probs[0, 0] = np.log([0.1, 0.6, 0.1, 0.1, 0.1])
    log_probs[0, 1, 0] = log_probs[0, 2, 0] = 0.0
    assert best_tags(log_probs) == [[1, 0, 0]]
