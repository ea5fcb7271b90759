"""Numbers of agreement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import repair, to_entities
from gner.data.compare.annotated import Annotated
from gner.data.compare.pairing import Pairs
from gner.data.compare.ranking import TagsElsewhere, rank
from gner.data.compare.summary import Summary, summarize
from gner.records import Counts, Entity
from gner.scoring.counts import score_of
from tests.data.compare.annotations import annotated

TAGS = st.lists(st.sampled_from(["O", "B-x", "I-x", "B-y"]), min_size=5, max_size=5).map(lambda t: repair(t)[0])


def _summary(*both: tuple[Annotated, Annotated]) -> Summary:
    return summarize(Pairs(list(both), [both[0][0]], []), rank(both, TagsElsewhere(a for a, _ in both)))


def test_everything_is_counted() -> None:
    a = annotated("Ada left Oslo", Entity(0, 1, "person"), Entity(2, 3, "city"))
    b = annotated("Ada left Oslo", Entity(0, 1, "person", 0.9), Entity(2, 3, "club", 0.9))
    found = _summary((a, a), (a, b), (b, a))
    assert (found.num_both, found.num_agreeing, found.num_only_a, found.num_only_b) == (3, 1, 1, 0)
    assert found.kinds == {"only_a": 0, "only_b": 0, "type": 2, "borders": 0}
    assert found.confused == [(("city", "club"), 1), (("club", "city"), 1)]
    assert found.score.f1 == pytest.approx(4 / 6)
    assert found.as_values()["confused"] == [["city", "club", 1], ["club", "city", 1]]


@given(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=4))
def test_f1_is_that_of_the_scorer(tags: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    sides = [[annotated("a b c d e", *to_entities(side)) for side in pair] for pair in tags]
    gold = {(number, one) for number, (a, _) in enumerate(sides) for one in a.entities}
    predicted = {(number, one) for number, (_, b) in enumerate(sides) for one in b.entities}
    assert _summary(*((a, b) for a, b in sides)).score == score_of(Counts.of_sets(gold, predicted))
