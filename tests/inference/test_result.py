"""Entities with character offsets, and in layouts of other tools."""

import pytest

from gner.bio import find_fault
from gner.errors import UserError
from gner.inference.result import TextInfo
from gner.records import AlignmentReport
from tests.conftest import MakeModel
from tests.inference.samples import TEXTS, TYPES


def test_threshold_drops_and_counts_entities(make_model: MakeModel) -> None:
    model = make_model()
    everything = model.predict_entities(TEXTS[0], TYPES, decoding="constrained")
    scores = sorted(entity["score"] for entity in everything)
    threshold = scores[len(scores) // 2] - 1e-5  # passes of another length round scores otherwise
    some = model.predict_entities(TEXTS[0], TYPES, threshold=threshold, decoding="constrained")
    above = [entity for entity in everything if entity["score"] >= threshold]
    assert [entity["text"] for entity in some] == [entity["text"] for entity in above]
    assert [entity["score"] for entity in some] == pytest.approx([entity["score"] for entity in above], abs=1e-6)
    assert some.info.num_below_threshold == len(everything) - len(some) > 0


def test_blank_words_get_o_unless_inside_an_entity(make_model: MakeModel) -> None:
    model = make_model()
    with_blanks = model.predict_tags(["Ada", " ", "met", "", "London"], TYPES, decoding="constrained")
    without = model.predict_tags(["Ada", "met", "London"], TYPES, decoding="constrained")
    assert [with_blanks[0], with_blanks[2], with_blanks[4]] == without
    assert find_fault(with_blanks, "IOB2") is None
    with pytest.raises(UserError, match="predict_entities"):
        model.predict_tags("Ada met", TYPES)


def test_conversions_for_other_tools(make_model: MakeModel) -> None:
    found = make_model().predict_entities(TEXTS[0], TYPES, decoding="constrained")
    first = found[0]
    assert found.to_hf()[0] == {
        "entity_group": first["label"],
        "score": first["score"],
        "word": first["text"],
        "start": first["start"],
        "end": first["end"],
    }
    shown = found.to_displacy()
    assert shown["text"] == TEXTS[0]
    assert shown["ents"][0] == {"start": first["start"], "end": first["end"], "label": first["label"]}


def test_only_unusual_counts_of_a_text_are_notable() -> None:
    assert TextInfo(num_words=9, num_windows=1, num_label_groups=1).notable() == {}
    info = TextInfo(num_words=9, num_windows=2, num_label_groups=1, report=AlignmentReport(omissions=3))
    assert info.notable() == {"num_windows": 2, "omissions": 3}
    assert info.as_dict() == {"num_words": 9, "num_windows": 2, "num_label_groups": 1, "omissions": 3}
