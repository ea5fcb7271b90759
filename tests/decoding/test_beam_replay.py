"""The steps of beam search."""

import random
from functools import cache

import pytest

from gner.decoding.beam_replay import BeamReplay, Node, Rules

END, NUM_TOKENS = 0, 9


def _scores(seed: int, sharpness: float) -> dict[tuple[int, ...], list[tuple[int, float]]]:
    """A cache of made-up continuations by what was written."""

    @cache
    def following(tokens: tuple[int, ...]) -> list[tuple[int, float]]:
        """Tokens with log-probabilities, the likeliest first."""
        draw = random.Random(f"{seed} {tokens}")
        scores = [(token, -sharpness * draw.expovariate(1)) for token in range(NUM_TOKENS)]
        return sorted(scores, key=lambda pair: -pair[1])

    class Lazy(dict[tuple[int, ...], list[tuple[int, float]]]):
        """Computes what is missing."""

        def __missing__(self, tokens: tuple[int, ...]) -> list[tuple[int, float]]:
            return following(tokens)

    return Lazy()


def _search(rules: Rules, seed: int, sharpness: float) -> tuple[BeamReplay, int]:
    """Search to the end; returns how many beginnings were asked for, too."""
    scores, replay, asked = _scores(seed, sharpness), BeamReplay(rules, Node()), 0
    while not replay.is_done:
        for node in [beam.node for beam in replay.running]:
            if node.next is None:
                node.next = scores[tuple(node.tokens())][: 2 * rules.num_beams]
                asked += 1
        replay.advance_known()
    return replay, asked


@pytest.mark.parametrize("length_penalty", [0.0, 0.7, 1.0, 2.0, -1.0])
@pytest.mark.parametrize("sharpness", [0.1, 1.0, 5.0])
def test_leaving_beams_out_does_not_change_the_best_answer(length_penalty: float, sharpness: float) -> None:
    num_asked = [0, 0]
    for seed in range(60):
        rules = Rules(num_beams=2 + seed % 3, length_penalty=length_penalty, end=END, limit=3 + seed % 20)
        whole, all_asked = _search(rules, seed, sharpness)
        lazy, some_asked = _search(rules._replace(only_best=True), seed, sharpness)
        one, other = lazy.finished[0], whole.finished[0]
        assert (one.node.tokens(), one.score) == (other.node.tokens(), pytest.approx(other.score))
        num_asked[0] += some_asked
        num_asked[1] += all_asked
    assert num_asked[0] <= num_asked[1]


def test_a_row_has_as_many_answers_as_beams_and_the_best_is_first() -> None:
    replay, _ = _search(Rules(num_beams=3, length_penalty=1.0, end=END, limit=12), seed=1, sharpness=1.0)
    scores = [beam.score for beam in replay.finished]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)


def test_an_answer_ends_at_its_limit_or_where_it_loops() -> None:
    for rules, length in (
        (Rules(1, 1.0, END, limit=4), 4),
        (Rules(1, 1.0, END, limit=500), 500),
        (Rules(1, 1.0, END, limit=500, stops_loops=True), 96),
    ):
        replay = BeamReplay(rules, Node())
        while not replay.is_done:
            replay.advance([[(5, -0.1), (6, -9.0)]])
        assert len(replay.finished[0].node.tokens()) == length


def test_a_search_that_was_forked_goes_its_own_way() -> None:
    replay = BeamReplay(Rules(2, 1.0, END, limit=9), Node())
    replay.advance([[(5, -0.1), (6, -0.5), (7, -4.0), (8, -5.0)]])
    ahead = replay.fork()
    ahead.advance([[(END, -0.1), (7, -9.0)], [(END, -0.1), (7, -9.0)]])
    assert (ahead.num_written, replay.num_written, len(replay.finished)) == (2, 1, 0)
    assert [node.token for node in replay.needed()] == [5, 6]
