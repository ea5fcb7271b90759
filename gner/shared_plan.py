"""What is left of the work of training where prompts are shared, by the batches that a run would have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gner.data import GnerDataModule
from gner.data.loader import BatchLoader
from gner.data.sampler import Slot
from gner.decoding.token_masks import why_no_pairs
from gner.interfaces import Batch
from gner.models import Backbone
from gner.models.flops import TrainingFlops
from gner.models.memory_needs import PackedShape

_MOST_BATCHES = 50


@dataclass(frozen=True)
class SharedReading:
    """What batches that are packed still cost, against sentences that are each read whole.

    Attributes:
        tokens: Part of the tokens that is read.
        operations: Part of the operations; None where these cannot be counted.
        largest: The batch of the longest sentences; None where it is not packed.
    """

    tokens: float
    operations: float | None
    largest: PackedShape | None


def read_shared(backbone: Backbone, data: GnerDataModule, flops: TrainingFlops | None) -> SharedReading | None:
    """Make some batches of the first epoch as training would have them, and look at how they are packed.

    Args:
        backbone: Of the run. Whether its network has a loss of its own, which cannot be packed, is not known here.
        data: Set up to fit.
        flops: Of its network.

    Returns:
        None where nothing is packed.
    """
    if backbone.packed_size is None or why_no_pairs(backbone.build_empty()) is not None:
        return None
    loader = data.train_dataloader()
    batches = loader.sample(_MOST_BATCHES)
    if all(batch.packed is None for batch in batches):
        return None
    num_all = sum(sum(map(sum, batch.lengths)) for batch in batches)
    num_read = sum(map(_num_read, batches))
    operations = None if flops is None else _operations(batches, flops)
    return SharedReading(num_read / num_all, operations, _largest(loader, data))


def _num_read(batch: Batch) -> int:
    return batch.packed.num_tokens if batch.packed is not None else sum(map(sum, batch.lengths))


def _operations(batches: Sequence[Batch], flops: TrainingFlops) -> float:
    """Part of the operations of separate sentences; attention is computed for all pairs of tokens of a bin."""
    separate = packed = 0
    for batch in batches:
        of_rows = sum(flops.of_example(*lengths) for lengths in batch.lengths)
        separate += of_rows
        if batch.packed is None:
            packed += of_rows
        else:
            num_bins, length = batch.packed.input_ids.shape
            packed += num_bins * flops.of_example(length, 0)
    return packed / separate


def _largest(loader: BatchLoader, data: GnerDataModule) -> PackedShape | None:
    """How the batch of the longest sentences is packed."""
    sizes = data.sizes["train"]
    places = sorted(range(len(sizes)), key=lambda place: max(map(sum, sizes[place])))
    number = max(1, data.batch_size // len(sizes[places[-1]]))
    packed = loader.dataset[[Slot(place) for place in places[-number:]]].packed
    return None if packed is None else PackedShape(*packed.input_ids.shape)
