"""Self-consistency: a majority vote over the tags of several sampled texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.postprocess import PostProcessor
from gner.bio import repair, to_entities
from gner.decoding.answer_tokens import AnswerTokenizer
from gner.decoding.huggingface import decode
from gner.decoding.log_probs import token_log_probs
from gner.decoding.word_tokens import has_drafts
from gner.errors import UserError
from gner.interfaces import Batch, TextModel
from gner.prompting.boundaries import from_marks, to_marks
from gner.records import Entity, Example, Generation


def vote(model: TextModel, batch: Batch, written: list[list[int]], limits: Sequence[int]) -> list[Generation]:
    """Take the tag of each word that most texts give it.

    Args:
        model: What wrote the texts.
        batch: R rows.
        written: Token ids of the texts, as many for each row, those of a row together.
        limits: Most tokens of each row's answer.

    Returns:
        For each row the text of the winning tags, and the entities that they spell with the share of texts in which
        each is found. Of tags with equal votes the one that came first wins. A truncated text votes with what it
        has; the answer is finished if any text is, and if there is room for all of it.

    Raises:
        UserError: The format has no text for tags.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[1]
        >>> texts = ["nothing(B-place)", "nothing(O)", "nothing(B-place)"]
        >>> written = model.tokenizer(texts, add_special_tokens=False)["input_ids"]
        >>> with torch.inference_mode():
        ...     [generation] = vote(model, model.batch([example]), written, limits=[50])
        >>> generation.text, round(generation.entities[0].score, 2), generation.finished
        ('nothing(B-place)', 0.67, False)
    """
    if not has_drafts(model.format, batch.examples[0]):
        raise UserError(
            "Expected a format that writes every word with its tag, as samples vote for tags. Set "
            "model.decoding.init_args.num_samples to 1."
        )
    read = PostProcessor(model.format, BackTokenizer(model.tokenizer))
    end = model.tokenizer.eos_token_id
    num_samples = len(written) // batch.num_rows
    winners = [
        _winner(model, read, example, written[row * num_samples : (row + 1) * num_samples])
        for row, example in enumerate(batch.row_examples)
    ]
    answers: list[list[int]] = []
    for row, ids in enumerate(_answers(model, batch.examples[0], [winner.text for winner in winners])):
        answer = [*ids, end] if winners[row].is_finished else list(ids)
        if len(answer) > limits[row]:
            answer = answer[: limits[row]]
            winners[row] = winners[row]._replace(
                text=decode(model.tokenizer, answer, model.format.answer_start), is_finished=False
            )
        answers.append(answer)
    log_probs = token_log_probs(model.network, batch, answers)
    return [
        Generation(ids, winner.text, scores, winner.is_finished, winner.entities)
        for ids, scores, winner in zip(answers, log_probs, winners, strict=True)
    ]


class _Winner(NamedTuple):
    """The majority of the texts for an example."""

    text: str
    is_finished: bool
    entities: tuple[Entity, ...]


def _winner(model: TextModel, read: PostProcessor, example: Example, samples: Sequence[list[int]]) -> _Winner:
    predictions = [read(example, [decode(model.tokenizer, ids, model.format.answer_start)]) for ids in samples]
    votes = zip(*(prediction.tags for prediction in predictions), strict=True)
    elected, _ = repair([Counter(of_word).most_common(1)[0][0] for of_word in votes])
    marks = to_marks(elected, model.format.boundaries)
    tags = from_marks(marks, model.format.boundaries)
    found = Counter(chain.from_iterable(prediction.entities for prediction in predictions))
    entities = tuple(replace(entity, score=found[entity] / len(samples)) for entity in to_entities(tags))
    text = model.format.draft_marks(example, marks)
    assert text is not None
    return _Winner(text, any(ids[-1:] == [model.tokenizer.eos_token_id] for ids in samples), entities)


def _answers(model: TextModel, example: Example, texts: list[str]) -> list[list[int]]:
    """Token ids of answers as they follow the prompts."""
    tokens = AnswerTokenizer(model, example)
    tokens.prepare(texts)
    return [tokens.of(text) for text in texts]
