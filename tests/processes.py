"""Real processes for tests of what several of them do together."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch.multiprocessing as mp


def run_processes(
    worker: Callable[..., None], num_processes: int, *arguments: Any, limit_s: float = 900, num_nodes: int = 1
) -> None:
    """Run a function in several processes that know each other as ``torchrun``'s do, and raise what one of them raises.

    Args:
        worker: A function of a module; it gets its rank and the arguments.
        num_processes: How many.
        arguments: What can be pickled.
        num_nodes: How many machines they pretend to be on.
        limit_s: After so long all are killed, since a process that waits for another does not listen to milder signals.
            It guards against waiting for ever, and is no measure: machines under load are many times slower.
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


def members(session: int) -> list[int]:
    """The processes of a session that Python runs, the first one first."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text(encoding="utf-8")
        except OSError:
            continue  # it has just ended
        fields = text.rpartition(")")[2].split()
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(status.parent.name))
    return sorted(found)


def wait_for_session(session: int, limit_s: float = 900) -> None:
    """Wait until all processes of a session are gone, with the locks that they held."""
    deadline = time.monotonic() + limit_s
    while members(session):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Processes {members(session)} are still there after {limit_s} s.")
        time.sleep(0.01)
