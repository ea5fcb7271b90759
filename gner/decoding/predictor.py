"""From a batch to predictions by generation: a strategy writes, the format reads, entities get scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.confidence import EntityScorer
from gner.alignment.postprocess import AlignerName, PostProcessor
from gner.decoding.base import DecodingStrategy
from gner.interfaces import Batch, TextModel
from gner.prompting.by_type import asks_each_type, of_types
from gner.records import Generation, Prediction


class GenerativePredictor:
    """Predicts with a model that writes text; see `gner.interfaces.Predictor`.

    Args:
        model: Network, tokenizer and format; the network is in evaluation mode and on the device of the batches.
        strategy: How texts are written.
        aligner: How written words are laid on source words; see `PostProcessor`.

    Example:
        >>> import torch
        >>> from gner.decoding import Constrained
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> with torch.inference_mode():
        ...     predictions = GenerativePredictor(model, Constrained()).predict(model.batch(make_examples()))
        >>> [len(prediction.tags) for prediction in predictions] == [len(example.words) for example in make_examples()]
        True
        >>> all(0 <= entity.score <= 1 for prediction in predictions for entity in prediction.entities)
        True
    """

    def __init__(self, model: TextModel, strategy: DecodingStrategy, aligner: AlignerName = "robust") -> None:
        self._model = model
        self._strategy = strategy
        self._postprocess = PostProcessor(
            model.format, BackTokenizer(model.tokenizer), aligner, EntityScorer(model.tokenizer)
        )

    def predict(self, batch: Batch) -> list[Prediction]:
        """Write the answers of all rows, and read those of each example together."""
        written = [self._strategy.generate(self._model, part) for part in self._parts(batch)]
        generations = list(chain.from_iterable(written))
        grouped = by_example(batch, generations)
        return [
            self._postprocess.read(example, of_example)
            for example, of_example in zip(batch.examples, grouped, strict=True)
        ]

    def _parts(self, batch: Batch) -> list[Batch]:
        """The batch, or parts of it where its only example has more rows than may be written at a time."""
        most = batch.most_rows
        is_large = most is not None and len(batch) == 1 and batch.num_rows > most
        if most is None or not is_large or not asks_each_type(self._model.format, batch.examples[0]):
            return [batch]
        return [_asking(batch, start, start + most) for start in range(0, batch.num_rows, most)]


def _asking(batch: Batch, start: int, end: int) -> Batch:
    """A batch of one example, asked for some of its types only."""
    part = batch.rows(start, end)
    part.examples = [of_types(batch.examples[0], start, end)]
    return part


def by_example(batch: Batch, generations: Sequence[Generation]) -> list[list[Generation]]:
    """The generations of each example of a batch, given those of its rows.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> batch = tiny_model("causal").batch(make_examples()[:2])
        >>> batch.owners = [0, 0, 1]  # a format that poses two queries for the first example
        >>> [len(one) for one in by_example(batch, [Generation([], text, [], True) for text in "abc"])]
        [2, 1]
    """
    grouped: list[list[Generation]] = [[] for _ in batch.examples]
    for owner, generation in zip(batch.owners, generations, strict=True):
        grouped[owner].append(generation)
    return grouped
