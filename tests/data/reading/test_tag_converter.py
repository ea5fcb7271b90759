"""Tags of a source become IOB2, all in one way."""

import pytest

from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Tagged
from gner.data.reading.tag_converter import TagConverter
from gner.errors import UserError


def _tagged(tags: str) -> Tagged:
    return Tagged(tuple(tags.split()), tuple(tags.split()), "a.jsonl:1")


def test_other_files_are_read_only_if_tags_are_not_written_in_the_usual_way() -> None:
    converter = TagConverter("auto", "refuse", "news")
    [sentence], note = converter.convert("a", [_tagged("I-x O")], ReadReport(), lambda: pytest.fail("they were read"))
    assert (sentence.tags, note) == (("B-x", "O"), "IOB1; converted to IOB2")


def test_the_tags_of_other_files_decide_what_is_a_suffix() -> None:
    for others, tags in (({"O", "vitamin-A"}, "B-vitamin-B"), ({"O", "vitamin-I"}, "B-vitamin")):
        converter = TagConverter("auto", "refuse", "news")
        [sentence], _ = converter.convert("a", [_tagged("vitamin-B O")], ReadReport(), lambda others=others: others)
        assert sentence.tags == (tags, "O")


def test_files_without_entities_fit_any_way_of_writing() -> None:
    converter = TagConverter("auto", "refuse", "news")
    for tags in ("O O", "B O", "O"):
        converter.convert("a", [_tagged(tags)], ReadReport(), set)
    with pytest.raises(UserError, match="b: expected tags without types, as in the other files"):
        converter.convert("b", [_tagged("B-x O")], ReadReport(), set)
