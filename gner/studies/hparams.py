"""A study's cells for the HParams page of TensorBoard."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from gner.studies.cells import file_name_of
from gner.studies.outcomes import ALL, Outcome
from gner.studies.study_file import Study


def write_hparams(folder: Path, outcomes: Iterable[Outcome], study: Study) -> None:
    """Write labels as hyperparameters and the metrics of the table, a run for each cell and seed, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(str(folder)) as writer:
        for outcome in outcomes:
            found = {name: value for (dataset, name), value in outcome.metrics.items() if dataset == ALL}
            metrics = {f"{study.options.split}/{name}": found[name] for name in study.options.metrics if name in found}
            labels = (*outcome.labels, ("seed", str(outcome.seed)))
            values = {**dict(outcome.labels), "seed": outcome.seed}
            writer.add_hparams(values, metrics, run_name=file_name_of(labels))
