"""Written results survive a kill, and nothing is written twice."""

from pathlib import Path

import pytest

from gner.errors import UserError
from gner.file_prediction.journal import Journal

STAMP = {"model": "m", "labels": {"a": None}}


def test_lines_are_written_and_the_stamp_is_removed_at_the_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out.jsonl", STAMP)
    assert journal.open() == 0
    journal.append(["{}", "ü"])
    assert journal.path.read_text(encoding="utf-8") == "{}\nü\n"
    assert journal.is_unfinished
    journal.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


@pytest.mark.parametrize("length", range(13))
def test_run_killed_at_any_byte_resumes_after_its_last_complete_line(length: int, tmp_path: Path) -> None:
    lines = ["first", "ünd", "x"]
    path = tmp_path / "out.jsonl"
    first = Journal(path, STAMP)
    first.open()
    first.append(lines)
    first.close()
    content = path.read_bytes()
    path.write_bytes(content[:length])
    again = Journal(path, STAMP)
    num_done = again.open()
    assert num_done == content[:length].count(b"\n")
    assert list(again.done()) == [f"{line}\n" for line in lines[:num_done]]
    again.append(lines[num_done:])
    again.finish()
    assert path.read_bytes() == content


def test_run_killed_before_its_first_line_resumes(tmp_path: Path) -> None:
    Journal(tmp_path / "out.jsonl", STAMP).open()
    (tmp_path / "out.jsonl").unlink()
    assert Journal(tmp_path / "out.jsonl", STAMP).open() == 0


def test_results_of_other_runs_are_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(UserError, match="it already exists"):
        Journal(path, STAMP).check()
    first = Journal(path, STAMP, overwrite=True)
    assert first.open() == 0
    first.append(["a"])
    with pytest.raises(UserError, match=r"another run .*is writing it"):
        Journal(path, STAMP).open()
    first.close()
    with pytest.raises(UserError, match="model was 'm', is 'other'"):
        Journal(path, {**STAMP, "model": "other"}).open()
    assert path.read_text(encoding="utf-8") == "a\n"
    again = Journal(path, STAMP, overwrite=True)
    assert again.open() == 1  # resumed, as its stamp is equal
    again.close()
    assert Journal(path, {**STAMP, "model": "other"}, overwrite=True).open() == 0
    with pytest.raises(UserError, match="it is a folder"):
        Journal(tmp_path, STAMP).check()
