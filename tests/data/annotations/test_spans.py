"""Texts with spans, and where they are from."""

from gner.data.annotations.spans import Text


def test_place_of_gives_line_numbers() -> None:
    text = Text("a\nb\n\nc", [], "a.txt", is_file=True)
    assert [text.place_of(position) for position in range(6)] == [f"a.txt:{line}" for line in (1, 1, 2, 2, 3, 4)]
