"""Real processes for tests of what several of them do together."""

import atexit
import multiprocessing
import os
import socket
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import torch
from torch import distributed


def run_processes(
    worker: Callable[..., None],
    num_processes: int,
    *arguments: Any,
    limit_s: float = 900,
    num_nodes: int = 1,
    fresh: bool = False,
) -> None:
    """Run a function in several processes that know each other as ``torchrun``'s do, and raise what one of them raises.

    Args:
        worker: A function of a module; it gets its rank and the arguments.
        num_processes: How many.
        arguments: What can be pickled.
        limit_s: After so long all are killed, since a process that waits for another does not listen to milder signals.
            It guards against waiting for ever, and is no measure: machines under load are many times slower.
        num_nodes: How many machines they pretend to be on.
        fresh: Start new processes, which end when the function does, as those of a run; otherwise two of one machine
            are those that earlier tests used, which saves their imports. A process that waits in a collective hears
            that another is gone, and not that it goes on with something else.
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
    is_shared = num_processes == 2 and num_nodes == 1 and not fresh
    group = _shared_group() if is_shared else _Group(num_processes, ends=True)
    try:
        group.run(worker, settings, arguments, limit_s)
    except BaseException:
        group.kill()
        raise
    if not is_shared:
        group.kill()


class _Group:
    """Processes that wait for functions to run; or for one, after which they end."""

    def __init__(self, size: int, ends: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes, self._processes = [], []
        for rank in range(size):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, rank, ends), daemon=False)
            process.start()
            there.close()
            self._pipes.append(here)
            self._processes.append(process)

    @property
    def is_alive(self) -> bool:
        """Whether all processes are there."""
        return all(process.is_alive() for process in self._processes)

    def run(
        self, worker: Callable[..., None], settings: dict[str, str], arguments: tuple[Any, ...], limit_s: float
    ) -> None:
        """Have all run a function; raises as soon as one fails, ends or takes too long."""
        for pipe in self._pipes:
            pipe.send((worker, settings, arguments))
        waiting = dict(zip(self._pipes, self._processes, strict=True))
        deadline = time.monotonic() + limit_s
        while waiting:
            ready = wait(list(waiting), timeout=max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{worker.__name__} did not end within {limit_s} s on {len(self._pipes)} processes.")
            for pipe in ready:
                del waiting[pipe]
                try:
                    failure = pipe.recv()
                except EOFError:
                    failure = "The process ended."
                assert failure is None, failure

    def kill(self) -> None:
        """End all processes, whatever they do."""
        for process in self._processes:
            process.kill()
            process.join()


def _shared_group() -> _Group:
    global _shared  # noqa: PLW0603 - one for all tests
    if _shared is None or not _shared.is_alive:
        _shared = _Group(2, ends=False)
        atexit.register(_shared.kill)
    return _shared


_shared: _Group | None = None


def _serve(pipe: Connection, rank: int, ends: bool) -> None:
    """Run functions that come through a pipe, until it is closed; or only the first one."""
    while True:
        try:
            worker, settings, arguments = pipe.recv()
        except EOFError:
            return
        node, local_rank = divmod(rank, int(settings["LOCAL_WORLD_SIZE"]))
        here = {"RANK": str(rank), "LOCAL_RANK": str(local_rank), "GROUP_RANK": str(node)}
        # the run's name tells Lightning that the processes are there already
        os.environ.update(settings, **here, TORCHELASTIC_RUN_ID="test", OMP_NUM_THREADS="1")
        torch.set_num_threads(1)
        try:
            worker(rank, *arguments)
        except BaseException:
            pipe.send(f"Process {rank}:\n{traceback.format_exc()}")
            return
        if not ends and distributed.is_initialized():  # Lightning leaves that to the end of a process
            distributed.destroy_process_group()
        pipe.send(None)
        if ends:
            return


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
