"""Converting spans to tagged sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import to_entities
from gner.data.annotations.flatten import LONG, to_sentences
from gner.data.annotations.spans import Cut, Options, Span, Text
from gner.errors import UserError
from gner.words import SPLITTERS, find_splitter


def _entities(text: str, *spans: Span, options: Options | None = None, cut: Cut = "never") -> list[tuple[str, str]]:
    return [
        (" ".join(sentence.words[entity.start : entity.end]), entity.type)
        for sentence in to_sentences(Text(text, spans, "a.jsonl:1", cut=cut), options or Options())
        for entity in to_entities(sentence.tags)
    ]


@pytest.mark.parametrize(
    ("text", "start", "end", "words"),
    [
        ("Ada slept.", 0, 3, "Ada"),
        ("Ada slept.", 0, 4, "Ada"),
        (" Ada  Lovelace slept.", 0, 15, "Ada Lovelace"),
        ("👍 Ada slept.", 2, 5, "Ada"),
        ("我在北京。", 2, 4, "北 京"),
        ("Ada's", 0, 3, "Ada"),
        ("a\u200bAda\u200b", 2, 6, "Ada"),
    ],
)
def test_spans_of_whole_words_are_kept_without_a_report(text: str, start: int, end: int, words: str) -> None:
    options = Options()
    assert _entities(text, Span(start, end, "x"), options=options) == [(words, "x")]
    assert options.report.notes == []


def test_a_span_within_a_word_is_widened_and_reported_with_its_place() -> None:
    options = Options()
    assert _entities("a London-based firm", Span(2, 8, "place"), options=options) == [("London-based", "place")]
    [note] = options.report.notes
    assert note.kind == "widened"
    assert note.place == "a.jsonl:1, characters 2-8"
    assert note.what == "`London` (place) is part of `London-based`"


def test_a_span_within_a_word_is_left_out_or_raises_on_demand() -> None:
    options = Options(misaligned="drop")
    assert _entities("a London-based firm", Span(2, 8, "place"), options=options) == []
    assert options.report.counts() == {"misaligned": 1}
    with pytest.raises(UserError, match=r"a.jsonl:1, characters 2-8: .* `London` \(place\) is part of `London-based`"):
        _entities("a London-based firm", Span(2, 8, "place"), options=Options(misaligned="error"))


def test_of_overlapping_spans_the_longest_is_kept_or_else_the_first() -> None:
    options = Options()
    spans = [Span(4, 8, "city"), Span(0, 15, "org"), Span(9, 22, "fun")]
    text = "New York Giants win it"
    assert _entities(text, *spans, options=options) == [("New York Giants", "org")]
    assert [note.what for note in options.report.of("overlapping")] == [
        "`Giants win it` (fun) overlaps `New York Giants` (org)",
        "`York` (city) overlaps `New York Giants` (org)",
    ]
    assert _entities("Rome", Span(0, 4, "b"), Span(0, 4, "a"), Span(0, 4, "b")) == [("Rome", "b")]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2), (0, 11)])
def test_a_span_outside_its_text_raises(start: int, end: int) -> None:
    with pytest.raises(UserError, match=r"a.jsonl:1: expected a span within the 10 characters"):
        _entities("Ada slept.", Span(start, end, "x"))


def test_a_span_without_words_is_reported() -> None:
    options = Options()
    assert _entities("Ada  slept.", Span(3, 5, "x"), Span(1, 1, "x"), options=options) == []
    assert options.report.counts() == {"empty": 2}


def test_a_text_without_words_is_reported() -> None:
    options = Options()
    assert _entities(" ", options=options) == []
    assert options.report.counts() == {"no_words": 1}


@pytest.mark.parametrize(
    ("text", "start", "counted"),
    [
        ("💩This is an annotation.", 13, "UTF-16"),  # the export of label-studio issue 1347
        ("a\r\nb\r\nan annotation", 7, "line ends as one"),
        ("a\nb\nan annotation", 9, "line ends as two"),
    ],
)
def test_offsets_in_other_units_are_converted(text: str, start: int, counted: str) -> None:
    options = Options()
    spans = [Span(start, start + 10, "x", "annotation"), Span(start - 3, start - 1, "y", "an")]
    assert set(_entities(text, *spans, options=options)) == {("annotation", "x"), ("an", "y")}
    assert options.report.counts() == {"recounted": 1}


def test_a_span_moves_to_the_nearest_occurrence_of_its_text_or_is_reported() -> None:
    options = Options()
    spans = [Span(9, 12, "x", "Ada"), Span(0, 3, "x", "Bob"), Span(0, 3, "y", "Ada")]
    assert _entities("Ada met Ada.", *spans, options=options) == [("Ada", "y"), ("Ada", "x")]
    assert options.report.counts() == {"moved": 1, "unplaceable": 1}


def test_spans_of_dropped_types_do_not_displace_others() -> None:
    options = Options(rename={"org": None, "city": "place"}.get)
    assert _entities("New York Giants", Span(0, 15, "org"), Span(0, 8, "city"), options=options) == [
        ("New York", "place")
    ]
    assert options.report.counts() == {"dropped_type": 1}


LONG_TEXT = "Ada met Bob. " * LONG


@pytest.mark.parametrize(
    ("text", "cut", "option", "num_sentences"),
    [
        ("Ada left. Bob left.", "long", None, 1),
        ("Ada left.\n\nBob left.", "long", None, 2),
        ("Ada left. Bob left.", "always", None, 2),
        ("Ada left. Bob left.", "always", False, 1),
        ("Ada left. Bob left.", "never", True, 2),
        (LONG_TEXT, "long", None, LONG),
        (LONG_TEXT, "never", None, 1),
        ("a list item\n" * LONG, "long", None, LONG),
        ("word " * 3 * LONG, "long", None, 1),
    ],
)
def test_long_texts_become_sentences(text: str, cut: Cut, option: bool | None, num_sentences: int) -> None:
    assert len(to_sentences(Text(text, [], "a", cut=cut), Options(cut=option))) == num_sentences


def test_a_text_is_not_split_within_an_entity() -> None:
    text = "We like Yahoo! Japan. Do you?"
    assert _entities(text, Span(8, 20, "org"), cut="always") == [("Yahoo ! Japan", "org")]


def test_sentences_of_a_file_have_their_line() -> None:
    text = Text("Ada left.\n\nBob left.\n", [], "a.txt", cut="always", is_file=True)
    assert [sentence.place for sentence in to_sentences(text, Options())] == ["a.txt:1", "a.txt:3"]


@pytest.mark.parametrize("splitter", SPLITTERS)
@given(data=st.data())
def test_each_span_covers_its_words_exactly_or_is_reported(splitter: str, data: st.DataObject) -> None:
    text = data.draw(st.text("aB1.-' \n字👍é", min_size=1, max_size=60))
    ends = data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=8))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    spans = [Span(min(pair), max(pair), f"type{number}") for number, pair in enumerate(pairs)]
    options = Options(split_words=find_splitter(splitter))
    sentences = to_sentences(Text(text, spans, "a", cut="always"), options)
    found = {
        entity.type: "".join(sentence.words[entity.start : entity.end])
        for sentence in sentences
        for entity in to_entities(sentence.tags)
    }
    words = find_splitter(splitter)(text)
    assert [word for sentence in sentences for word in sentence.words] == [word.text for word in words]
    reported = {
        kind: " ".join(note.what for note in options.report.of(kind)) for kind in ("widened", "overlapping", "empty")
    }
    for span in spans:
        covered = "".join(text[span.start : span.end].split())
        if span.type not in found:
            assert f"({span.type})" in reported["overlapping"] + reported["empty"]
        elif f"({span.type}) is part" not in reported["widened"]:
            assert found[span.type] == covered
        else:
            assert covered in found[span.type] != covered
