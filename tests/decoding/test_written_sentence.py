"""Tests of a sentence as its strings are written in lists."""

import json

from gner.decoding.written_sentence import WrittenSentence
from gner.records import Entity

WORDS = ["Zoë", "of", "Zoë", "\\", '"X"']


def _escape(string: str) -> str:
    return json.dumps(string)[1:-1]


def test_every_span_is_written_as_a_whole_would_be() -> None:
    sentence = WrittenSentence(WORDS, _escape)
    for start in range(len(WORDS)):
        for end in range(start + 1, len(WORDS) + 1):
            written = sentence.string(Entity(start, end, "x"))
            assert json.loads(f'"{written}"') == " ".join(WORDS[start:end])
            assert sentence.place(written, start) == (start, end)


def test_only_whole_words_are_places() -> None:
    sentence = WrittenSentence(WORDS, _escape)
    assert sentence.place("Zo", 0) is None
    assert [start for start, _ in sentence.starting_with("Zo")] == [0, 2]
    assert list(sentence.starting_with("Zo\\u00eb o")) == [(0, 2)]
