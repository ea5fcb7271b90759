"""From a batch to predictions by generation: a strategy writes, the format reads, entities get scores."""

from __future__ import annotations

from collections.abc import Sequence

from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.confidence import EntityScorer
from gner.alignment.postprocess import AlignerName, PostProcessor
from gner.decoding.base import DecodingStrategy
from gner.interfaces import Batch, TextModel
from gner.records import Generation, Prediction


class GenerativePredictor:
    """Predicts with a model that writes text; see `gner.interfaces.Predictor`.

    Args:
        model: Network, tokenizer and format; the network is in evaluation mode and on the device of the batches.
        strategy: How texts are written.
        aligner: How written words are laid on source words; see `PostProcessor`.
    """

    def __init__(self, model: TextModel, strategy: DecodingStrategy, aligner: AlignerName = "robust") -> None:
        self._model = model
        self._strategy = strategy
        self._postprocess = PostProcessor(
            model.format, BackTokenizer(model.tokenizer), aligner, EntityScorer(model.tokenizer)
        )

    def predict(self, batch: Batch) -> list[Prediction]:
        """Write the answers of all rows, and read those of each example together."""
        generations = self._strategy.generate(self._model, batch)
        grouped = by_example(batch, generations)
        return [
            self._postprocess.read(example, of_example)
            for example, of_example in zip(batch.examples, grouped, strict=True)
        ]


def by_example(batch: Batch, generations: Sequence[Generation]) -> list[list[Generation]]:
    """The generations of each example of a batch, given those of its rows."""
    grouped: list[list[Generation]] = [[] for _ in batch.examples]
    for owner, generation in zip(batch.owners, generations, strict=True):
        grouped[owner].append(generation)
    return grouped
