"""File locks, which the operating system releases when their process ends, however it ends."""

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
"""Linux's flag of a process that is exiting (PF_EXITING)."""


class Owner(NamedTuple):
    """The process that a lock file names as its holder.

    Attributes:
        host: Name of the machine.
        pid: Process id.
    """

    host: str
    pid: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    @property
    def is_ending(self) -> bool:
        """Whether it ran on this machine and has ended or is exiting.

        A killed process keeps its locks until the kernel has freed its memory, which takes a while if it has much.

        Example:
            >>> this_process().is_ending, Owner("another-machine", 1).is_ending
            (False, False)
        """
        if self.host != socket.gethostname():
            return False
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except FileNotFoundError:
            return Path("/proc/self").exists()  # without /proc (macOS), other processes are unknown
        except OSError:
            return False
        return fields[0] in "ZX" or bool(int(fields[6]) & _EXITING)


def lock(file: IO[bytes] | IO[str], owner: Owner | None = None) -> bool:
    """Lock an open file until it is closed or this process ends.

    Waits for an owner that is exiting, and briefly for any other.

    Args:
        file: Open; its content does not matter.
        owner: The process that may hold the lock.

    Returns:
        False if another process holds it.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, ".lock")
        ...     with path.open("w") as file:
        ...         lock(file)
        True
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
    except OSError:  # this file system has no locks: rather an unguarded run than none
        return True
    return True


def read_owner(path: Path) -> Owner | None:
    """The process that a lock file names, or None.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, ".lock")
        ...     _ = path.write_text("node7 4711")
        ...     print(read_owner(path), read_owner(Path(folder, "none")))
        process 4711 on node7 None
    """
    with suppress(OSError, ValueError):
        host, pid = path.read_text(encoding="utf-8").split()
        return Owner(host, int(pid))
    return None


def this_process() -> Owner:
    """The current process."""
    return Owner(socket.gethostname(), os.getpid())
