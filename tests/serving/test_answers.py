"""Requests that are answered together get what each would get alone."""

from typing import Any

import pytest

from gner.errors import UserError
from gner.inference.result import Entities
from gner.serving.answers import TextAnswer, TextsAnswer, answer_together, write_answer
from gner.serving.predict_request import PredictRequest
from tests.conftest import KINDS, MakeModel

TEXTS = ["Ada Lovelace wrote to London .", "nothing to see here .", "Grace Hopper met Ada in New York .", ""]
MIXED: list[dict[str, Any]] = [
    {"text": TEXTS[0], "types": ["person", "place"]},
    {"texts": TEXTS, "types": ["person", "place"], "threshold": 0.99},
    {"texts": [], "types": ["person", "place"]},
    {"text": TEXTS[2], "types": ["place", "person"]},
    {"text": TEXTS[2], "types": {"person": "a human", "place": None}},
    {"texts": TEXTS[:2], "types": ["person", "place"], "decoding": "constrained"},
    {"text": TEXTS[2], "types": ["person", "place"], "decoding": "Constrained", "threshold": 1.1},
    {"text": TEXTS[0]},
    {"text": TEXTS[0], "types": []},
]


def _rounded(found: list[Entities]) -> list[Any]:
    """Entities with scores to five places: the last bits of a sum depend on what else is in a batch."""
    entities = [[one | {"score": round(one["score"], 5)} for one in of_text] for of_text in found]
    return [entities, [of_text.info for of_text in found]]


@pytest.mark.parametrize("kind", KINDS)
def test_answers_do_not_depend_on_the_other_requests(kind: str, make_model: MakeModel) -> None:
    model = make_model(kind)
    requests = [PredictRequest(**asked) for asked in MIXED]
    for request, found in zip(requests, answer_together(model, requests), strict=True):
        assert not isinstance(found, Exception)
        alone = model.predict_entities(
            request.all_texts(), request.types, threshold=request.threshold, decoding=request.decoding
        )
        assert _rounded(found) == _rounded(alone)


def test_a_request_that_fails_fails_alone(make_model: MakeModel) -> None:
    good = [PredictRequest(text=text, types=["person", "place"]) for text in TEXTS]
    bad = PredictRequest(text="Ada", types=["  "])
    model = make_model()
    found = answer_together(model, [bad, *good[:2], bad, *good[2:]])
    errors = [one for one in found if isinstance(one, Exception)]
    assert [type(error) for error in errors] == [UserError, UserError]
    assert [one for one in found if not isinstance(one, Exception)] == answer_together(model, good)


def test_a_text_that_fails_within_a_group_fails_alone(make_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model()
    split = model.labeller.split

    def refuse_some(text: str) -> Any:
        if "broken" in text:
            raise MemoryError("too much")
        return split(text)

    monkeypatch.setattr(model.labeller, "split", refuse_some)
    requests = [PredictRequest(text=text, types=["person"]) for text in [*TEXTS, "broken", *TEXTS]]
    found = answer_together(model, requests)
    assert [isinstance(one, MemoryError) for one in found] == [False] * 4 + [True] + [False] * 4


def test_an_answer_has_the_layout_of_its_request(make_model: MakeModel) -> None:
    model = make_model()
    found = model.predict_entities([TEXTS[0]])
    one = write_answer(PredictRequest(text=TEXTS[0]), found)
    several = write_answer(PredictRequest(texts=[TEXTS[0]]), found)
    assert isinstance(one, TextAnswer)
    assert one.model_dump() == {"entities": list(found[0]), "info": found[0].info.as_dict()}
    assert several == TextsAnswer(results=[one])
