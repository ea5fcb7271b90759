"""What runs wrote is read back, and counted as the metrics were."""

import pytest

from gner.errors import UserError
from gner.records import Counts
from gner.scoring import score_of
from gner.studies.outcomes import ALL, read_outcomes
from tests.studies.conftest import Simulated


def test_every_evaluation_that_ended_has_an_outcome(simulated: Simulated) -> None:
    outcomes = read_outcomes(simulated.study, simulated.trainings)
    assert len(outcomes) == 2 * (len(simulated.trainings) - 1)
    assert outcomes[0].labels == (("window", "0"), ("beams", "1"))
    assert outcomes[0].num_sentences == {"news": 20, "web": 20}


def test_sentences_add_up_to_the_metrics(simulated: Simulated) -> None:
    for outcome in read_outcomes(simulated.study, simulated.trainings):
        counts = outcome.counts()
        assert len(counts) == 40
        for dataset in (ALL, "news", "web"):
            chosen = [one for key, one in counts.items() if dataset in (ALL, key[0])]
            total = Counts(*(sum(numbers) for numbers in zip(*chosen, strict=True)))
            assert score_of(total).f1 == pytest.approx(outcome.metrics[dataset, "f1"])


def test_lost_metrics_are_named(simulated: Simulated) -> None:
    (simulated.trainings[0].run_dir / "metrics.json").unlink()
    with pytest.raises(UserError, match=r"metrics\.json: expected the evaluation test_beams=1\. Remove"):
        read_outcomes(simulated.study, simulated.trainings)
