"""Batches are filled from the queue, and each request gets an answer or an error of its own."""

import pickle
import queue
import time
from collections.abc import Sequence
from typing import Any

import pytest
from litserve import LitAPI
from litserve.utils import LitAPIStatus

from gner.errors import UserError
from gner.serving.batch_loop import BatchLoop
from gner.serving.predict_request import PredictRequest, RefusedRequest

END = (None, None, None, None)


class Lengths(LitAPI):
    """Answers the length of a text; keeps what came together."""

    def setup(self, device: str) -> None:
        self.batches: list[int] = []

    def decode_request(self, request: PredictRequest) -> PredictRequest:
        if request.text == "long":
            raise RefusedRequest(413, "too long")
        return request

    def predict(self, requests: Sequence[PredictRequest]) -> list[Any]:
        self.batches.append(len(requests))
        errors: dict[str | None, Exception] = {"wrong": UserError("no such type"), "bug": KeyError("secret")}
        return [errors.get(request.text, len(request.text or "")) for request in requests]


class Sent:
    """Takes answers in the place of LitServe's transport."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[str, Any]] = {}

    def send(self, item: Any, consumer_id: int) -> None:
        uid, (data, status, *_) = item
        error = pickle.loads(data) if status == LitAPIStatus.ERROR else None
        self.answers[uid] = (status, (error.status_code, error.detail) if error else data)


def _run(texts: list[str], **options: Any) -> tuple[list[int], dict[str, tuple[str, Any]]]:
    api = Lengths(**{"max_batch_size": 4} | options)
    api.setup("cpu")
    api.request_timeout = 5.0
    waiting: queue.Queue[Any] = queue.Queue()
    for text in texts:
        since = time.monotonic() - (10 if text == "late" else 0)
        waiting.put((0, text, since, PredictRequest(text=text)))
    waiting.put(END)
    waiting.put(END)  # LitServe ends each loop with one; here a full last batch leaves one unread
    sent = Sent()
    BatchLoop()(api, "cpu", 0, waiting, sent, {}, None)
    return api.batches, sent.answers


def test_a_batch_takes_what_is_waiting_up_to_its_size() -> None:
    batches, answers = _run(["a", "bb", "ccc", "d", "e"])
    assert batches == [4, 1]
    assert answers["ccc"] == (LitAPIStatus.OK, 3)
    assert len(answers) == 5


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("long", 413, "too long"),
        ("wrong", 422, "no such type"),
        ("bug", 500, "The model failed on this request"),
        ("late", 504, "Expected to begin within 5 s"),
    ],
)
def test_an_error_is_of_one_request_only(text: str, status: int, message: str) -> None:
    _, answers = _run(["a", text, "bb"])
    assert (answers["a"], answers["bb"]) == ((LitAPIStatus.OK, 1), (LitAPIStatus.OK, 2))
    code, detail = answers[text][1]
    assert code == status
    assert detail.startswith(message)
    assert "secret" not in detail


def test_a_request_waits_for_others_only_as_long_as_it_may() -> None:
    batches, _ = _run(["a"], batch_timeout=0.0)
    assert batches == [1]
