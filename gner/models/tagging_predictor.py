"""From a batch to predictions by tagging: one pass, and every word has exactly one tag."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, cast

import numpy as np
import torch
from transformers import PreTrainedModel

from gner.bio import repair, tags_of, to_entities
from gner.decoding.viterbi import Scores, best_tags
from gner.interfaces import Batch, TaggingBatch
from gner.models.tag_scores import TagScorer
from gner.models.token_classifier import TagDecoding
from gner.prompting import Format
from gner.prompting.tagged_prediction import tagged_prediction
from gner.records import AlignmentReport, Example, Prediction
from gner.sessions import Predictor


class TaggingModel(Protocol):
    """What the predictor needs of a model."""

    @property
    def network(self) -> PreTrainedModel:
        """A token classifier, in evaluation mode and on the device of the batches."""

    @property
    def format(self) -> Format:
        """Whose published scorer counts."""


class TaggingPredictor(Predictor):
    """Predicts with a model that tags words; see `gner.sessions.Predictor`.

    The score of an entity is the product of the probabilities of its words' tags among those that the sentence offers.

    Args:
        model: Network and format.
        scorer: Scores tags.
        decoding: See `gner.models.TokenClassifier`.

    Example:
        >>> from gner.testing import make_examples, tiny_tagger
        >>> tagger = tiny_tagger("bert")
        >>> predictor = TaggingPredictor(tagger, TagScorer(tagger.backbone))
        >>> with torch.inference_mode():
        ...     predictions = predictor.predict(tagger.collate(make_examples()))
        >>> [len(prediction.tags) for prediction in predictions] == [len(example.words) for example in make_examples()]
        True
    """

    def __init__(self, model: TaggingModel, scorer: TagScorer, decoding: TagDecoding = "viterbi") -> None:
        self._model = model
        self._scorer = scorer
        self._decoding = decoding

    def predict(self, batch: Batch) -> list[Prediction]:
        """Tag the words of all examples."""
        scores = self._scorer(self._model.network, cast(TaggingBatch, batch))
        log_probs: Scores = torch.log_softmax(scores.cpu().double(), -1).numpy()
        has_token = (cast(TaggingBatch, batch).word_starts >= 0).cpu().numpy()
        log_probs[~has_token] = -np.inf
        log_probs[~has_token, 0] = 0.0  # padding, and words without a token, are O
        numbers = best_tags(log_probs) if self._decoding == "viterbi" else log_probs.argmax(-1).tolist()
        return [
            self._prediction(example, of_example, probs)
            for example, of_example, probs in zip(batch.examples, numbers, log_probs, strict=True)
        ]

    def _prediction(self, example: Example, numbers: list[int], log_probs: Scores) -> Prediction:
        names = tags_of(example.types)
        chosen = numbers[: len(example.words)]
        tags, num_repaired = repair([names[number] for number in chosen])
        of_words = log_probs[np.arange(len(chosen)), chosen]
        entities = [
            replace(entity, score=float(np.exp(of_words[entity.start : entity.end].sum())))
            for entity in to_entities(tags)
        ]
        return tagged_prediction(example, entities, self._model.format, AlignmentReport(repaired_tags=num_repaired))
