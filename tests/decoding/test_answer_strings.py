"""Strings that may be listed next."""

import random

import pytest

from gner.alignment import RobustAligner, place_strings
from gner.decoding.answer_strings import Progress, ReadBack, SentencePlaces, StringWriter
from gner.prompting import Format, GollieFormat, InstructUieFormat, ListItem, UniNerFormat
from gner.records import Example

SENTENCES = [
    ("a", "a", "a"),
    ("ba", "a", "a", "b", "ba"),
    ("the", "The", "the", "New", "the", "New"),
    ("Ada", "met", "Ada", "Lovelace", "Ada"),
    ("a\u00a0b", "a", "b", "\u2028"),
]


def _strings(words: tuple[str, ...], rng: random.Random) -> list[str]:
    starts = [rng.randrange(len(words)) for _ in range(5)]
    return [" ".join(words[start : start + rng.choice((1, 1, 2, 3))]) for start in starts]


@pytest.mark.parametrize("words", SENTENCES, ids=" ".join)
def test_strings_are_put_where_reading_puts_them(words: tuple[str, ...]) -> None:
    rng, places = random.Random(0), SentencePlaces(words)
    for _ in range(300):
        progress, kept = Progress(), []
        for string in _strings(words, rng):
            after = places.put(string, progress)
            kept += [string] if after is not None else []
            progress = after or progress
        placed = place_strings(words, [(string, "x") for string in kept], "next place")
        assert placed.num_unplaced == 0
        covered = [range(entity.start, entity.end) for entity in placed.entities]
        assert progress.taken == sum(1 << word for span in covered for word in span)


@pytest.mark.parametrize("words", SENTENCES, ids=" ".join)
def test_no_beginning_of_a_string_is_a_dead_end(words: tuple[str, ...]) -> None:
    rng, places = random.Random(0), SentencePlaces(words)
    writer = StringWriter(ListItem("x", "", "", str), words, places, lambda start, end: end % 3 > 0, lambda text: True)
    for _ in range(100):
        progress = Progress(rng.getrandbits(len(words)), rng.randrange(len(words)))
        ends = range(1, len(words) + 1)
        possible = {
            (start, end)
            for end in ends
            for start in range(end)
            if end % 3 and not any(progress.taken >> word & 1 for word in range(start, end))
            if writer.put(start, end, progress) is not None
        }
        assert set(writer.starts(progress)) == {start for start, _ in possible}
        assert writer.can_start(progress) == bool(possible)
        for start in writer.starts(progress):
            for end in range(start + 1, len(words) + 1):
                later = [other for first, other in possible if first == start and other >= end]
                assert writer.first_end(start, end, progress) == min(later, default=None)


def test_words_that_cannot_be_written_are_in_no_string() -> None:
    words = ("New", "東京", "York")
    writer = StringWriter(
        ListItem("x", "", "", str), words, SentencePlaces(words), lambda start, end: True, str.isascii
    )
    assert writer.words == [b"New", None, b"York"]
    assert writer.starts(Progress()) == [0, 2]
    assert writer.first_end(0, 2, Progress()) is None


FORMATS = [UniNerFormat(), InstructUieFormat(), GollieFormat()]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: type(form).__name__)
@pytest.mark.parametrize("text", ["Ada met Bob", 'a; ; place: " None ]\\ x', '\', ", "), \\n 😀 ë', "a a a ba a"])
def test_what_is_said_to_be_read_back_is(form: Format, text: str) -> None:
    words = tuple(text.split())
    example = Example(words, ("O",) * len(words), ("person", "place"), "toy", "0")
    grammars = form.grammars(example) or []
    for query, grammar in enumerate(grammars):
        can_read = ReadBack(form, example, grammars, query)
        for item in grammar.items:
            for end in range(1, len(words) + 1):
                for start in range(end):
                    texts = [other.empty for other in grammars]
                    string = " ".join(words[start:end])
                    texts[query] = grammar.write([(item, string)])
                    prediction = form.read(example, texts, RobustAligner())
                    found = [(one.type, " ".join(words[one.start : one.end])) for one in prediction.entities]
                    is_read = set(found) == {(item.type, string)} and not prediction.report.unparsed
                    assert can_read(item, start, end) <= is_read


def test_strings_that_look_like_several_are_not_listed() -> None:
    words = ("Rock", ";", "place:", "Bar", "\u2028")
    example = Example(words, ("O",) * 5, ("person", "place"), "toy", "0")
    form = InstructUieFormat()
    grammars = form.grammars(example)
    can_read = ReadBack(form, example, grammars, 0)
    item = grammars[0].items[0]
    assert can_read(item, 0, 1) and can_read(item, 0, 2) and can_read(item, 2, 4)
    assert not can_read(item, 0, 3), "the reader takes `place:` for the next type"
    assert not can_read(item, 4, 5), "whitespace is no string"


def test_most_sentences_take_two_readings() -> None:
    class Counting(UniNerFormat):
        num_readings = 0

        def read(self, *args, **more):  # type: ignore[no-untyped-def]
            self.num_readings += 1
            return super().read(*args, **more)

    form, words = Counting(), ("Ada", '"met"', "New", "York", "]")
    example = Example(words, ("O",) * 5, ("person",), "toy", "0")
    grammars = form.grammars(example)
    can_read = ReadBack(form, example, grammars, 0)
    assert all(can_read(grammars[0].items[0], start, end) for end in range(1, 6) for start in range(end))
    assert form.num_readings == 2
