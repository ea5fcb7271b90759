"""Any text gives the entities that are complete in it, fast, and runs nothing."""

import time

import pytest

from gner.prompting.gollie_parser import MOST_CHARACTERS, parse_answer


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(name, string) for name, string, _, _ in parse_answer(text).entities]


@pytest.mark.parametrize(
    ("text", "pairs", "unparsed"),
    [
        (' [\n    A(span="x"),\n    B(\n        span="y"\n    ),\n]\n', [("A", "x"), ("B", "y")], 0),
        (" []\n", [], 0),
        ("", [], 0),
        ("[A('x'), B ( span = \"y\" )", [("A", "x"), ("B", "y")], 0),
        (' [A(span="x"), B(span="y', [("A", "x")], len('B(span="y')),
        (' [A(span="x"', [("A", "x")], 0),
        (' [A(span="x"), B(', [("A", "x")], len("B(")),
        (' [A("x")] is [B("y")]', [("A", "x")], len('is[B("y")]')),
        (' [[A("x")], [B("y")]] [C("z")]', [("A", "x"), ("B", "y")], len('[C("z")]')),
        (' []\n\nresult = [B("y")]', [], len('result=[B("y")]')),
        ('As in [1]: [A("x")]', [("A", "x")], len("Asin[1]:")),
        ('A("x"), B("y") and', [("A", "x"), ("B", "y")], len("and")),
        (' [A("x", score=0.5), B("y")]', [("A", "x"), ("B", "y")], len("score=0.5)")),
        (' [A(), 3, None, B("y"), C(span=None)]', [("B", "y")], len("A()3NoneC(span=None)")),
        (
            ' [A("x" "y"), B("x" + \'y\'), C(r"\\d"), D("\\x41\\"")]',
            [("A", "xy"), ("B", "xy"), ("C", "\\d"), ("D", 'A"')],
            0,
        ),
        (' [A(span="the "x" y"), B(span=\'it\'s\'), C(“z”)]', [("A", 'the "x" y'), ("B", "it's"), ("C", "z")], 0),
        (' [A(span="x, B(span="y")]', [("B", "y")], len('A(span="x')),
        (' [A("]"), B("[")]', [("A", "]"), ("B", "[")], 0),
        (' [A("\\x1"), os.system("y")]', [("A", "\\x1")], len('os.system("y")')),
        (' [A("""x\ny"""), 人("é")]', [("A", "x\ny"), ("人", "é")], 0),
    ],
)
def test_what_is_complete_is_read_and_the_rest_counted(text: str, pairs: list[tuple[str, str]], unparsed: int) -> None:
    assert (_pairs(text), parse_answer(text).unparsed) == (pairs, unparsed)


def test_places_are_those_of_class_and_string() -> None:
    text = ' [A(span="x"), B( “y” ), C("a" "b" )]'
    assert [text[one.start : one.end] for one in parse_answer(text).entities] == ['A(span="x"', "B( “y”", 'C("a" "b"']


def test_a_long_text_is_read_in_part() -> None:
    entity = 'A(span="x"), '
    text = " [" + entity * MOST_CHARACTERS
    parsed = parse_answer(text)
    assert len(parsed.entities) == (MOST_CHARACTERS - 2) // len(entity) + (MOST_CHARACTERS - 2) % len(entity) // 11
    assert parsed.unparsed > MOST_CHARACTERS


@pytest.mark.parametrize(
    "unit",
    [
        *('A("', "A('''", 'A("\\"', 'A("a ', "(“a", 'a(" ', "[", "A(", "A (  ", '"', "\\", 'A("x" + ', "A(x = ", "[ a"),
        *("A(span='it's", "'''", "A(\n", "\x00", "\ud800", " "),
    ],
)
def test_nothing_takes_long(unit: str) -> None:
    text = f' [A("x"), {unit * (MOST_CHARACTERS // len(unit))}'
    start = time.process_time()
    parse_answer(text)
    assert time.process_time() - start < 5  # ten times what it is
