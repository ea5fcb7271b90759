"""What takes the place of a file, and what is written through."""

import os
from pathlib import Path

import pytest

from gner.files import is_written_through, replacing, without_nan


@pytest.mark.parametrize(
    ("path", "is_stream"),
    [("/dev/stdout", True), ("/dev/fd/1", True), ("/dev/null", True), ("/dev/shm/file.json", False), ("x", False)],
)
def test_streams_and_devices_are_written_through(path: str, is_stream: bool) -> None:
    assert is_written_through(Path(path)) == is_stream


def test_a_pipe_is_written_through_and_a_link_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert is_written_through(tmp_path / "pipe")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "folder" / "target")
    with replacing(link) as file:
        file.write("new")
    assert link.is_symlink()
    assert (tmp_path / "folder" / "target").read_text(encoding="utf-8") == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "link", "folder"}


def test_what_json_does_not_have_is_null() -> None:
    assert without_nan({"a": [float("nan"), 1.5, {"b": float("-inf")}], "c": "NaN"}) == {
        "a": [None, 1.5, {"b": None}],
        "c": "NaN",
    }
