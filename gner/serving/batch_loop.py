"""Fills batches across requests: LitServe's loop around a model, with an answer or error of its own for each request.

LitServe's own loop gives an error in a batch to all of its requests (docs/decisions/service.md).
"""

from __future__ import annotations

import logging
import time
from queue import Empty
from typing import Any, NamedTuple

from fastapi import HTTPException
from litserve.loops.base import LitLoop
from litserve.utils import LitAPIStatus, LoopResponseType

from gner.errors import UserError
from gner.serving.predict_request import RefusedRequest
from gner.serving.window_request import ServedRequest

_log = logging.getLogger("gner")


class _Waiting(NamedTuple):
    """A request in LitServe's queue; all are None when the service ends."""

    response_queue_id: int | None
    uid: str | None
    since: float
    request: ServedRequest


class BatchLoop(LitLoop):
    """Answers what is waiting, batch by batch, until the service ends."""

    def __call__(  # noqa: PLR0917 - LitServe's signature
        self,
        lit_api: Any,
        device: str,
        worker_id: int,
        request_queue: Any,
        transport: Any,
        workers_setup_status: dict[int, str],
        callback_runner: Any,
    ) -> None:
        """Run until the end of the queue; arguments are LitServe's."""
        while (batch := _take(request_queue, lit_api)) is not None:
            for waiting, answer in zip(batch, _answers(batch, lit_api), strict=True):
                to = (transport, waiting.response_queue_id, waiting.uid)
                if isinstance(answer, Exception):
                    self.put_error_response(*to, _as_http(answer), LoopResponseType.REGULAR)
                else:
                    self.put_response(*to, answer, LitAPIStatus.OK, LoopResponseType.REGULAR)


def _take(queue: Any, lit_api: Any) -> list[_Waiting] | None:
    """The requests of the next batch, once there is one; None at the end."""
    batch = [_Waiting(*queue.get())]
    until = time.monotonic() + lit_api.batch_timeout
    num_texts = 0
    while batch[-1].uid is not None:
        num_texts += max(1, batch[-1].request.num_texts)  # a request without texts takes time too
        if num_texts >= lit_api.max_batch_size:
            return batch
        try:
            batch.append(_Waiting(*queue.get(True, max(0.0, until - time.monotonic()))))
        except Empty:
            return batch
    return batch[:-1] or None


def _answers(batch: list[_Waiting], lit_api: Any) -> list[Any]:
    """What each request gets, or its error."""
    answers: dict[str | None, Any] = {}
    good: list[_Waiting] = []
    for waiting in batch:
        try:
            _refuse_late(waiting, lit_api.request_timeout)
            lit_api.decode_request(waiting.request.asked)
        except (RefusedRequest, HTTPException) as error:
            answers[waiting.uid] = error
        else:
            good.append(waiting)
    found = lit_api.predict([waiting.request for waiting in good]) if good else []
    answers.update(zip([waiting.uid for waiting in good], found, strict=True))
    return [answers[waiting.uid] for waiting in batch]


def _refuse_late(waiting: _Waiting, limit_s: float) -> None:
    waited = time.monotonic() - waiting.since
    if waited > limit_s:
        raise HTTPException(504, f"Expected to begin within {limit_s:g} s, but {waited:.1f} s went by. Try later.")


def _as_http(error: Exception) -> HTTPException:
    """The error as the client sees it; of what is no fault of the client, details are for the log only."""
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, RefusedRequest):
        return HTTPException(error.status_code, str(error))
    if isinstance(error, UserError):
        return HTTPException(422, str(error))
    _log.error("A request failed.", exc_info=error)
    return HTTPException(500, "The model failed on this request; the service's log says why.")
