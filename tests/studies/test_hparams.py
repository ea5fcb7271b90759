"""Cells as TensorBoard reads them."""

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gner.studies.hparams import write_hparams
from gner.studies.outcomes import read_outcomes
from tests.studies.conftest import Simulated


def test_there_is_a_run_for_each_cell_and_seed(simulated: Simulated, tmp_path: Path) -> None:
    outcomes = read_outcomes(simulated.study, simulated.trainings)
    for _ in range(2):  # the second time anew, not beside the first
        write_hparams(tmp_path / "logs", outcomes, simulated.study)
    runs = sorted(path for path in (tmp_path / "logs").iterdir() if path.is_dir())
    assert len(runs) == len(outcomes)
    events = EventAccumulator(str(runs[0]))
    events.Reload()
    assert events.Tags()["scalars"] == ["test/f1", "test/f1_exact"]
