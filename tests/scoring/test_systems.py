"""Differences between systems, against what is known of them."""

import random
from dataclasses import replace

import pytest

from gner.bio import to_entities
from gner.errors import UserError
from gner.records import AlignmentReport, Example, Prediction
from gner.scoring import Tally, entity_scores
from gner.scoring.systems import Answer, System, check_same, differences, disagreements

TAGS = ("B-person", "I-person", "O", "B-place")


def _system(
    name: str, share_right: float, *, num_sentences: int = 200, seed: int = 0, datasets: int = 1, first: str = "d0"
) -> System:
    """Finds both entities of a sentence with some probability, and otherwise the second only."""
    rng, answers = random.Random(seed), {}
    for number in range(num_sentences):
        dataset = f"d{number % datasets}" if number % datasets else first
        example = Example(("Ada", "Byron", "in", "Rome"), TAGS, ("person", "place"), dataset, str(number))
        tags = TAGS if rng.random() < share_right else ("O", "O", "O", "B-place")
        prediction = Prediction(tags, tuple(to_entities(tags)), AlignmentReport())
        answer = Answer(example, prediction, Tally.of(example, prediction).strict)
        answers[example.dataset, example.id, example.words, 0] = answer
    tallies: dict[str, Tally] = {}
    for answer in answers.values():
        tallies.setdefault(answer.example.dataset, Tally(scorers=()))
        tallies[answer.example.dataset] += Tally.of(answer.example, answer.prediction, scorers=())
    return System(name, answers, entity_scores(tallies))


def test_a_clear_difference_is_found_and_its_sign_is_that_of_the_other_system() -> None:
    weak, strong = _system("weak", 0.4), _system("strong", 0.9, seed=1)
    [(name, found)] = differences(weak, strong, 500).datasets.items()
    expected = strong.scores.overall.strict.f1 - weak.scores.overall.strict.f1
    assert name == "d0" and found.f1 == pytest.approx(expected) and expected > 0.1
    assert 0 < found.interval.low < found.f1 < found.interval.high
    assert found.p < 0.01
    turned = differences(strong, weak, 500).datasets["d0"]
    assert turned.f1 == -found.f1 and turned.interval.high < 0


def test_a_system_does_not_differ_from_itself() -> None:
    system = _system("x", 0.5)
    assert differences(system, system, 100) == ({"d0": (0.0, (0.0, 0.0), 1.0)}, None)


def test_pairing_makes_intervals_narrow_where_systems_fail_in_the_same_sentences() -> None:
    base = _system("base", 0.5)
    other_answers = dict(base.answers)
    wrong = [key for key, answer in base.answers.items() if not answer.is_right][:20]
    for key in wrong:
        answer = other_answers[key]
        prediction = replace(answer.prediction, tags=TAGS)
        other_answers[key] = answer._replace(prediction=prediction, counts=Tally.of(answer.example, prediction).strict)
    paired = differences(base, base._replace(answers=other_answers), 500).datasets["d0"]
    unpaired = differences(base, _system("other", 0.6, seed=5), 500).datasets["d0"]
    assert paired.interval.high - paired.interval.low < (unpaired.interval.high - unpaired.interval.low) / 2
    assert paired.interval.low > 0


@pytest.mark.parametrize("name", ["d0", "average"])
def test_several_datasets_have_an_average_whatever_they_are_called(name: str) -> None:
    systems = [_system("a", 0.4, datasets=3, first=name), _system("b", 0.6, datasets=3, seed=1, first=name)]
    found = differences(*systems, 100)
    assert list(found.datasets) == [name, "d1", "d2"] and found.average is not None
    assert found.average.f1 == pytest.approx(sum(each.f1 for each in found.datasets.values()) / 3)


def test_sentences_are_counted_by_who_is_right() -> None:
    first, other = _system("a", 0.5), _system("b", 0.5, seed=1)
    numbers = disagreements(first, other)
    assert sum(numbers) == 200 and all(numbers)
    assert numbers.both + numbers.only_first == sum(answer.is_right for answer in first.answers.values())


def test_other_sentences_and_other_gold_tags_are_refused() -> None:
    first = _system("first", 0.5)
    with pytest.raises(UserError, match=r"second has none .* \(100 in all\)"):
        check_same(first, _system("second", 0.5, num_sentences=100))
    with pytest.raises(UserError, match=r"first has none .* \(100 in all\)"):
        check_same(first, _system("second", 0.5, num_sentences=300))
    key, answer = next(iter(first.answers.items()))
    changed = answer._replace(example=replace(answer.example, tags=("O",) * 4))
    with pytest.raises(UserError, match="expected the same gold tags"):
        check_same(first, first._replace(answers={**first.answers, key: changed}))
