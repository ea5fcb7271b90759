"""Entities for batches of rows: of Ray Data's ``map_batches``, ``datasets``' ``map`` and Spark's ``mapInPandas``.

None of these is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy
import pyarrow

from gner.errors import UserError
from gner.inference.labeller import LabelNames
from gner.inference.model import GNER
from gner.inference.result import Entities
from gner.inference.strategies import Decoding

Batch = TypeVar("Batch", "Mapping[str, Any]", pyarrow.Table)
ENTITIES = pyarrow.list_(
    pyarrow.struct(
        [
            ("start", pyarrow.int64()),
            ("end", pyarrow.int64()),
            ("text", pyarrow.string()),
            ("label", pyarrow.string()),
            ("score", pyarrow.float64()),
        ]
    )
)
"""The Arrow type of a text's entities."""


class EntityBatches:
    """Adds entities to batches of rows.

    The model is loaded with the first batch, once in each process: a pickle of the object does not hold it.

    Args:
        model: The folder of a run, a checkpoint, an exported folder, or a name on the hub.
        labels: Types to look for, or types with descriptions; None for those of the model.
        column: The column of the texts, or of lists of words.
        field: The column that is added.
        threshold: Leave out entities with a lower score.
        batch_size: Most prompts in a batch of the model.
        decoding: A strategy; None for the model's.
        load: More options of the loader, such as ``{"dtype": "bf16"}``.
        loader: What loads the model; `gner.inference.vllm.load_vllm` has vLLM run it.

    Example:
        >>> find = EntityBatches("runs/quickstart", ["person"], load={"device": "cpu"})
        >>> find({"title": ["Ada"]})
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected texts in the column `text`, found only title. Name it with `column`.
    """

    def __init__(
        self,
        model: str,
        labels: LabelNames | None = None,
        *,
        column: str = "text",
        field: str = "entities",
        threshold: float = 0.0,
        batch_size: int = 32,
        decoding: Decoding | None = None,
        load: Mapping[str, Any] | None = None,
        loader: Callable[..., GNER] = GNER.from_pretrained,
    ) -> None:
        self._source = model
        self._load = dict(load or {})
        self._loader = loader
        self._labels = labels
        self._column = column
        self._field = field
        self._threshold = threshold
        self._batch_size = batch_size
        self._decoding = decoding
        self._model: GNER | None = None

    def __getstate__(self) -> dict[str, Any]:
        """All but the model, which each process loads."""
        return {**self.__dict__, "_model": None}

    def __call__(self, batch: Batch) -> Batch:
        """The batch with a column of entities.

        Args:
            batch: Columns of equal length by name, as arrays or lists; or an Arrow table.

        Returns:
            The same columns and a list of dicts for each row: as an array of objects, or in a table as `ENTITIES`. A
            null text has no entities.

        Raises:
            UserError: There is no column of texts, there is one of entities already, or a text is neither a string
                nor words.
        """
        if isinstance(batch, pyarrow.Table):
            self._check(batch.column_names)
            found = self._find(batch[self._column].to_pylist())
            return batch.append_column(self._field, pyarrow.array([list(one) for one in found], ENTITIES))
        self._check(batch)
        found = self._find(batch[self._column])
        column = numpy.empty(len(found), dtype=object)
        for row, entities in enumerate(found):  # all at once, NumPy would take lists of equal length for a matrix
            column[row] = list(entities)
        return {**batch, self._field: column}

    def _check(self, names: Iterable[str]) -> None:
        names = list(names)
        if self._column not in names:
            raise UserError(
                f"Expected texts in the column `{self._column}`, found only {', '.join(names)}. Name it with `column`."
            )
        if self._field in names:
            raise UserError(f"The rows already have a column `{self._field}`. Name another with `field`.")

    def _find(self, given: Iterable[Any]) -> list[Entities]:
        if self._model is None:
            self._model = self._loader(self._source, **self._load)
        labeller = self._model.labeller
        texts = [labeller.read(self._text_or_words(one)) for one in given]
        found = labeller.label(
            texts, self._labels, threshold=self._threshold, batch_size=self._batch_size, decoding=self._decoding
        )
        return list(found)

    def _text_or_words(self, given: Any) -> str | list[str]:
        if given is None or (isinstance(given, float) and numpy.isnan(given)):  # pandas' null
            return ""
        if isinstance(given, str):
            return str(given)
        words = list(given) if isinstance(given, list | tuple | numpy.ndarray) else [None]
        if not all(isinstance(word, str) for word in words):
            raise UserError(f"Expected texts or lists of words in the column `{self._column}`, found {given!r:.80}.")
        return [str(word) for word in words]
