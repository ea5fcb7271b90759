"""Propagates one rank's error to all others without a collective's timeout."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import NoReturn

from torch import distributed
from torch.distributed import DistNetworkError, DistStoreError, PrefixStore, Store
from torch.distributed.distributed_c10d import _get_default_store

from gner.errors import UserError
from gner.scoring.prediction_file import Decoded

_POLL_S = 0.05


@contextmanager
def _without_store() -> Iterator[None]:
    """Say what it means that the store does not answer."""
    try:
        yield
    except (DistNetworkError, DistStoreError) as error:
        raise RuntimeError("The first process, at which the others meet, has ended.") from error


class Peers:
    """The other processes of a run, while each does work of its own.

    Processes that decode do not talk to each other, so those that are done would wait in a collective for one that
    failed, until its timeout. Here they look into the store through which the processes met instead: one that failed
    leaves its error there, and the others raise it when they look next.

    Args:
        occasion: A name that all processes use for this work, and for no other.
        farewell_s: How long one that failed waits for the others to hear it, as the store may end with it; null for
            as long as a collective may take.
    """

    def __init__(self, occasion: str, farewell_s: float | None = None) -> None:
        self._store: Store | None = None
        self._failed = False
        if distributed.is_available() and distributed.is_initialized():
            store = _get_default_store()
            self._store = PrefixStore(f"gner/{occasion}", store)
            self._timeout_s = store.timeout.total_seconds()  # type: ignore[attr-defined]  # not in torch's stubs
            self._farewell_s = self._timeout_s if farewell_s is None else farewell_s
            self._rank, self._num_processes = distributed.get_rank(), distributed.get_world_size()

    def check(self) -> None:
        """Raise the error of another process, if there is one."""
        if self._store is None:
            return
        with _without_store():
            failed = self._store.check(["error"])
        if failed:
            self._raise_error(self._store)

    def wait(self) -> None:
        """Return when all processes have called this.

        Raises:
            TimeoutError: The others took longer than a collective may.
        """
        if self._store is None:
            return
        deadline = time.monotonic() + self._timeout_s
        with _without_store():
            num_done = self._store.add("done", 1)
        while num_done < self._num_processes:
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"Process {self._rank} waited {self._timeout_s:.0f} s for the others.")
            time.sleep(_POLL_S)
            with _without_store():
                num_done = self._store.add("done", 0)

    def fail(self, error: BaseException) -> None:
        """Tell the others, and give them a moment to hear it; if another failed before, raise its error instead."""
        if self._store is None or self._failed:
            return
        self._failed = True
        self.check()
        kind = "user" if isinstance(error, UserError) else "other"
        text = str(error) if kind == "user" else f"Process {self._rank} failed: {type(error).__name__}: {error}"
        self._store.set("error", json.dumps([kind, text]))
        deadline = time.monotonic() + self._farewell_s
        with suppress(DistNetworkError, DistStoreError):  # the process that holds the store has heard, and ended
            while self._store.add("heard", 0) < self._num_processes - 1 and time.monotonic() < deadline:
                time.sleep(_POLL_S)

    def _raise_error(self, store: Store) -> NoReturn:
        self._failed = True
        kind, text = json.loads(store.get("error"))
        store.add("heard", 1)
        raise UserError(text) if kind == "user" else RuntimeError(text)


def gather(decoded: list[Decoded]) -> list[Decoded]:
    """What all processes decoded, in the order of the split; every process must call this.

    Example:
        >>> from gner.records import AlignmentReport, Example, Prediction
        >>> example = Example((), (), (), "toy", "0")
        >>> rows = [Decoded(place, example, Prediction((), (), AlignmentReport())) for place in (2, 0, 1)]
        >>> [row.position for row in gather(rows)]  # one process alone
        [0, 1, 2]
    """
    parts = [decoded]
    if distributed.is_available() and distributed.is_initialized():
        parts = [[] for _ in range(distributed.get_world_size())]
        distributed.all_gather_object(parts, decoded)
    return sorted(chain.from_iterable(parts), key=lambda row: row.position)
