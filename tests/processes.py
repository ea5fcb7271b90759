"""Real processes for tests of what several of them do together."""

import os
import socket
import time
from collections.abc import Callable
from typing import Any

import torch.multiprocessing as mp


def run_processes(
    worker: Callable[..., None], num_processes: int, *arguments: Any, limit_s: float = 60, num_nodes: int = 1
) -> None:
    """Run a function in several processes that know each other as ``torchrun``'s do, and raise what one of them raises.

    Args:
        worker: A function of a module; it gets its rank and the arguments.
        num_processes: How many.
        arguments: What can be pickled.
        num_nodes: How many machines they pretend to be on.
        limit_s: After so long all are killed, since a process that waits for another does not listen to milder signals.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(num_processes),
        "LOCAL_WORLD_SIZE": str(num_processes // num_nodes),
    }
    context = mp.start_processes(
        _enter, (worker, settings, arguments), nprocs=num_processes, join=False, start_method="spawn"
    )
    deadline = time.monotonic() + limit_s
    try:
        while not context.join(timeout=1):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{worker.__name__} did not end within {limit_s} s on {num_processes} processes.")
    finally:
        for process in context.processes:
            if process.is_alive():
                process.kill()


def _enter(rank: int, worker: Callable[..., None], settings: dict[str, str], arguments: tuple[Any, ...]) -> None:
    node, local_rank = divmod(rank, int(settings["LOCAL_WORLD_SIZE"]))
    here = {"RANK": str(rank), "LOCAL_RANK": str(local_rank), "GROUP_RANK": str(node)}
    # the run's name tells Lightning that the processes are there already
    os.environ.update(settings, **here, TORCHELASTIC_RUN_ID="test", OMP_NUM_THREADS="1")
    worker(rank, *arguments)
