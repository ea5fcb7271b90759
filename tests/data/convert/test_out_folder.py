"""What a conversion may replace, and when its folder gets its name."""

from pathlib import Path

import pytest

from gner.data.convert.out_folder import REPORT, check_out_folder, new_folder, write_report
from gner.errors import UserError


def _written(out: Path) -> Path:
    with new_folder(out) as folder:
        (folder / "train.jsonl").write_text("{}")
        write_report(folder, "first\n* not a file")
    return out


def test_a_new_or_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "a" / "b", tmp_path / "empty"):
        check_out_folder(out, "some/hub_name", overwrite=False)
        assert {path.name for path in _written(out).iterdir()} == {"train.jsonl", REPORT}


def test_only_what_was_written_before_is_replaced(tmp_path: Path) -> None:
    out = _written(tmp_path / "out")
    check_out_folder(out, "x", overwrite=True)
    with pytest.raises(UserError, match=r"has files, such as report.md. Name another, or give --overwrite"):
        check_out_folder(out, "x", overwrite=False)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"notes.txt is another. Name another folder, or remove this one"):
        check_out_folder(out, "x", overwrite=True)


def test_a_folder_without_a_report_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}")
    with pytest.raises(UserError, match=r"train.jsonl is another"):
        check_out_folder(tmp_path, "x", overwrite=True)
    (tmp_path / REPORT).write_text("# Mine\n\n* train.jsonl\n* report.md\n")
    with pytest.raises(UserError, match=r"is another"):
        check_out_folder(tmp_path, "x", overwrite=True)


def test_a_text_of_the_report_is_no_file(tmp_path: Path) -> None:
    out = _written(tmp_path / "out")
    (out / "not a file").write_text("mine")
    with pytest.raises(UserError, match="not a file is another"):
        check_out_folder(out, "x", overwrite=True)


@pytest.mark.parametrize(
    ("out", "source", "message"),
    [
        ("data", "data", "outside of the source"),
        ("data/new", "data", "outside of the source"),
        ("data/sub/../new", "data", "outside of the source"),
        (".", "data", "the source is in"),
        ("data", "data/train.jsonl", "the source is in"),
        ("data/train.jsonl", "x", "is a file"),
    ],
)
def test_a_folder_apart_from_the_source_is_needed(tmp_path: Path, out: str, source: str, message: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text("{}")
    with pytest.raises(UserError, match=message):
        check_out_folder(tmp_path / out, str(tmp_path / source), overwrite=True)


def test_an_interrupted_run_leaves_what_was_there(tmp_path: Path) -> None:
    out = _written(tmp_path / "out")
    with pytest.raises(KeyboardInterrupt), new_folder(out) as folder:
        (folder / "train.jsonl").write_text("half")
        raise KeyboardInterrupt
    assert (out / "train.jsonl").read_text() == "{}"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_rest_of_a_killed_run_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.unfinished").mkdir()
    (tmp_path / "out.unfinished" / "dev.jsonl").write_text("half")
    assert {path.name for path in _written(tmp_path / "out").iterdir()} == {"train.jsonl", REPORT}


def test_a_link_to_a_folder_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "target").mkdir()
    _written(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target" / "train.jsonl").is_file()
