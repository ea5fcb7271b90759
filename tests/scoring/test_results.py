"""Scores by the names under which they are logged."""

from collections.abc import Sequence
from typing import Any

import pytest

from gner.bio import to_entities
from gner.records import AlignmentReport, Counts, Prediction
from gner.scoring.results import EntityScores
from gner.scoring.tally import Tally, entity_scores
from tests.conftest import make_example


def _scores(scorers: Sequence[str] = ("gner",), **tags: tuple[str, ...]) -> EntityScores:
    """Scores of a sentence for each dataset, where only ``Ada`` is an entity."""
    tallies = {}
    for name, predicted in tags.items():
        counts: dict[str, Any] = {"official": Counts(1, 1, 1), "variants": (Counts(1, 4, 4),)}
        prediction = Prediction(predicted, tuple(to_entities(predicted)), AlignmentReport(2), **counts)
        example = make_example("Ada/B-person left/O London/O town/O")
        tallies[name] = Tally.of(example, prediction, scorers=scorers)
    return entity_scores(tallies)


RIGHT, WRONG = ("B-person", "O", "O", "O"), ("O", "O", "B-place", "I-place")


def test_data_sets_weigh_the_same_in_macro_scores() -> None:
    named = _scores(easy=RIGHT, hard=WRONG).scalars()
    assert (named["easy/f1"], named["hard/f1"], named["f1_macro"], named["f1"]) == (1, 0, 0.5, 0.5)
    assert {"precision", "recall_macro", "f1_gner", "f1_gner_macro", "hard/f1_gner", "f1_partial"} <= set(named)


def test_official_scores_have_the_name_of_their_scorer_or_are_left_out() -> None:
    other, none = _scores(["uniner"], toy=RIGHT).scalars(), _scores([], toy=RIGHT).scalars()
    assert {"f1_uniner", "toy/f1_uniner", "f1_uniner_macro"} <= set(other)
    assert not any("gner" in name for name in (*other, *none))
    assert len(none) == len(other) - 9  # three numbers of all, of the dataset and of the mean


def test_each_way_to_count_has_its_metrics() -> None:
    named = _scores(["theirs", "theirs_loose"], toy=RIGHT, more=RIGHT).scalars()
    published = [named[name] for name in ("f1_theirs", "toy/f1_theirs", "f1_theirs_macro")]
    variant = [named[name] for name in ("f1_theirs_loose", "recall_theirs_loose_macro", "more/precision_theirs_loose")]
    assert published == pytest.approx([1, 1, 1]) and variant == pytest.approx([0.25, 0.25, 0.25])


def test_alignment_is_per_thousand_words() -> None:
    scores = _scores(toy=RIGHT)
    assert scores.overall.per_thousand_words()["omissions"] == 500
    assert "unplaced" not in scores.overall.per_thousand_words()
    assert _scores().overall.per_thousand_words()["omissions"] == 0  # no words at all


def test_strings_that_were_not_found_are_always_logged_of_formats_that_list_strings() -> None:
    tallies = {"toy": Tally.of(make_example("Ada/O slept/O"), Prediction(("O", "O"), (), AlignmentReport(unplaced=1)))}
    for lists_strings in (False, True):
        scores = entity_scores({**tallies, "none": Tally()}, lists_strings)
        assert scores.overall.scalars()["unplaced"] == 500
        assert ("unplaced" in scores.datasets["none"].scalars()) is lists_strings
    assert list(scores.overall.per_thousand_words()) == list(vars(AlignmentReport)["__slots__"])


def test_an_average_over_no_data_sets_is_zero() -> None:
    assert _scores().average() == (0, 0, 0, 0)
