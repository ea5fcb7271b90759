"""Atomic writes, and paths that must be written in place."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gner.files import is_standard_output, is_written_through, replacing, without_nan

REPOSITORY = Path(__file__).parents[1]


def test_streams_and_links_to_them_are_distinguished_from_files(tmp_path: Path) -> None:
    (tmp_path / "dev").symlink_to("/dev")
    (tmp_path / "link").symlink_to("/dev/stdout")
    (tmp_path / "again").symlink_to("link")
    os.mkfifo(tmp_path / "pipe")
    streams = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", *(tmp_path / name for name in ("link", "again"))]
    streams.append(tmp_path / "dev" / "stdout")
    for path in map(Path, streams):
        assert is_written_through(path)
        assert is_standard_output(path)
    for path in (Path("/dev/null"), Path("/dev/stderr"), Path("/dev/fd/63"), tmp_path / "pipe"):
        assert is_written_through(path)
        assert not is_standard_output(path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "loop").symlink_to("loop")
    files = [Path("/dev/shm/run/metrics.json"), tmp_path, *(tmp_path / name for name in ("file", "new", "loop"))]
    for path in files:
        assert not is_written_through(path)


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no files in memory here")
def test_files_in_memory_are_files() -> None:
    """``/dev/shm`` holds no devices, despite its name."""
    path = Path(f"/dev/shm/gner-{os.getpid()}")
    try:
        for text in ("old", "new"):
            with replacing(path) as file:
                file.write(text)
        assert path.read_text(encoding="utf-8") == "new"
    finally:
        path.unlink(missing_ok=True)


def test_redirected_standard_output_keeps_the_content_of_its_file(tmp_path: Path) -> None:
    printed, link = tmp_path / "printed", tmp_path / "link"
    printed.write_text("before\n", encoding="utf-8")
    link.symlink_to("/dev/stdout")
    program = f"from gner.files import *\nwith replacing(Path({str(link)!r})) as file: file.write(as_line({{}}))"
    with printed.open("ab") as file:
        subprocess.run([sys.executable, "-c", program], stdout=file, check=True, cwd=REPOSITORY)
    before, written = printed.read_text(encoding="utf-8").splitlines()
    assert (before, json.loads(written)) == ("before", {})
    assert link.is_symlink()


def test_a_pipe_is_written_in_place_and_a_link_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert is_written_through(tmp_path / "pipe")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "folder" / "target")
    with replacing(link) as file:
        file.write("new")
    assert link.is_symlink()
    assert (tmp_path / "folder" / "target").read_text(encoding="utf-8") == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "link", "folder"}


def test_nan_and_infinity_become_null() -> None:
    assert without_nan({"a": [float("nan"), 1.5, {"b": float("-inf")}], "c": "NaN"}) == {
        "a": [None, 1.5, {"b": None}],
        "c": "NaN",
    }
