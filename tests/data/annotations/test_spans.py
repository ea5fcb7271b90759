"""Texts with spans, and where they are from."""

from gner.data.annotations.spans import Tagged, Text


def test_place_of_gives_line_numbers() -> None:
    text = Text("a\nb\n\nc", [], "a.txt", is_file=True)
    assert [text.place_of(position) for position in range(6)] == [f"a.txt:{line}" for line in (1, 1, 2, 2, 3, 4)]


def test_a_word_is_at_its_line_or_else_at_its_number_in_the_sentence() -> None:
    in_lines = Tagged(("Ada", "left"), ("B-x", "O"), "a.conll", lines=(7, 8))
    assert (in_lines.start, in_lines.place_of(1)) == ("a.conll:7", "a.conll:8")
    in_one = Tagged(("Ada", "left"), ("B-x", "O"), "a.jsonl:3")
    assert (in_one.start, in_one.place_of(1)) == ("a.jsonl:3", "a.jsonl:3, word 2")
