"""Locks on files, which end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

_POLL_S = 0.05
_GRACE_S = 1.0
_LIMIT_S = 120.0
_EXITING = 0x4
"""The flag of a process that Linux is taking apart (PF_EXITING)."""


class Owner(NamedTuple):
    """Who holds a lock, as far as that is written down.

    Attributes:
        host: Name of the machine.
        pid: Number of the process.
    """

    host: str
    pid: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    @property
    def is_ending(self) -> bool:
        """Whether it was a process of this machine and is gone or on its way out.

        A killed process holds its locks until the kernel has given back its memory, which takes a while if it is much.
        """
        if self.host != socket.gethostname():
            return False
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except FileNotFoundError:
            return Path("/proc/self").exists()  # elsewhere, nothing is known of other processes
        except OSError:
            return False
        return fields[0] in "ZX" or bool(int(fields[6]) & _EXITING)


def lock(file: IO[bytes] | IO[str], owner: Owner | None = None) -> bool:
    """Lock an open file until it is closed, by whatever end of this process.

    Waits for an owner that is about to end, and for a moment in any case.

    Args:
        file: Open; what it holds does not matter.
        owner: Who may hold the lock.

    Returns:
        False if somebody else holds it.
    """
    since = time.monotonic()
    while not _try(file):
        waited = time.monotonic() - since
        is_ending = owner is not None and owner.is_ending
        if waited > (_LIMIT_S if is_ending else _GRACE_S):
            return False
        time.sleep(_POLL_S)
    return True


def _try(file: IO[bytes] | IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: better no guard than no run
        return True
    return True


def read_owner(path: Path) -> Owner | None:
    """Who wrote himself down in a file; None if nobody did."""
    with suppress(OSError, ValueError):
        host, pid = path.read_text(encoding="utf-8").split()
        return Owner(host, int(pid))
    return None


def this_process() -> Owner:
    """The process that asks."""
    return Owner(socket.gethostname(), os.getpid())
