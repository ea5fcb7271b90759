"""Answers many requests at once, as if each had been alone."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain, islice

from pydantic import BaseModel, Field

from gner.inference.model import GNER
from gner.inference.result import Entities
from gner.serving.predict_request import PredictRequest


class EntityAnswer(BaseModel):
    """An entity; ``start`` and the exclusive ``end`` count code points of the text."""

    start: int
    end: int
    text: str
    label: str
    score: float


class TextAnswer(BaseModel):
    """The entities of a text, sorted by start, and the nonzero counts of what it took to find them."""

    entities: list[EntityAnswer]
    info: dict[str, int] = Field(description="Words, windows, omissions and the like; zeros are left out.")

    @staticmethod
    def of(found: Entities) -> TextAnswer:
        """The answer to a text."""
        return TextAnswer(entities=[EntityAnswer(**entity) for entity in found], info=found.info.as_dict())


class TextsAnswer(BaseModel):
    """The answers to ``texts``, in their order."""

    results: list[TextAnswer]


def write_answer(request: PredictRequest, found: Sequence[Entities]) -> TextAnswer | TextsAnswer:
    """The answer to a request, in the layout that follows from whether it has a text or a list."""
    answers = [TextAnswer.of(one) for one in found]
    return TextsAnswer(results=answers) if request.text is None else answers[0]


def answer_together(
    model: GNER, requests: Sequence[PredictRequest], *, batch_size: int = 32
) -> list[list[Entities] | Exception]:
    """Find the entities that each request asks for.

    Texts of requests with equal types and decoding share batches. Thresholds may differ, as they are applied to what
    was found. A group that fails is halved until the request that failed is alone.

    Args:
        model: Finds entities.
        requests: Within their limits.
        batch_size: Most prompts in a batch.

    Returns:
        For each request the entities of its texts, or the error that it alone causes.
    """
    groups: dict[Hashable, list[int]] = {}
    for place, request in enumerate(requests):
        groups.setdefault(_shared_key(request), []).append(place)
    answers: dict[int, list[Entities] | Exception] = {}
    for places in groups.values():
        found = _answer_group(model, [requests[place] for place in places], batch_size)
        answers.update(zip(places, found, strict=True))
    return [answers[place] for place in range(len(requests))]


def _shared_key(request: PredictRequest) -> Hashable:
    """What requests of a batch have in common. The order of types is part of it, as it is part of the prompt."""
    labels = request.labels()
    return None if labels is None else tuple(labels.items()), request.strategy()


def _answer_group(model: GNER, requests: Sequence[PredictRequest], batch_size: int) -> list[list[Entities] | Exception]:
    """Answers to requests that differ only in texts and thresholds."""
    texts = list(chain.from_iterable(request.all_texts() for request in requests))
    labels, decoding = requests[0].labels(), requests[0].strategy()
    try:
        found = iter(model.predict_entities(texts, labels, batch_size=batch_size, decoding=decoding))
    except Exception as error:  # of whatever kind: it is the answer to one of the requests
        if len(requests) == 1:
            return [error]
        middle = len(requests) // 2
        halves = [_answer_group(model, half, batch_size) for half in (requests[:middle], requests[middle:])]
        return halves[0] + halves[1]
    return [[one.above(request.threshold) for one in islice(found, len(request.all_texts()))] for request in requests]
