"""Texts of any length are read in windows."""

from collections import Counter
from itertools import pairwise

import pytest

from gner.inference.labeller import ModelOptions
from tests.conftest import KINDS, MakeModel
from tests.inference.samples import TYPES


@pytest.mark.parametrize("kind", KINDS)
def test_long_text_is_read_to_its_end(kind: str, make_model: MakeModel) -> None:
    model = make_model(kind, longest_sentence=12)
    sentence = "Grace Hopper met Ada in New York, and nothing else was seen there. "
    found = model.predict_entities(sentence * 30, TYPES, decoding="constrained")
    assert found.info.num_windows == 30
    places = Counter(entity["start"] // len(sentence) for entity in found)
    assert set(places) == set(range(30))
    assert len({(e["start"] % len(sentence), e["label"]) for e in found}) * 30 == len(found)


@pytest.mark.parametrize("kind", KINDS)
def test_long_sentence_is_split_into_windows(kind: str, make_model: MakeModel) -> None:
    model = make_model(kind, options=ModelOptions(max_tokens=150))
    found = model.predict_entities("Ada met Grace in London " * 40, TYPES, decoding="constrained")
    assert found.info.num_windows > 1
    assert found.info.num_words == 200
    assert found[-1]["end"] > 0.9 * 24 * 40
    assert all(one["end"] <= other["start"] for one, other in pairwise(found))


@pytest.mark.parametrize("kind", KINDS)
def test_window_with_a_truncated_answer_is_split(kind: str, make_model: MakeModel) -> None:
    """However low the limit, all words are labelled."""
    short = {"class_path": "Greedy", "init_args": {"max_new_tokens": 8}}
    found = make_model(kind).predict_entities("Ada Lovelace wrote to London .", TYPES, decoding=short)
    assert found.info.num_too_long > 0
    assert found.info.num_windows == found.info.num_too_long + 1
