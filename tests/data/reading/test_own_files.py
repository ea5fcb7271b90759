"""Files of a format beside others that are not data."""

from pathlib import Path

from gner.data.reading.own_files import own_parts
from gner.data.reading.registry import named_format


def test_only_files_that_the_format_recognises_are_taken_by_split(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    files = {"train.tsv": "Ada\tB-person\n", "notes.tsv": "Nothing here\n", "test/a.tsv": "Bob\tB-person\n"}
    for name, content in {**files, "dev.md": "Ada\tB-person\n"}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    parts = own_parts(named_format("conll"), tmp_path, [".tsv"])
    assert {name: [str(path.relative_to(tmp_path)) for path in paths] for name, paths in parts.items()} == {
        "train": ["train.tsv"],
        "test": ["test/a.tsv"],
    }
