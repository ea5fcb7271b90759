"""What a decoding strategy is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar

from gner.decoding.tag_memory import TagMemory
from gner.interfaces import Batch, TextModel
from gner.prompting import Format
from gner.records import Example, Generation
from gner.sessions import AtOnce, Session

T = TypeVar("T")
"""What a row has."""


class DecodingStrategy(ABC):
    """Makes a model write the answers of a batch.

    A subclass takes its options in ``__init__`` and is chosen in the config: ``model.decoding`` with ``class_path`` and
    ``init_args``. A package that ships one names it in the entry-point group ``gner.decoding``, so that this name alone
    is enough.

    Attributes:
        tag_memory: What is expected of the tags of words, where a strategy drafts them and keeps what it learned; None
            where there is nothing to warm and to keep.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> class Echo(DecodingStrategy):  # tags nothing; docs/plugins.md shows a strategy that asks the network
        ...     def generate(self, model, batch):
        ...         texts = [model.format.draft(row, ["O"] * len(row.words)) for row in batch.row_examples]
        ...         return [Generation([], text, [], finished=True) for text in texts]
        >>> model = tiny_model("causal")
        >>> [generation.text for generation in Echo().generate(model, model.batch(make_examples()[1:2]))]
        ['nothing(O)']
    """

    tag_memory: TagMemory | None = None

    @property
    def num_sequences(self) -> int:
        """Texts that are written at once for each row of a batch, each with keys and values of its own."""
        return 1

    @abstractmethod
    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per row.

        Called without gradients, with the network in evaluation mode. On several processes each has its own batch, and
        the batches differ in content and length.

        Args:
            model: Network, tokenizer and format.
            batch: R rows, one for each query of its examples; ``prompt_ids`` of a causal network are padded on the
                left.

        Returns:
            R generations in row order.
        """

    def warm(self, format: Format, examples: Sequence[Example]) -> None:
        """Learn from gold what a model that is trained on it may write; for speed only, texts stay the same."""
        if self.tag_memory is not None:
            self.tag_memory.warm(format, examples)

    def state_dict(self) -> dict[str, Any]:
        """What was learned of a model's texts, for its checkpoint: for speed only."""
        return {} if self.tag_memory is None else self.tag_memory.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` of this strategy gave; of another's, what there is of use."""
        if self.tag_memory is not None:
            self.tag_memory.load_state_dict(state_dict)

    def session(self, model: TextModel) -> Session[list[Generation]]:
        """For many batches: gives the generations of each example's rows, in the end those that `generate` gives.

        Here each batch is answered when it is added. A strategy that overrides this may have the last rows of a batch
        wait for others.
        """
        return AtOnce(lambda batch: by_example(batch, self.generate(model, batch)))


def by_example(batch: Batch, of_rows: Sequence[T]) -> list[list[T]]:
    """What each example of a batch has, such as generations, given what each of its rows has.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> batch = tiny_model("causal").batch(make_examples()[:2])
        >>> batch.owners = [0, 0, 1]  # a format that poses two queries for the first example
        >>> [len(one) for one in by_example(batch, [Generation([], text, [], True) for text in "abc"])]
        [2, 1]
    """
    grouped: list[list[T]] = [[] for _ in batch.examples]
    for owner, of_row in zip(batch.owners, of_rows, strict=True):
        grouped[owner].append(of_row)
    return grouped
