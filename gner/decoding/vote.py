"""Several texts for an example, and what most of them say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from gner.bio import repair, to_entities
from gner.decoding.back_tokenize import BackTokenizer
from gner.decoding.huggingface import decode
from gner.decoding.log_probs import token_log_probs
from gner.decoding.pieces import answer_start
from gner.decoding.postprocess import PostProcessor
from gner.errors import UserError
from gner.types import Batch, Generation, TextModel


def vote(model: TextModel, batch: Batch, written: list[list[int]], num_samples: int) -> list[Generation]:
    """Take the tag of each word that most texts give it.

    Args:
        model: What wrote the texts.
        batch: B examples.
        written: Token ids of ``num_samples`` texts for each example, those of an example together.
        num_samples: How many.

    Returns:
        For each example the text of the winning tags, and the entities that they spell with the share of texts in which
        each is found. Of tags with equal votes the one that came first wins. A text that was cut votes with what it
        says; the answer is finished if any text is.

    Raises:
        UserError: The format has no text for tags.
    """
    read = PostProcessor(model.format, BackTokenizer(model.tokenizer))
    end = model.tokenizer.eos_token_id
    texts, finished, entities = [], [], []
    for row, example in enumerate(batch.examples):
        samples = written[row * num_samples : (row + 1) * num_samples]
        predictions = [read(example, decode(model.tokenizer, ids)) for ids in samples]
        votes = zip(*(prediction.tags for prediction in predictions), strict=True)
        tags, _ = repair([Counter(of_word).most_common(1)[0][0] for of_word in votes])
        found = Counter(entity for prediction in predictions for entity in prediction.entities)
        entities.append([replace(entity, score=found[entity] / num_samples) for entity in to_entities(tags)])
        text = model.format.draft(example, tags)
        if text is None:
            raise UserError(
                "Expected a format that writes tags behind words, as samples vote for tags. Set "
                "model.decoding.init_args.num_samples to 1."
            )
        texts.append(text)
        finished.append(any(ids[-1:] == [end] for ids in samples))
    answers = [
        [*ids, end] if is_finished else list(ids)
        for ids, is_finished in zip(_answers(model, texts), finished, strict=True)
    ]
    log_probs = token_log_probs(model.network, batch, answers)
    return [
        Generation(ids, text, scores, is_finished, tuple(found))
        for ids, text, scores, is_finished, found in zip(answers, texts, log_probs, finished, entities, strict=True)
    ]


def _answers(model: TextModel, texts: list[str]) -> list[list[int]]:
    """Token ids of answers as they follow the prompts."""
    if model.network.config.is_encoder_decoder:
        start = answer_start(model.tokenizer)
        return [[*start, *row] for row in model.tokenizer(texts, add_special_tokens=False)["input_ids"]]
    before, *rows = model.tokenizer(["a", *(f"a {text}" for text in texts)], add_special_tokens=False)["input_ids"]
    return [row[len(before) :] for row in rows]
