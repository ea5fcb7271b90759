"""Systems on the same sentences: differences of F1 with paired bootstrap, and where they disagree.

The sentences of each dataset are drawn with replacement, the same ones for both systems (Efron and Tibshirani, 1993;
Koehn, 2004), so that what makes a sentence hard counts for neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gner.bio import to_entities
from gner.errors import UserError
from gner.records import Counts, Entity, Example, Prediction
from gner.scoring.bootstrap import Interval, f1_of, interval_of
from gner.scoring.results import EntityScores

Sentence = tuple[str, str, tuple[str, ...], int]
"""Dataset, id, words, and how many of these came before: what a sentence is found by in the file of another system."""


class Answer(NamedTuple):
    """What a system found in a sentence.

    Attributes:
        example: The sentence with its gold tags.
        prediction: The system's.
        counts: Correct, predicted and gold entities.
        text: That the system wrote, for people; empty of one that writes none.
    """

    example: Example
    prediction: Prediction
    counts: Counts
    text: str = ""

    @property
    def found(self) -> set[Entity]:
        """The entities without scores."""
        return set(to_entities(self.prediction.tags))

    @property
    def is_right(self) -> bool:
        """Whether all entities were found, and no others."""
        return self.found == set(to_entities(self.example.tags))


class System(NamedTuple):
    """A system and what it found.

    Attributes:
        name: For tables.
        answers: Of each sentence.
        scores: Of all sentences.
    """

    name: str
    answers: dict[Sentence, Answer]
    scores: EntityScores


class Difference(NamedTuple):
    """A system against the first one, in one dataset or on average over datasets.

    Attributes:
        f1: Strict F1 of the system minus that of the first.
        interval: 95 % of the differences of resamplings.
        p: Two-sided: how often a resampling has a difference of the other sign, twice.
    """

    f1: float
    interval: Interval
    p: float


class Differences(NamedTuple):
    """Differences in each dataset by its name, and in their unweighted mean; None for a single dataset."""

    datasets: dict[str, Difference]
    average: Difference | None


class Disagreements(NamedTuple):
    """In how many sentences which of two systems has all entities right and no others."""

    both: int
    only_first: int
    only_other: int
    neither: int


def check_same(first: System, other: System) -> None:
    """Refuse systems that answered other sentences, or that have other gold tags.

    Raises:
        UserError: They differ; the message has the place of the first such sentence.
    """
    for one, another in ((first, other), (other, first)):
        missing = [answer for key, answer in one.answers.items() if key not in another.answers]
        if missing:
            place = missing[0].example.source
            raise UserError(
                f"{place}: expected the same sentences in all files, but {another.name} has none with the dataset, id "
                f"and words of this one ({len(missing):,} in all). Compare predictions for the same split."
            )
    for key, answer in first.answers.items():
        if answer.example.tags != other.answers[key].example.tags:
            places = f"{answer.example.source} and {other.answers[key].example.source}"
            raise UserError(f"{places}: expected the same gold tags for the same sentence.")


def differences(first: System, other: System, num_samples: int, seed: int = 0) -> Differences:
    """The other system against the first.

    Args:
        first: The base.
        other: A system with the same sentences.
        num_samples: Resamplings.
        seed: Of the resamplings.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, Difference] = {}
    resampled: list[np.ndarray] = []
    for name, keys in _by_dataset(first).items():
        tables = [np.array([system.answers[key].counts for key in keys], dtype=float) for system in (first, other)]
        of_first, of_other = (f1_of(table.sum(0)[None]) for table in tables)
        drawn = (rng.integers(len(keys), size=len(keys)) for _ in range(num_samples))
        sums = np.array([[table[rows].sum(0) for table in tables] for rows in drawn])
        resampled.append(f1_of(sums[:, 1]) - f1_of(sums[:, 0]))
        found[name] = _difference(float(of_other[0] - of_first[0]), resampled[-1])
    if len(found) == 1:
        return Differences(found, None)
    mean = float(np.mean([difference.f1 for difference in found.values()]))
    return Differences(found, _difference(mean, np.mean(resampled, axis=0)))


def _difference(observed: float, resampled: np.ndarray) -> Difference:
    return Difference(observed, interval_of(resampled), two_sided_p(resampled))


def two_sided_p(resampled: np.ndarray) -> float:
    """One is added to both numbers, so that no finite number of resamplings says that chance is impossible."""
    below, above = ((side.sum() + 1) / (len(resampled) + 1) for side in (resampled <= 0, resampled >= 0))
    return float(min(1.0, 2 * min(below, above)))


def _by_dataset(system: System) -> Mapping[str, Sequence[Sentence]]:
    found: dict[str, list[Sentence]] = {}
    for key in system.answers:
        found.setdefault(key[0], []).append(key)
    return found


def disagreements(first: System, other: System) -> Disagreements:
    """In how many sentences which of the two is right.

    Example:
        >>> from gner.records import AlignmentReport
        >>> from gner.scoring import entity_scores
        >>> gold = Example(("Ada",), ("B-person",), ("person",), "toy", "0")
        >>> predictions = [Prediction((tag,), (), AlignmentReport()) for tag in ("B-person", "O")]
        >>> answers = [Answer(gold, prediction, Counts(0, 0, 0)) for prediction in predictions]
        >>> first, other = (System("x", {("toy", "0", gold.words, 0): one}, entity_scores({})) for one in answers)
        >>> disagreements(first, other)
        Disagreements(both=0, only_first=1, only_other=0, neither=0)
    """
    numbers = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for key, answer in first.answers.items():
        numbers[answer.is_right, other.answers[key].is_right] += 1
    return Disagreements(*numbers.values())
