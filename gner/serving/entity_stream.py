"""Streams the entities of a long text: its windows are requests of their own, and are sent as they come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from fastapi import HTTPException
from pydantic import BaseModel, Field

from gner.inference.result import Entities, FoundWindows, Tagged, TextInfo
from gner.inference.windows import Merger, Window
from gner.serving.answers import EntityAnswer
from gner.serving.predict_request import PredictRequest
from gner.serving.window_request import CutRequest, CutText, ServedRequest, WindowRequest

Ask = Callable[[ServedRequest], Awaitable[Any]]
"""Sends a request to the model and waits for its answer, or raises HTTPException."""


class EntitiesLine(BaseModel):
    """The entities that start in a part of the text; the parts follow one another and are together the whole text."""

    start: int = Field(description="Where the part starts, in code points of the text.")
    end: int = Field(description="Its exclusive end.")
    entities: list[EntityAnswer]


class InfoLine(BaseModel):
    """The last line: the nonzero counts of what it took."""

    info: dict[str, int]


class StreamError(BaseModel):
    """Why a stream ends early."""

    status: int = Field(description="As of an answer that is not streamed.")
    detail: str


class ErrorLine(BaseModel):
    """The last line in the place of the counts: what follows the part before it is not known."""

    error: StreamError


Line = EntitiesLine | InfoLine | ErrorLine


async def open_stream(ask: Ask, request: PredictRequest, ahead: int) -> AsyncIterator[Line]:
    """Begin a stream.

    Args:
        ask: Asks the model.
        request: Its ``text`` is streamed.
        ahead: Most windows that wait for their answers at a time; other clients' requests share batches with them.

    Returns:
        A line for each window, in order, and one with the counts, or with the error that ended the stream.

    Raises:
        HTTPException: The request is refused, or too late; nothing was sent yet.
    """
    if request.text is None:
        raise HTTPException(422, "Expected `text` for a stream. Send `texts` to /predict, or each text on its own.")
    cut = await ask(CutRequest(request))
    return _lines(_Progress(request, cut), _answers(ask, request, cut, ahead))


async def _lines(progress: _Progress, answers: AsyncIterator[FoundWindows]) -> AsyncIterator[Line]:
    try:
        async for found in answers:
            yield progress.add(found)
    except HTTPException as error:
        yield ErrorLine(error=StreamError(status=error.status_code, detail=error.detail))
    else:
        yield InfoLine(info=progress.info.as_dict())


async def _answers(ask: Ask, request: PredictRequest, cut: CutText, ahead: int) -> AsyncIterator[FoundWindows]:
    """What each window holds, in order, with so many of them asked for in advance."""
    asked = request.model_copy(update={"text": ""})
    words = [word.text for word in cut.text.words]
    waiting: deque[asyncio.Task[FoundWindows]] = deque()
    for window in cut.windows:
        if len(waiting) >= ahead:
            yield await _answer(waiting.popleft())
        task = asyncio.ensure_future(ask(WindowRequest(asked, words[window.start : window.end])))
        task.add_done_callback(_notice)
        waiting.append(task)
    while waiting:
        yield await _answer(waiting.popleft())


def _answer(task: asyncio.Task[FoundWindows]) -> Awaitable[FoundWindows]:
    """Of a window; if the client goes, the task lives on, as LitServe keeps an answer for which nobody waits."""
    return asyncio.shield(task)


def _notice(task: asyncio.Task[FoundWindows]) -> None:
    """Look at an error, which nobody else does once the client has gone: what was asked is answered all the same."""
    if not task.cancelled():
        task.exception()


class _Progress:
    """What is known of a text."""

    def __init__(self, request: PredictRequest, cut: CutText) -> None:
        self.info = TextInfo(num_words=len(cut.text.words), num_label_groups=cut.num_label_groups)
        self._threshold = request.threshold
        self._cut = cut
        self._merger = Merger(frozenset(cut.ends))
        self._left = deque(cut.windows)
        self._end = 0

    def add(self, found: FoundWindows) -> EntitiesLine:
        """The line of the next window."""
        window = self._left.popleft()
        for part, entities in _placed(window, found):
            self._merger.add(part, entities)
        taken = self._merger.take(self._left[0].start if self._left else None)
        tagged = Tagged(taken, self.info.with_window(found.info))
        entities = Entities.of(self._cut.text, tagged, self._cut.names, self._threshold)
        self.info = entities.info
        start, self._end = self._end, self._offset(self._merger.done)
        return EntitiesLine(start=start, end=self._end, entities=[EntityAnswer(**entity) for entity in entities])

    def _offset(self, word: int) -> int:
        words = self._cut.text.words
        return words[word].start if word < len(words) else len(self._cut.text.text)


def _placed(window: Window, found: FoundWindows) -> Iterator[tuple[Window, list[Any]]]:
    """Parts of a window, which are several if it was split, and their entities, in words of the text."""
    for part, entities in zip(found.windows, found.entities, strict=True):
        moved = [
            replace(entity, start=entity.start + window.start, end=entity.end + window.start) for entity in entities
        ]
        yield Window(part.start + window.start, part.end + window.start), moved
