import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import to_entities
from gner.data.regularization import Regularization
from tests.conftest import make_example

EXAMPLE = make_example("Ada/B-person saw/O New/B-place York/I-place", types=("person", "place", "event"))
POOL = ["person", "place", "event", "award", "food"]


@given(st.floats(0, 0.99), st.integers(0, 4), st.booleans(), st.integers())
def test_tags_follow_the_types(drop: float, external: int, shuffle: bool, seed: int) -> None:
    changed = Regularization(shuffle, drop, external).apply(POOL, EXAMPLE, random.Random(seed))
    kept = [entity for entity in to_entities(EXAMPLE.tags) if entity.type in changed.types]
    assert to_entities(changed.tags) == kept
    assert set(changed.types) & set(EXAMPLE.types)
    assert len(set(changed.types)) == len(changed.types)
    assert len(set(changed.types) - set(EXAMPLE.types)) == min(external, 2)
    assert changed.words == EXAMPLE.words


def test_types_are_shuffled_by_the_given_chance_only() -> None:
    orders = [Regularization().apply(POOL, EXAMPLE, random.Random(seed)).types for seed in range(30)]
    assert len(set(orders)) == 6
    assert orders == [Regularization().apply(POOL, EXAMPLE, random.Random(seed)).types for seed in range(30)]


def test_switched_off_it_changes_nothing() -> None:
    assert Regularization(shuffle_types=False).apply(POOL, EXAMPLE, random.Random(0)) == EXAMPLE


def test_types_keep_their_descriptions_and_added_ones_bring_theirs() -> None:
    described = replace(EXAMPLE, descriptions=(("person", "a human"), ("place", "a site")))
    known = {"award": "a prize", "person": "a dog"}
    for seed in range(20):
        changed = Regularization(drop_type=0.5, num_external_types=2).apply(POOL, described, random.Random(seed), known)
        expected = {"person": "a human", "place": "a site", "award": "a prize"}
        assert changed.descriptions == tuple((one, expected[one]) for one in changed.types if one in expected)


def test_some_descriptions_are_left_out_and_nothing_else_changes() -> None:
    described = replace(EXAMPLE, descriptions=(("person", "a human"), ("place", "a site")))
    assert Regularization(drop_description=1.0).apply(POOL, described, random.Random(0)).descriptions == ()
    some = [Regularization(drop_description=0.5).apply(POOL, described, random.Random(seed)) for seed in range(200)]
    assert 150 < sum(len(one.descriptions) for one in some) < 250
    for seed, one in enumerate(some):
        plain = Regularization().apply(POOL, described, random.Random(seed))
        assert replace(one, descriptions=plain.descriptions) == plain


def test_each_wording_of_a_description_is_seen() -> None:
    described = replace(EXAMPLE, descriptions=(("person", "a human"), ("place", "a site")))
    change = Regularization(paraphrases={"person": ["someone", "a name"]}).over([described])
    seen = [dict(change(described, random.Random(seed)).descriptions) for seed in range(300)]
    counts = Counter(one["person"] for one in seen)
    assert counts.keys() == {"a human", "someone", "a name"}
    assert all(70 < count < 130 for count in counts.values())
    assert {one["place"] for one in seen} == {"a site"}


@pytest.mark.parametrize(
    "options",
    [{"drop_type": 1.0}, {"drop_type": -0.1}, {"num_external_types": -1}, {"drop_description": 1.1}],
)
def test_impossible_numbers_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"data.regularization.{next(iter(options))}"):
        Regularization(**options)  # type: ignore[arg-type]
