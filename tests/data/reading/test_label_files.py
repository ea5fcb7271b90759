"""Lists of types beside the data."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gner.data.reading.label_files import read_declared_types
from gner.errors import UserError
from tests.data.reading.readers import read_source
from tests.data.writers import WRITERS

Write = Callable[..., Path]


def test_types_are_sorted_or_in_the_order_of_a_list_beside_the_data(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    assert read_source(tmp_path)[0].types == ("person", "place")
    (tmp_path / "labels.json").write_text('["place", "event", "person"]')
    assert read_source(tmp_path)[0].types == ("place", "event", "person")
    assert read_source(tmp_path, types=["place", "person"])[0].types == ("place", "person")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("label.txt", "person\n\n place \n"),
        ("labels.txt", "O\nB-person\nI-person\nB-place\nI-place\n"),
        ("labels.json", '["person", "place", "NA"]'),
        ("types.json", '{"0": "person", "1": "place"}'),
        ("types.json", '{"person": 0, "place": 1}'),
    ],
)
def test_types_are_read_from_lists_objects_and_tags(name: str, content: str, tmp_path: Path) -> None:
    assert read_declared_types(tmp_path) is None
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_declared_types(tmp_path) == ("person", "place")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", r"labels\.json:1: expected JSON"),
        ("[1]", r"labels\.json: expected a list of entity types"),
        ('["NA"]', r"labels\.json: expected entity types, found none"),
    ],
)
def test_lists_without_types_are_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_declared_types(tmp_path)
