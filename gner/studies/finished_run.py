"""Runs that are compared: one evaluation of each, with its metrics, config and predictions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gner.errors import UserError, did_you_mean
from gner.studies.cells import name_of, trainings
from gner.studies.outcomes import Outcome, read_outcomes
from gner.studies.study_file import by_dotted_keys, read_study

_METRICS = "metrics.json"
_USUAL = ("test", "best", "validate")
"""Of the evaluations of a run, the first that all have is compared."""
_FILES = {"best": "val_best", "last": "val_last"}
"""Predictions of the evaluations within a fit."""


class FinishedRun(NamedTuple):
    """An evaluation of a run.

    Attributes:
        name: For tables.
        folder: The run folder.
        result: The evaluation's name in ``metrics.json``.
        metrics: By name, without the split.
        config: Of the run, by dotted keys.
    """

    name: str
    folder: Path
    result: str
    metrics: Mapping[str, float]
    config: Mapping[str, Any]

    @property
    def predictions(self) -> Path:
        """The file."""
        return self.folder / "predictions" / f"{_FILES.get(self.result, self.result)}.jsonl"


def read_runs(given: Sequence[str]) -> list[FinishedRun]:
    """The runs of a command line.

    Args:
        given: Run folders, each with the name of an evaluation after a colon if it is not the usual one, such as
            ``runs/a:test_beams=4``; or one study, whose cells are compared by one seed.

    Raises:
        UserError: Something of a run is missing, or there is only one.
    """
    if len(given) == 1 and given[0].endswith(".yaml"):
        return _of_study(given[0])
    if len(given) < 2:
        raise UserError(f"Expected two or more run folders, or a study, got {', '.join(given)}.")
    folders, asked = zip(*map(_split, given), strict=True)
    results = [_read_results(folder) for folder in folders]
    usual = next((name for name in _USUAL if all(name in one for one in results)), _USUAL[0])
    short = _short_names(folders, [name or usual for name in asked])
    found = []
    for folder, name, contents, label in zip(folders, asked, results, short, strict=True):
        found.append(_run(label, folder, name or usual, contents))
    return found


def _of_study(file: str) -> list[FinishedRun]:
    """The cells of a study by the seed that most of them have, with the one to compare with first."""
    study = read_study(file)
    outcomes = read_outcomes(study, trainings(study))
    seeds = [one.seed for one in outcomes if one.labels == study.base_labels]
    found = max(([one for one in outcomes if one.seed == seed] for seed in seeds), key=len, default=[])
    if len(found) < 2:
        compared = name_of(study.base_labels)
        raise UserError(f"{study.file}: expected that {compared} and another cell have ended. gner.study runs them.")
    found.sort(key=lambda outcome: outcome.labels != study.base_labels)
    return [_of_outcome(outcome) for outcome in found]


def _of_outcome(outcome: Outcome) -> FinishedRun:
    """A cell's run; the config is that of its training with what its evaluation sets."""
    name = f"{name_of(outcome.labels)}, seed={outcome.seed}"
    run = _run(name, outcome.run_dir, outcome.predictions.stem, _read_results(outcome.run_dir))
    return run._replace(config={**run.config, **by_dotted_keys(outcome.settings)})


def _split(given: str) -> tuple[Path, str | None]:
    """Folder and evaluation; colons of the folder's own name stay."""
    if Path(given).is_dir():
        return Path(given), None
    folder, _, result = given.rpartition(":")
    return (Path(folder), result) if folder else (Path(given), None)


def _read_results(folder: Path) -> dict[str, Any]:
    path = folder / _METRICS
    if not path.is_file():
        raise UserError(f"Expected a run folder with {_METRICS}, got {folder}.")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _short_names(folders: Sequence[Path], results: Sequence[str]) -> list[str]:
    """Names of folders where these differ, else paths, with the evaluation where one folder is there twice."""
    names = [folder.name for folder in folders]
    if len(set(names)) < len(set(folders)):
        names = [str(folder) for folder in folders]
    if len(set(names)) < len(names):
        names = [f"{name}:{result}" for name, result in zip(names, results, strict=True)]
    return names


def _run(name: str, folder: Path, result: str, results: Mapping[str, Any]) -> FinishedRun:
    if result not in results:
        known = ", ".join(results)
        raise UserError(f"{folder}: expected an evaluation among {known}, got {result}.{did_you_mean(result, results)}")
    metrics = {key.partition("/")[2]: value for key, value in results[result]["metrics"].items()}
    config = by_dotted_keys(yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8")))
    run = FinishedRun(name, folder, result, metrics, _without_folder(config))
    if not run.predictions.is_file():
        raise UserError(
            f"Expected predictions in {run.predictions}, but there are none. Run gner.test or gner.validate."
        )
    return run


def _without_folder(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config without the paths that only say where its run is."""
    root = Path(config["trainer.default_root_dir"])

    def is_inside(value: Any) -> bool:
        """Whether a value is a path of the run."""
        return isinstance(value, str) and root in (Path(value), *Path(value).parents)

    return {key: value for key, value in config.items() if not is_inside(value)}
