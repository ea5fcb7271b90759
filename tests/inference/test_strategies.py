"""Decoding strategies by name."""

import pytest

from gner.decoding import BeamSearch, Greedy
from gner.errors import UserError
from gner.inference.strategies import find_strategy
from tests.conftest import MakeModel
from tests.inference.samples import TEXTS, TYPES


def test_unknown_strategy_raises_with_the_known_ones(make_model: MakeModel) -> None:
    with pytest.raises(UserError, match=r"got 'fast'. There are: BeamSearch, Constrained"):
        make_model().predict_entities("Ada", TYPES, decoding="fast")
    none = {"class_path": "BeamSearch", "init_args": {"num_beams": 0}}
    with pytest.raises(UserError, match="num_beams"):
        make_model().predict_entities("Ada", TYPES, decoding=none)


def test_strategies_have_short_names(make_model: MakeModel) -> None:
    model = make_model()
    beams = {"class_path": "beam-search", "init_args": {"num_beams": 1, "max_new_tokens": 30}}
    assert model.predict_entities(TEXTS[0], TYPES, decoding=beams) is not None
    greedy = model.predict_entities(TEXTS[0], TYPES, decoding="GREEDY")
    assert [{**e, "score": 0} for e in greedy] == [{**e, "score": 0} for e in model.predict_entities(TEXTS[0], TYPES)]


def test_a_strategy_or_its_class_path_and_options_are_taken_as_in_a_config() -> None:
    own = Greedy(max_new_tokens=7)
    assert find_strategy(own) is own
    made = find_strategy({"class_path": "gner.decoding.BeamSearch", "init_args": {"num_beams": 2}})
    assert isinstance(made, BeamSearch) and made.num_beams == 2
    with pytest.raises(UserError, match="num_beems"):
        find_strategy({"class_path": "BeamSearch", "init_args": {"num_beems": 2}})
