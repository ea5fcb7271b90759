"""The records that travel through the system."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from gner.records import AlignmentReport, Generation, Prediction

REPORTS = st.builds(AlignmentReport, *[st.integers(0, 9)] * len(fields(AlignmentReport)))


@given(REPORTS, REPORTS)
def test_reports_add_up_field_by_field(one: AlignmentReport, other: AlignmentReport) -> None:
    total = one + other
    assert total == other + one
    for field in fields(AlignmentReport):
        assert getattr(total, field.name) == getattr(one, field.name) + getattr(other, field.name)
    assert one + AlignmentReport() == one


def test_a_prediction_is_finished_if_all_of_its_texts_are() -> None:
    ended, cut = Generation([1], "a", [-1.0], True), Generation([1], "a", [-1.0], False)
    for generations, finished in (((), True), ((ended,), True), ((ended, cut), False)):
        assert Prediction(("O",), (), AlignmentReport(), generations=generations).finished is finished
