"""What formats see of a file before it is read."""

from pathlib import Path

import pytest

from gner.data.reading.file_format import Sample
from gner.data.reading.registry import named_format
from gner.errors import UserError
from tests.data.writers import write_json


def test_a_sample_has_whole_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\ufeff" + "Ada slept\n" * 10_000, encoding="utf-8")
    lines = Sample(path).lines
    assert set(lines) == {"Ada slept"} and len(lines) < 10_000
    path.write_text("Ada\r\nslept", encoding="utf-8")
    assert Sample(path).lines == ["Ada", "slept"]


def test_a_sample_has_the_first_records_of_json_only(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", [{"n": number} for number in range(90)])
    assert [record["n"] for record in Sample(tmp_path / "a.json").records] == list(range(50))
    (tmp_path / "a.txt").write_text("Ada\tO\n")
    assert not Sample(tmp_path / "a.txt").records
    (tmp_path / "b.json").write_text('{"n": 1}\n{"n": ')
    with pytest.raises(UserError, match=r"b.json:2: expected JSON"):
        assert Sample(tmp_path / "b.json").records


def test_types_are_declared_in_the_folder_of_the_file_or_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    path = tmp_path / "train" / "a.conll"
    path.write_text("Ada\tB-person\n")
    conll = named_format("conll")
    assert conll.declared_types([path], tmp_path, {}) == ()
    (tmp_path / "labels.txt").write_text("city\nperson\n")
    assert conll.declared_types([path], tmp_path, {}) == ("city", "person")
    (tmp_path / "train" / "labels.txt").write_text("person\n")
    assert conll.declared_types([path], tmp_path, {}) == ("person",)
