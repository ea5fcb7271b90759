"""Counts of sentences, which add up in any order."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import repair, to_entities
from gner.prompting.gner_scorer import count_pairs
from gner.records import AlignmentReport, Counts, Example, Prediction
from gner.scoring.tally import NAMES, Tally, entity_scores

TYPES = ("a", "b")
SCORERS = ("gner", "gner_loose")
TAGS = st.lists(st.sampled_from(["O", "O", "B-a", "I-a", "B-b"]), min_size=1, max_size=6)
SENTENCES = st.lists(st.tuples(TAGS, st.randoms(use_true_random=False)), max_size=5)


def _tally(gold: list[str], predicted: list[str], finished: bool = True) -> Tally:
    words = tuple(f"w{number}" for number in range(len(gold)))
    example = Example(words, repair(gold)[0], TYPES, "toy", "0")
    tags = repair(predicted)[0]
    official = count_pairs(words, example.tags, tags) if len(tags) == len(words) else None
    report, variants = AlignmentReport(omissions=1), (Counts(1, 2, len(words)),)
    prediction = Prediction(tags, tuple(to_entities(tags)), report, official=official, variants=variants)
    return Tally.of(example, prediction, finished, SCORERS)


def _tallies(sentences: list[tuple[list[str], random.Random]]) -> list[Tally]:
    return [_tally(gold, rng.choices(gold, k=len(gold))) for gold, rng in sentences]


def _sum(tallies: list[Tally]) -> Tally:
    total = Tally(SCORERS)
    for tally in tallies:
        total += tally
    return total


@given(SENTENCES)
def test_the_order_of_sentences_does_not_matter(sentences: list[tuple[list[str], random.Random]]) -> None:
    tallies = _tallies(sentences)
    assert _sum(tallies).to_row(TYPES) == _sum(tallies[::-1]).to_row(TYPES)


@given(SENTENCES)
def test_a_row_of_numbers_has_all_that_a_tally_has(sentences: list[tuple[list[str], random.Random]]) -> None:
    tally = _sum(_tallies(sentences))
    row = tally.to_row(TYPES)
    assert len(row) == len(NAMES) + 3 * len(SCORERS) + 3 * len(TYPES) and all(isinstance(number, int) for number in row)
    again = Tally.from_row(row, TYPES, SCORERS)
    assert (again.totals, again.types, again.official) == (tally.totals, tally.types, tally.official)
    assert again.official["gner_loose"].num_predicted == 2 * len(sentences)
    assert again.scores() == tally.scores()


def test_a_sentence_is_counted_by_entity_type_and_text() -> None:
    tally = _tally(["B-a", "I-a", "O", "B-b"], ["B-a", "I-a", "B-a", "O"], finished=False)
    assert tally.types == {"a": Counts(1, 2, 1), "b": Counts(0, 0, 1)}
    assert tally.strict == Counts(1, 2, 2)
    scores = tally.scores()
    assert (scores.num_sentences, scores.num_words, scores.num_runaways) == (1, 4, 1)
    assert scores.alignment["omissions"] == 1
    assert scores.errors == {"unlabeled": 0.5, "noisy": 0, "boundary": 0}


def test_a_prediction_for_other_words_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected 2 tags, got 1"):
        _tally(["O", "O"], ["O"])


def test_data_sets_add_up_to_the_whole() -> None:
    easy, hard = _tally(["B-a"], ["B-a"]), _tally(["B-a", "O"], ["O", "B-a"])
    scores = entity_scores({"easy": easy, "hard": hard})
    assert [scores.datasets[name].strict.f1 for name in ("easy", "hard")] == [1, 0]
    assert scores.overall.strict == (0.5, 0.5, 0.5, 2)
