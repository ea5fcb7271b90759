"""Scores by the names under which they are logged."""

from gner.bio import to_entities
from gner.records import AlignmentReport, Counts, Prediction
from gner.scoring.results import EntityScores
from gner.scoring.tally import Tally, entity_scores
from tests.conftest import make_example


def _scores(scorer: str | None = "gner", **tags: tuple[str, ...]) -> EntityScores:
    """Scores of a sentence for each dataset, where only ``Ada`` is an entity."""
    tallies = {}
    for name, predicted in tags.items():
        prediction = Prediction(predicted, tuple(to_entities(predicted)), AlignmentReport(2), official=Counts(1, 1, 1))
        tallies[name] = Tally.of(make_example("Ada/B-person left/O London/O town/O"), prediction)
    return entity_scores(tallies, scorer)


RIGHT, WRONG = ("B-person", "O", "O", "O"), ("O", "O", "B-place", "I-place")


def test_data_sets_weigh_the_same_in_macro_scores() -> None:
    named = _scores(easy=RIGHT, hard=WRONG).scalars()
    assert (named["easy/f1"], named["hard/f1"], named["f1_macro"], named["f1"]) == (1, 0, 0.5, 0.5)
    assert {"precision", "recall_macro", "f1_gner", "f1_gner_macro", "hard/f1_gner", "f1_partial"} <= set(named)


def test_official_scores_have_the_name_of_their_scorer_or_are_left_out() -> None:
    other, none = _scores("uniner", toy=RIGHT).scalars(), _scores(None, toy=RIGHT).scalars()
    assert {"f1_uniner", "toy/f1_uniner", "f1_uniner_macro"} <= set(other)
    assert not any("gner" in name for name in (*other, *none))
    assert len(none) == len(other) - 9  # three numbers of all, of the dataset and of the mean


def test_alignment_is_per_thousand_words() -> None:
    scores = _scores(toy=RIGHT)
    assert scores.overall.per_thousand_words()["omissions"] == 500
    assert "unplaced" not in scores.overall.per_thousand_words()
    assert _scores().overall.per_thousand_words()["omissions"] == 0  # no words at all


def test_an_average_over_no_data_sets_is_zero() -> None:
    assert _scores().average("strict") == (0, 0, 0, 0)
