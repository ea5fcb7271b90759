"""A loader goes on where another stopped."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from gner.data import GnerDataModule
from gner.data.loader import BatchLoader
from gner.data.sampler import TrainSampler
from gner.models import Backbone
from tests.data.modules import fitting


@pytest.mark.parametrize("num_workers", [0, 1])
@pytest.mark.parametrize("num_seen", [0, 1, 3, 4, 6])
def test_a_loader_goes_on_where_another_stopped(
    num_seen: int, num_workers: int, backbone: Backbone, toy_root: Path
) -> None:
    def batches(data: GnerDataModule) -> Iterator[list[list[int]]]:
        """Three a pass."""
        loader = data.train_dataloader()
        while True:
            yield from (batch.input_ids.tolist() for batch in loader)

    options: dict[str, Any] = {"batch_size": 2, "num_workers": num_workers}
    first = fitting(backbone, toy_root, **options)
    expected = list(islice(batches(first), 9))
    stopped = fitting(backbone, toy_root, **options)
    seen = list(islice(batches(stopped), num_seen))
    following = fitting(backbone, toy_root, **options)
    following.load_state_dict(stopped.state_dict())
    assert seen + list(islice(batches(following), 9 - num_seen)) == expected


def test_a_loader_goes_on_with_another_number_of_processes(backbone: Backbone, toy_root: Path) -> None:
    def positions(loader: BatchLoader, num_batches: int | None = None) -> list[int]:
        return [position for batch in islice(loader, num_batches) for position in batch.positions]

    data = fitting(backbone, toy_root, batch_size=1)
    template = data.train_dataloader()
    dataset = template.dataset

    def loader(rank: int, num_ranks: int) -> BatchLoader:
        sampler = TrainSampler([1] * len(dataset), 1, seed=0, rank=rank, num_ranks=num_ranks)  # type: ignore[arg-type]
        return BatchLoader(dataset, sampler=sampler, batch_size=None)  # type: ignore[arg-type]

    two = [loader(rank, 2) for rank in range(2)]
    seen = [position for one in two for position in positions(one, 2)]
    alone = loader(0, 1)
    alone.load_state_dict(two[0].state_dict())
    assert sorted(seen + positions(alone)) == [0, 1, 2, 3, 4]
    back = loader(0, 2)
    start = loader(0, 1)
    first = positions(start, 2)
    back.load_state_dict(start.state_dict())
    assert not set(first) & set(positions(back))
