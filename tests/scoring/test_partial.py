import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import repair, to_entities
from gner.records import Entity
from gner.scoring.partial import VIEWS, Categories, categories, gold_errors

TAGS = ["O", "O", "B-a", "I-a", "B-b", "I-b"]
SENTENCES = st.lists(
    st.integers(1, 9).flatmap(
        lambda size: st.tuples(*[st.lists(st.sampled_from(TAGS), min_size=size, max_size=size)] * 2)
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="nervaluate needs Python 3.11")
@given(SENTENCES)
def test_views_equal_those_of_nervaluate(sentences: list[tuple[list[str], list[str]]]) -> None:
    from nervaluate.evaluator import Evaluator  # noqa: PLC0415 - not there on Python 3.10

    valid = [(list(repair(gold)[0]), list(repair(predicted)[0])) for gold, predicted in sentences]
    results = Evaluator(*map(list, zip(*valid, strict=True)), tags=["a", "b"], loader="list").evaluate()["overall"]
    for view in VIEWS:
        found: Counter[str] = Counter()
        for gold, predicted in valid:
            found.update(categories(view, to_entities(gold), to_entities(predicted))._asdict())
        ours = Categories(**found)
        theirs = results[view]
        expected = (theirs.correct, theirs.incorrect, theirs.partial, theirs.missed, theirs.spurious)
        assert ours == expected, view
        counts = ours.counts()
        assert (counts.num_predicted, counts.num_gold) == (theirs.actual, theirs.possible)
        assert counts.num_correct == theirs.correct + (0.5 * theirs.partial if view in ("partial", "ent_type") else 0)


def test_overlap_below_one_hundredth_does_not_count() -> None:
    gold = [Entity(0, 101, "a")]
    assert categories("partial", gold, [Entity(100, 102, "a")]) == (0, 0, 0, 1, 1)
    assert categories("partial", gold, [Entity(99, 102, "a")]) == (0, 0, 1, 0, 0)


def test_each_missed_gold_entity_has_one_error_class() -> None:
    gold = [Entity(0, 2, "a"), Entity(3, 4, "a"), Entity(5, 7, "b"), Entity(8, 9, "b"), Entity(10, 12, "a")]
    predicted = [Entity(0, 2, "a"), Entity(5, 6, "b"), Entity(8, 9, "a"), Entity(10, 11, "b"), Entity(11, 13, "a")]
    assert gold_errors(gold, predicted)._asdict() == {"unlabeled": 1, "noisy": 1, "boundary": 2}


@given(SENTENCES)
def test_errors_and_correct_entities_add_up_to_the_gold_entities(sentences: list[tuple[list[str], list[str]]]) -> None:
    for tags in sentences:
        gold, predicted = map(to_entities, tags)
        assert sum(gold_errors(gold, predicted)) + len(set(gold) & set(predicted)) == len(gold)
