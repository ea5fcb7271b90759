import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics import MetricCollection

from gner.bio import repair, to_entities
from gner.metrics import AnswerLoss, EntityF1
from gner.prompting import GnerFormat
from gner.prompting.gner_scorer import count_pairs
from gner.records import AlignmentReport, Example, Prediction
from gner.scoring import Counts, score_of
from tests.prompting.questions import QuestionFormat
from tests.scoring.released_scorer import official_scores

TYPES = ("a", "b c")
TAGS = st.lists(st.sampled_from(["O", "O", "B-a", "I-a", "B-b c", "I-b c"]), min_size=1, max_size=8)
SENTENCES = st.lists(st.tuples(TAGS, st.randoms(use_true_random=False)), min_size=1, max_size=6).map(
    lambda rows: [(gold, rng.choices(gold, k=len(gold))) for gold, rng in rows]
)
WORDS = ["the", "U.S.", "us", "A", "Paris", "paris", "C++", "an", "New", "York"]


def _example(tags: list[str], dataset: str = "toy", seed: int = 0) -> Example:
    words = random.Random(f"{seed} {tags}").choices(WORDS, k=len(tags))
    return Example(tuple(words), repair(tags)[0], TYPES, dataset, "0")


def _prediction(example: Example, tags: list[str], report: AlignmentReport = AlignmentReport()) -> Prediction:
    repaired = repair(tags)[0]
    official = count_pairs(example.words, example.tags, tags) if len(tags) == len(example.tags) else None
    return Prediction(repaired, tuple(to_entities(repaired)), report, official=official)


def _update(metric: EntityF1, example: Example, tags: list[str]) -> None:
    metric.update(example, _prediction(example, tags))


def _mentions(tags: list[str]) -> set[tuple[int, int, str]]:
    """Entities of valid IOB2 tags, found by their definition: a B and all the I that follow it."""
    return {
        (start, end, tags[start][2:])
        for start in range(len(tags))
        for end in range(start + 1, len(tags) + 1)
        if tags[start].startswith("B")
        and all(tag.startswith("I") for tag in tags[start + 1 : end])
        and not (end < len(tags) and tags[end].startswith("I"))
    }


@given(SENTENCES)
def test_strict_scores_count_exact_mentions(sentences: list[tuple[list[str], list[str]]]) -> None:
    metric = EntityF1({"toy": TYPES})
    correct = num_gold = num_predicted = 0
    for gold, predicted in sentences:
        _update(metric, _example(gold), predicted)
        right, found = _mentions(list(repair(gold)[0])), _mentions(list(repair(predicted)[0]))
        correct, num_gold, num_predicted = (
            correct + len(right & found),
            num_gold + len(right),
            num_predicted + len(found),
        )
    scores = metric.scores().overall
    assert scores.strict.precision == (correct / num_predicted if num_predicted else 0)
    assert scores.strict.recall == (correct / num_gold if num_gold else 0)
    assert scores.strict.f1 == pytest.approx(2 * correct / (num_gold + num_predicted) if num_gold else 0, abs=1e-12)
    assert sum(score.support for score in scores.types.values()) == num_gold


@given(SENTENCES)
def test_official_scores_are_those_of_the_released_scorer(sentences: list[tuple[list[str], list[str]]]) -> None:
    metric = EntityF1({"toy": TYPES})
    rows = []
    for gold, predicted in sentences:
        example = _example(gold)
        _update(metric, example, predicted)
        rows.append((list(example.words), list(example.tags), predicted))
    scores = metric.scores().overall.official["gner"]
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx(official_scores(rows), abs=1e-12)


def test_each_way_to_count_has_its_metric() -> None:
    metric = EntityF1({"toy": TYPES, "empty": TYPES}, ["theirs", "theirs_loose"])
    example, tags = _example(["B-a", "O"]), ("O", "O")
    counts = [Counts(1, 1, 1), Counts(1, 2, 2)]
    metric.update(example, Prediction(tags, (), AlignmentReport(), official=counts[0], variants=(counts[1],)))
    named = metric.scores().scalars()
    assert named["f1_theirs"] == pytest.approx(1) and named["toy/recall_theirs_loose"] == pytest.approx(0.5)
    assert named["f1_theirs_loose_macro"] == pytest.approx(0.25) and named["empty/f1_theirs_loose"] == 0


def test_nothing_over_nothing_is_zero() -> None:
    assert score_of(Counts(0, 0, 0)) == (0, 0, 0, 0)
    scores = EntityF1({"toy": TYPES}).scores()
    assert scores.overall.strict == (0, 0, 0, 0)
    assert set(scores.scalars().values()) == {0}


def test_data_sets_are_scored_apart_and_averaged_unweighted() -> None:
    metric = EntityF1({"easy": TYPES, "hard": TYPES})
    for _ in range(3):
        _update(metric, _example(["B-a", "O"], "easy"), ["B-a", "O"])
    _update(metric, _example(["B-a", "O"], "hard"), ["O", "B-a"])
    named = metric.scores().scalars()
    assert (named["easy/f1"], named["hard/f1"], named["f1_macro"]) == (1, 0, 0.5)
    assert named["f1"] == 0.75


def test_alignment_is_reported_per_thousand_words() -> None:
    metric = EntityF1({"toy": TYPES})
    example, report = _example(["O"] * 4), AlignmentReport(omissions=2, additions=1)
    metric.update(example, _prediction(example, ["O"] * 4, report), finished=False)
    named = metric.scores().scalars()
    assert (named["omissions"], named["additions"], named["substitutions"], named["runaways"]) == (500, 250, 0, 1)


@given(SENTENCES, st.integers(1, 3))
def test_parts_add_up_to_the_whole(sentences: list[tuple[list[str], list[str]]], num_parts: int) -> None:
    whole = EntityF1({"toy": TYPES})
    parts = [EntityF1({"toy": TYPES}) for _ in range(num_parts)]
    for position, (gold, predicted) in enumerate(sentences):
        for metric in (whole, parts[position % num_parts]):
            _update(metric, _example(gold), predicted)
    assert sum(part.rows for part in parts).equal(whole.rows)


def test_entity_f1_is_a_torchmetrics_metric() -> None:
    metric, other = EntityF1({"toy": TYPES}), EntityF1({"toy": TYPES})
    right, wrong = _example(["B-a", "O"]), _example(["B-a", "O"])
    assert metric(right, _prediction(right, ["B-a", "O"])) == 1  # of this sentence
    assert metric(wrong, _prediction(wrong, ["O", "B-a"])) == 0
    _update(other, right, ["B-a", "O"])
    mean = (metric + other) / 2
    assert (metric.compute(), mean.compute(), metric.higher_is_better) == (0.5, 0.75, True)
    collection = MetricCollection({"ours": metric, "theirs": other})
    assert collection.compute() == {"ours": 0.5, "theirs": 1}
    metric.reset()
    assert metric.scores().overall.num_sentences == 0


@given(st.lists(st.tuples(st.floats(0, 30, width=32), st.integers(1, 5000)), min_size=1, max_size=20), st.randoms())
def test_the_mean_loss_does_not_depend_on_the_order_of_batches(
    batches: list[tuple[float, int]], rng: random.Random
) -> None:
    results = []
    for order in (batches, rng.sample(batches, len(batches))):
        metric = AnswerLoss()
        for mean, num_tokens in order:
            metric.update(torch.tensor(mean), num_tokens)
        results.append(metric.compute().item())
    expected = sum(mean * count for mean, count in batches) / sum(count for _, count in batches)
    assert results[0] == results[1] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_loss_that_is_no_number_is_not_hidden() -> None:
    metric = AnswerLoss()
    metric.update(torch.tensor(1.0), 3)
    metric.update(torch.tensor(float("inf")), 3)
    assert metric.compute().isnan()


def test_a_format_that_lists_strings_logs_those_not_found_from_the_start() -> None:
    for format in (QuestionFormat(), GnerFormat()):
        metric = EntityF1({"toy": TYPES}, format.scorers, format.lists_strings)
        assert ("unplaced" in metric.scores().scalars()) is isinstance(format, QuestionFormat)
