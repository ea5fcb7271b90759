"""TensorBoard's text panel, by what TensorBoard makes of it."""

import re
from dataclasses import replace
from html import unescape

from tensorboard.plugin_util import markdown_to_safe_html

from gner.bio import to_entities
from gner.decoding.tensorboard_panel import side_by_side
from gner.records import AlignmentReport, Entity, Example, Prediction
from gner.scoring.prediction_file import Decoded
from tests.conftest import make_example

NASTY = "<script>alert(1)</script> <img/src=x/onerror=alert(1)> [x](javascript:alert(1)) a|b `c` **d** &lt; _e_ #f"


def _decoded(example: Example, *entities: Entity) -> Decoded:
    prediction = Prediction(example.tags, entities, AlignmentReport())
    return Decoded(0, example, prediction)


def _cells(*rows: Decoded) -> list[str]:
    html = markdown_to_safe_html(side_by_side(rows))
    return re.findall(r"<td>(.*?)</td>", html, re.DOTALL)


def test_right_entities_are_marked_as_right_whatever_their_score() -> None:
    example = make_example("Ada/B-person Lovelace/I-person wrote/O to/O London/B-place")
    [person, place] = to_entities(example.tags)
    gold, predicted = _cells(_decoded(example, replace(person, score=0.5), Entity(3, 4, "place", 0.9)))
    assert gold == ("<strong>Ada Lovelace</strong> person ✓ wrote to <strong>London</strong> place ✗")
    assert predicted == "<strong>Ada Lovelace</strong> person ✓ wrote <strong>to</strong> place ✗ London"
    assert place.score is None


def test_words_and_types_are_text() -> None:
    words = tuple(NASTY.split())
    types = ("<b>x</b>|y", "`z`")
    tags = (f"B-{types[0]}", f"B-{types[1]}", *["O"] * (len(words) - 2))
    example = Example(words, tags, types, "<i>", "0")
    cells = _cells(_decoded(example, *to_entities(tags)))
    assert len(cells) == 2
    for cell in cells:
        tags_of_html = set(re.findall(r"<(\w+)", cell))
        assert tags_of_html == {"strong"}
        shown = unescape(re.sub(r"<[^>]*>", "", cell))
        for word in (*words, *types):
            assert word in shown
