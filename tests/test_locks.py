"""Locks are held exactly as long as their process runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gner.locks import Owner, lock, this_process

REPOSITORY = Path(__file__).parents[1]
HOLDER = """
import subprocess, sys, time
from gner.locks import lock
file = open(sys.argv[1], "a")
assert lock(file)
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
time.sleep(900)
"""


def _start_holder(path: Path) -> tuple["subprocess.Popen[str]", int]:
    """A process that holds a lock, and the id of a child process that does not inherit it."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert holder.stdout is not None
    return holder, int(holder.stdout.readline())


@pytest.mark.parametrize("is_known", [True, False])
def test_a_killed_process_releases_its_lock_though_its_child_lives(is_known: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    holder, child = _start_holder(path)
    host = this_process().host
    owner = Owner(host, holder.pid) if is_known else None
    try:
        os.kill(child, signal.SIGSTOP)  # else it ends with its input
        with path.open("a") as file:
            assert not lock(file, owner)
            holder.kill()  # without waiting: it may still be exiting
            if not is_known:
                holder.wait()
            assert lock(file, owner)
            assert Path("/proc", str(child)).exists()
    finally:
        holder.kill()
        os.kill(child, signal.SIGKILL)
        holder.wait()


def test_an_ended_owner_is_distinguished_from_a_running_one() -> None:
    host = this_process().host
    ended = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # a zombie
    assert Owner(host, ended.pid).is_ending
    ended.wait()
    assert Owner(host, ended.pid).is_ending
    assert not Owner("another", ended.pid).is_ending
    assert not this_process().is_ending
