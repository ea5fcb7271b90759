"""From a batch to predictions by generation: a strategy writes, the format reads, entities get scores."""

from __future__ import annotations

from itertools import chain

from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.confidence import EntityScorer
from gner.alignment.postprocess import AnyAligner, PostProcessor
from gner.decoding.base import DecodingStrategy, by_example
from gner.decoding.prefix_store import PrefixStore
from gner.interfaces import Batch, TextModel
from gner.prompting.by_type import asks_each_type, of_types
from gner.records import Generation, Prediction
from gner.sessions import Done, Predictor, Session, results_of


class GenerativePredictor(Predictor):
    """Predicts with a model that writes text; see `gner.sessions.Predictor`.

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

    def __init__(self, model: TextModel, strategy: DecodingStrategy, aligner: AnyAligner = "robust") -> None:
        self._model = model
        self._strategy = strategy
        self._postprocess = PostProcessor(
            model.format, BackTokenizer(model.tokenizer), aligner, EntityScorer(model.tokenizer)
        )

    def predict(self, batch: Batch) -> list[Prediction]:
        """Write the answers of all rows, and read those of each example together."""
        return results_of(self.session(), batch)

    def session(self) -> Session[Prediction]:
        """With a session of the strategy, in which what prompts begin with is read once."""
        return _Reading(self._model, self._strategy, self._postprocess)


class _Reading(Session[Prediction]):
    """Reads what a strategy's session writes."""

    def __init__(self, model: TextModel, strategy: DecodingStrategy, postprocess: PostProcessor) -> None:
        self._prefixes = PrefixStore(model.network)
        self._model = model
        self._strategy = strategy
        self._writing = strategy.session(model)
        self._postprocess = postprocess

    def add(self, batch: Batch) -> list[Done[Prediction]]:
        """Write a batch, or parts of it one after the other where its only example has too many rows."""
        batch.prefixes = self._prefixes
        parts = self._parts(batch)
        if len(parts) == 1:
            return self._read(self._writing.add(batch))
        written = [self._strategy.generate(self._model, part) for part in parts]
        [generations] = by_example(batch, list(chain.from_iterable(written)))
        return self._read([Done(batch, 0, generations)])

    def finish(self) -> list[Done[Prediction]]:
        """Read the rest."""
        return self._read(self._writing.finish())

    def _read(self, written: list[Done[list[Generation]]]) -> list[Done[Prediction]]:
        return [
            Done(one.batch, one.place, self._postprocess.read(one.batch.examples[one.place], one.result))
            for one in written
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
