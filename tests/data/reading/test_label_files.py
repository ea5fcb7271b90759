"""Lists of types beside the data."""

from collections.abc import Callable
from pathlib import Path

from tests.data.reading.readers import read_source
from tests.data.writers import WRITERS

Write = Callable[..., Path]


def test_types_are_sorted_or_in_the_order_of_a_list_beside_the_data(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    assert read_source(tmp_path)[0].types == ("person", "place")
    (tmp_path / "labels.json").write_text('["place", "event", "person"]')
    assert read_source(tmp_path)[0].types == ("place", "event", "person")
    assert read_source(tmp_path, types=["place", "person"])[0].types == ("place", "person")
