"""Documents of several passages, whose offsets count the whole."""

import pytest

from gner.data.annotations.spans import Options
from gner.data.reading.passages import Mention, Passage, join_passages


def _joined(*mentions: Mention) -> tuple[list[tuple[str, str]], dict[str, int]]:
    options = Options()
    passages = [Passage(6, "slept in York."), Passage(0, "Ada B")]
    text = join_passages(passages, mentions, "a:1", options)
    return [(text.text[span.start : span.end], span.type) for span in text.spans], dict(options.report.counts())


@pytest.mark.parametrize("places", [[(0, 5)], [(6, 11)], [(15, 19)]])
def test_a_mention_keeps_its_text(places: list[tuple[int, int]]) -> None:
    [(text, _)], counted = _joined(Mention(places, "x", None, "a:1"))
    assert text == "Ada B slept in York."[places[0][0] : places[0][1]]
    assert not counted


def test_parts_become_one_span_which_is_reported() -> None:
    assert _joined(Mention([(0, 3), (6, 11)], "x", "Ada slept", "a:1")) == (
        [("Ada B\n\nslept", "x")],
        {"discontinuous": 1},
    )
    assert _joined(Mention([(0, 3), (4, 5)], "x", "Ada B", "a:1")) == ([("Ada B", "x")], {})


def test_mentions_without_type_or_place_are_counted() -> None:
    nothing = [Mention([], "x", "Ada", "a:1"), Mention([(0, 3)], "", "Ada", "a:1")]
    assert _joined(*nothing) == ([], {"unplaceable": 1, "no_type": 1})
