"""What a client may ask, and within which limits."""

from typing import Any

import pytest

from gner.errors import UserError
from gner.serving.predict_request import PredictRequest, RefusedRequest, RequestLimits

LIMITS = RequestLimits(max_texts=2, max_characters=10, max_types=2)


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        ({}, 422, "either `text` or `texts`"),
        ({"text": "a", "texts": ["a"]}, 422, "either `text` or `texts`"),
        ({"texts": ["a"] * 3}, 413, "at most 2 texts, got 3"),
        ({"texts": ["a" * 6, "b" * 6]}, 413, "at most 10 characters, got 12"),
        ({"text": "a", "types": ["x", "y", "z"]}, 422, "at most 2 types, got 3"),
        ({"text": "a", "types": {"x": "y" * 2000}}, 422, "at most 1,000 characters, got 2,001"),
        ({"text": "a", "decoding": "constraint"}, 422, "Did you mean `Constrained`?"),
        ({"text": "a", "decoding": "gner.decoding.greedy.Greedy"}, 422, "Expected a `decoding` of"),
        ({"text": "a\ud800"}, 422, r"surrogate pair \(U\+D800\)"),
        ({"text": "a", "types": {"x": "\udfff"}}, 422, r"surrogate pair \(U\+DFFF\)"),
    ],
)
def test_a_request_beyond_limits_is_refused_with_a_reason(asked: dict[str, Any], status: int, message: str) -> None:
    with pytest.raises(RefusedRequest, match=message) as refused:
        LIMITS.check(PredictRequest(**asked))
    assert refused.value.status_code == status


@pytest.mark.parametrize("asked", [{"text": ""}, {"texts": []}, {"texts": ["12345", "67890"], "types": []}])
def test_a_request_at_its_limits_passes(asked: dict[str, Any]) -> None:
    LIMITS.check(PredictRequest(**asked))


def test_a_strategy_has_one_name_however_it_is_spelt() -> None:
    names = {
        PredictRequest(text="a", decoding=name).strategy() for name in ("beam_search", "BEAM-search", "BeamSearch")
    }
    assert names == {"BeamSearch"}


def test_limits_are_positive() -> None:
    with pytest.raises(UserError, match="Expected `max_types` >= 1, got 0"):
        RequestLimits(max_types=0)
