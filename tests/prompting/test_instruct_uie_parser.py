"""Answers that list types and strings are read, however they are written."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.prompting.instruct_uie_parser import ParsedList, parse_list, parse_official

WORDS = ("Rock", ";", "Roll", "met", "Ada", "and", "a:b", "in", "R&D;", "x")
TYPES = ("person", "band", "Band", "band of two")


def _pairs(parsed: ParsedList) -> list[tuple[str, str]]:
    return [(entity.type, entity.string) for entity in parsed.entities]


@pytest.mark.parametrize(
    ("text", "pairs", "unknown_types", "unparsed"),
    [
        (" None", [], 0, 0),
        ("none ;", [], 0, 0),
        ("", [], 0, 0),
        (" person: Ada; band: Rock", [("person", "Ada"), ("band", "Rock")], 0, 0),
        ("person: Ada;;band:Rock;", [("person", "Ada"), ("band", "Rock")], 0, 0),
        ("person: Ada\nband: Rock", [("person", "Ada"), ("band", "Rock")], 0, 0),
        ("Person : Ada; BAND: x; Band: x", [("person", "Ada"), ("band", "x"), ("Band", "x")], 0, 0),
        ("band of two: x; band: x", [("band of two", "x"), ("band", "x")], 0, 0),
        ("alien: Ada; person: Bob", [("person", "Bob")], 1, 0),
        ("person: Ada; ban", [("person", "Ada")], 0, 3),
        ("Ada; person:", [], 0, 10),
        ("person: a:b", [("person", "a:b")], 0, 0),
        ("band: Rock ; Roll; person: Ada", [("band", "Rock ; Roll"), ("person", "Ada")], 0, 0),
        ("band: Rock ; Bowl; person: Ada", [("band", "Rock"), ("person", "Ada")], 0, 4),
        ("band: R&D;; person: Ada", [("band", "R&D;"), ("person", "Ada")], 0, 0),
        ("band: Rock; band: Roll", [("band", "Rock"), ("band", "Roll")], 0, 0),
        ("person: Ada\n\nThat is all.", [("person", "Ada")], 0, 12),
    ],
)
def test_items_are_read(text: str, pairs: list[tuple[str, str]], unknown_types: int, unparsed: int) -> None:
    parsed = parse_list(text, WORDS, TYPES)
    assert (_pairs(parsed), parsed.unknown_types, parsed.unparsed) == (pairs, unknown_types, unparsed)


def test_a_name_may_look_like_two_items_of_offered_types() -> None:
    text = "band: x; person: Bo"
    one, two = [("band", "x; person: Bo")], [("band", "x"), ("person", "Bo")]
    assert _pairs(parse_list(text, ("see", "x;", "person:", "Bo"), TYPES)) == one
    assert _pairs(parse_list(text, ("see", "x", ";", "person:", "Bo"), TYPES)) == two
    assert _pairs(parse_list(text, ("x", "saw", "x;", "person:", "Bo"), TYPES)) == two
    assert _pairs(parse_list(text, ("y;", "person:", "z"), TYPES)) == two


@pytest.mark.parametrize("types", [("a: b", "a"), ("c;d", "c")])
def test_a_type_may_have_separators(types: tuple[str, str]) -> None:
    long, short = types
    assert _pairs(parse_list(f"{long}: x; {short}: y", ("x", "y"), types)) == [(long, "x"), (short, "y")]


def test_places_are_those_of_type_and_string() -> None:
    text = "\n person : Ada ; band: Rock ; Roll "
    parsed = parse_list(text, WORDS, TYPES)
    places = [entity.place for entity in parsed.entities]
    assert [text[place.start : place.end] for place in places] == ["person : Ada", "band: Rock ; Roll"]


@given(st.lists(st.sampled_from(["person", "BAND", "band", ":", ";", " ", "\n", "Ada", "None", "\ud800", "{", "ſ"])))
def test_any_text_is_read(parts: list[str]) -> None:
    text = "".join(parts)
    for parsed in (parse_list(text, WORDS, TYPES), parse_official(text, TYPES)):
        starts = [entity.place.start for entity in parsed.entities]
        assert starts == sorted(starts)
        assert all(entity.string in text[entity.place.start : entity.place.end] for entity in parsed.entities)
    assert parse_list(text, WORDS, ()).entities == []


@pytest.mark.parametrize("unit", [";", "\n", " ", "person: x; a; b; ", "person", "person: Ada; ", "x\ty"])
def test_time_grows_with_the_length_only(unit: str) -> None:
    start = time.perf_counter()
    text = unit * (20_000 // len(unit))
    parse_list(text, WORDS, TYPES)
    parse_official(text, TYPES)
    assert time.perf_counter() - start < 5


def test_the_official_parser_splits_names_and_normalises_types() -> None:
    parsed = parse_official("band: Rock ; Roll; BAND  OF TWO: x;\n: y; alien: z; located: Rome", ("location", *TYPES))
    assert _pairs(parsed) == [("band", "Rock"), ("band of two", "x"), ("location", "Rome")]
    assert (parsed.unknown_types, parsed.unparsed) == (1, 7)
    assert parse_official(" None;", TYPES) == ParsedList([], 0, 0)
