"""Answers many requests at once, as if each had been alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import chain

from pydantic import BaseModel, Field

from gner.inference.labels import Labels
from gner.inference.model import GNER
from gner.inference.result import Entities, FoundWindows
from gner.inference.tagger import Words
from gner.inference.texts import WordedText
from gner.serving.predict_request import PredictRequest
from gner.serving.window_request import CutRequest, CutText, ServedRequest, WindowRequest

Found = list[Entities] | CutText | FoundWindows
"""What is found for a request: the entities of its texts, the windows of its text, or what its window holds."""


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


def answer_together(model: GNER, requests: Sequence[ServedRequest], *, batch_size: int = 32) -> list[Found | Exception]:
    """Find what each request asks for.

    Texts and windows of requests with equal types and decoding share batches. Thresholds may differ, as they are
    applied to what was found. A group that fails is halved until the request that failed is alone.

    Args:
        model: Finds entities.
        requests: Within their limits.
        batch_size: Most prompts in a batch.

    Returns:
        For each request what was found, or the error that it alone causes.
    """
    groups: dict[Hashable, list[int]] = {}
    for place, request in enumerate(requests):
        groups.setdefault(_shared_key(request.asked), []).append(place)
    answers: dict[int, Found | Exception] = {}
    for places in groups.values():
        found = _answer_group(model, [requests[place] for place in places], batch_size)
        answers.update(zip(places, found, strict=True))
    return [answers[place] for place in range(len(requests))]


def _shared_key(request: PredictRequest) -> Hashable:
    """What requests of a batch have in common. The order of types is part of it, as it is part of the prompt."""
    labels = request.labels()
    return None if labels is None else tuple(labels.items()), request.strategy()


def _answer_group(model: GNER, requests: Sequence[ServedRequest], batch_size: int) -> list[Found | Exception]:
    """Answers to requests that differ only in texts and thresholds."""
    try:
        return list(_find(model, requests, batch_size))
    except Exception as error:  # of whatever kind: it is the answer to one of the requests
        if len(requests) == 1:
            return [error]
        middle = len(requests) // 2
        halves = [_answer_group(model, half, batch_size) for half in (requests[:middle], requests[middle:])]
        return halves[0] + halves[1]


def _find(model: GNER, requests: Sequence[ServedRequest], batch_size: int) -> Iterator[Found]:
    """What each of them asks for; options are checked even if there is nothing to label."""
    labeller, asked = model.labeller, requests[0].asked
    labels = labeller.labels(asked.labels())
    texts = [list(map(labeller.read, request.asked.all_texts())) for request in requests]
    words = chain.from_iterable(map(_words, requests, texts))
    found = iter(list(labeller.find(words, labels, batch_size=batch_size, decoding=asked.strategy())))
    for request, its_texts in zip(requests, texts, strict=True):
        if isinstance(request, CutRequest):
            yield _cut(model, its_texts[0], labels)
        elif isinstance(request, WindowRequest):
            yield next(found)
        else:
            merged = [next(found).merged() for _ in its_texts]
            names, threshold = labels.names, request.threshold
            yield [Entities.of(*pair, names, threshold) for pair in zip(its_texts, merged, strict=True)]


def _words(request: ServedRequest, texts: Sequence[WordedText]) -> list[Words]:
    """What is to be labelled."""
    if isinstance(request, CutRequest):
        return []
    if isinstance(request, WindowRequest):
        return [Words(request.words, [len(request.words)], is_window=True)]
    return list(map(Words.of, texts))


def _cut(model: GNER, text: WordedText, labels: Labels) -> CutText:
    windows, num_label_groups = model.labeller.cut(text, labels)
    return CutText(text, windows, text.sentence_ends(), labels.names, num_label_groups)
