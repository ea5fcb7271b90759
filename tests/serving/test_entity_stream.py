"""A stream has what `predict_entities` finds, line by line, whatever windows the text is read in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import HTTPException

from gner.inference.labeller import ModelOptions
from gner.inference.model import GNER
from gner.inference.result import Entities
from gner.inference.tagger import Words
from gner.serving.answers import answer_together
from gner.serving.entity_stream import Ask, EntitiesLine, ErrorLine, InfoLine, Line, open_stream
from gner.serving.predict_request import PredictRequest
from gner.serving.window_request import ServedRequest, WindowRequest
from tests.conftest import KINDS, MakeModel

SENTENCES = "Ada Lovelace wrote to Grace Hopper . Nothing to see here . Grace met Ada in New York and in London . "
ENDLESS = "Ada met Grace in London and Bob in Rome " * 12
TYPES = ["person", "place"]


async def _collect(lines: AsyncIterator[Line]) -> list[Line]:
    return [line async for line in lines]


def _stream(ask: Ask, ahead: int = 3, **asked: Any) -> list[Line]:
    async def run() -> list[Line]:
        return await _collect(await open_stream(ask, PredictRequest(**asked), ahead))

    return asyncio.run(run())


def _asking(model: GNER) -> Ask:
    async def ask(step: ServedRequest) -> Any:
        [answer] = answer_together(model, [step])
        if isinstance(answer, Exception):
            raise HTTPException(422, str(answer))
        return answer

    return ask


def _check(lines: list[Line], text: str, whole: Entities) -> None:
    *parts, last = lines
    assert isinstance(last, InfoLine)
    assert last.info == whole.info.as_dict()
    found: list[dict[str, Any]] = []
    end = 0
    for part in parts:
        assert isinstance(part, EntitiesLine)
        assert part.start == end
        end = part.end
        assert all(part.start <= entity.start < end for entity in part.entities)
        found += [entity.model_dump() for entity in part.entities]
    assert found == [one | {"score": pytest.approx(one["score"], abs=1e-5)} for one in whole]
    assert not parts or end == len(text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "asked",
    [
        {"text": SENTENCES * 4, "types": TYPES, "decoding": "constrained"},
        {"text": SENTENCES * 4, "types": {"person": "a human", "(place": None}, "threshold": 0.3},
        {"text": ENDLESS, "types": TYPES, "decoding": "constrained"},
        {"text": f"  {ENDLESS}\n", "types": TYPES, "decoding": "one_pass"},
        {"text": SENTENCES},
        {"text": SENTENCES, "types": []},
        {"text": " ", "types": TYPES},
    ],
)
@pytest.mark.parametrize("max_tokens", [None, 200])
def test_the_lines_are_together_what_predict_entities_finds(
    kind: str, asked: dict[str, Any], max_tokens: int | None, make_model: MakeModel
) -> None:
    model = make_model(kind, longest_sentence=12, options=ModelOptions(max_tokens=max_tokens))
    options = {name: asked[name] for name in ("threshold", "decoding") if name in asked}
    whole = model.predict_entities(asked["text"], asked.get("types"), **options)
    _check(_stream(_asking(model), **asked), asked["text"], whole)


def test_windows_that_are_split_are_streamed_too(make_model: MakeModel) -> None:
    short = {"class_path": "Greedy", "init_args": {"max_new_tokens": 8}}
    model = make_model("causal", longest_sentence=12)
    labels = model.labeller.labels(TYPES)
    by_name = _asking(model)

    async def ask(step: ServedRequest) -> Any:
        if isinstance(step, WindowRequest):
            words = Words(step.words, [len(step.words)], is_window=True)
            return next(model.labeller.find([words], labels, decoding=short))
        return await by_name(step)

    whole = model.predict_entities(SENTENCES, TYPES, decoding=short)
    assert whole.info.num_too_long > 0
    _check(_stream(ask, text=SENTENCES, types=TYPES), SENTENCES, whole)


def test_an_error_after_the_first_lines_is_the_last_line(make_model: MakeModel) -> None:
    ask = _asking(make_model("causal", longest_sentence=12))
    num_windows = 0

    async def break_later(step: ServedRequest) -> Any:
        nonlocal num_windows
        num_windows += isinstance(step, WindowRequest)
        if num_windows == 4:
            raise HTTPException(504, "too late")
        return await ask(step)

    *lines, last = _stream(break_later, text=SENTENCES * 4, types=TYPES)
    assert len(lines) == 3
    assert isinstance(last, ErrorLine)
    assert last.error.model_dump() == {"status": 504, "detail": "too late"}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"texts": ["Ada"], "types": TYPES}, "Expected `text` for a stream"),
        ({"text": "Ada", "types": [" "]}, "at least one visible character"),
    ],
)
def test_what_cannot_be_answered_is_refused_before_the_first_line(
    asked: dict[str, Any], message: str, make_model: MakeModel
) -> None:
    with pytest.raises(HTTPException, match=message):
        _stream(_asking(make_model("causal")), **asked)


def test_only_so_many_windows_are_asked_for_at_a_time(make_model: MakeModel) -> None:
    ask = _asking(make_model("causal", longest_sentence=12))
    waiting: list[int] = []
    open_now = 0

    async def count(step: ServedRequest) -> Any:
        nonlocal open_now
        open_now += 1
        waiting.append(open_now)
        await asyncio.sleep(0)
        answer = await ask(step)
        open_now -= 1
        return answer

    _stream(count, ahead=4, text=SENTENCES * 6, types=TYPES)
    assert max(waiting) == 4
