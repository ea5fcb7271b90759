"""A study, and the files that its runs would have left."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from gner.bio import to_entities
from gner.prompting import GnerFormat
from gner.records import AlignmentReport, Example, Prediction
from gner.scoring import Tally, entity_scores
from gner.scoring.prediction_file import Decoded, write_jsonl
from gner.studies.cells import Training, trainings
from gner.studies.results_folder import write_results
from gner.studies.running import State, read_state, result_name
from gner.studies.study_file import Study, read_study

TYPES = ("person", "place")
BASE: dict[str, Any] = {
    "model": {"backbone": "google/flan-t5-base"},
    "data": {"test": ["news", {"path": "web", "types": {"PER": "person"}}]},
}
STUDY: dict[str, Any] = {
    "base": "base.yaml",
    "axes": {
        "window": {"key": "model.format.init_args.context_window", "values": {"0": 0, "all": None}},
        "beams": {"key": "model.decoding.init_args.num_beams", "values": [1, 4]},
    },
    "compare_with": {"window": "all"},
    "metrics": ["f1", "f1_exact"],
    "figure": {"x": "window", "lines": "beams"},
}
MakeStudy = Callable[..., Study]


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Writes a study with some keys of its own, and reads it."""

    def make(**keys: Any) -> Study:
        (tmp_path / "base.yaml").write_text(yaml.safe_dump(BASE), encoding="utf-8")
        file = tmp_path / "toy_study.yaml"
        content = yaml.safe_dump({**STUDY, "out": str(tmp_path / "out"), **keys}, sort_keys=False)
        file.write_text(content, encoding="utf-8")
        return read_study(str(file))

    return make


@dataclass
class Simulated:
    """A study whose runs were made up."""

    study: Study
    trainings: list[Training]


@pytest.fixture
def simulated(make_study: MakeStudy) -> Simulated:
    """A study of 4 cells and 3 seeds of which one training is missing; the more beams, the fewer mistakes."""
    study = make_study()
    every = trainings(study)
    for training in every[:-1]:
        simulate(training, study)
    return Simulated(study, every)


def simulate(training: Training, study: Study) -> None:
    """Write what the commands of a training leave: predictions with some mistakes, and their metrics."""
    run = training.run_dir
    (run / "predictions").mkdir(parents=True)
    config = {**BASE, "trainer": {"default_root_dir": str(run)}}
    (run / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    results, evaluated = {}, {}
    for evaluation in training.evaluations:
        name = result_name(evaluation, study)
        share = {"1": 0.5, "4": 0.2}[dict(evaluation.labels)["beams"]]
        decoded = _decoded(random.Random(f"{training.name} {name}"), share)
        write_jsonl(run / "predictions" / f"{name}.jsonl", "test", decoded, GnerFormat())
        results[name] = _result(decoded)
        evaluated[name] = {"checkpoint": "best", "settings": dict(evaluation.settings)}
    (run / "metrics.json").write_text(json.dumps(results), encoding="utf-8")
    state = State(read_state(training).configs, 1.0, evaluated)
    (training.folder / "state.json").write_text(json.dumps(vars(state)), encoding="utf-8")


def _decoded(rng: random.Random, share: float) -> list[Decoded]:
    """40 sentences of two datasets, of whose entities a share is missed."""
    found = []
    for number in range(40):
        tags = tuple(random.Random(number).choices(("B-person", "B-place", "O"), k=6))
        words = tuple(f"w{number}.{place}" for place in range(6))
        example = Example(words, tags, TYPES, "news" if number % 2 else "web", str(number))
        written = tuple("O" if rng.random() < share else tag for tag in tags)
        entities = tuple(to_entities(written))
        found.append(Decoded(number, example, Prediction(written, entities, AlignmentReport())))
    return found


def _result(decoded: list[Decoded]) -> dict[str, Any]:
    tallies: dict[str, Tally] = {}
    for row in decoded:
        tally = Tally.of(row.example, row.prediction, scorers=())
        name = row.example.dataset
        tallies.setdefault(name, Tally(scorers=())).__iadd__(tally)
    scalars = entity_scores(tallies).scalars()
    examples = {name: sum(row.example.dataset == name for row in decoded) for name in tallies}
    return {"metrics": {f"test/{name}": value for name, value in scalars.items()}, "counted": {"examples": examples}}


@pytest.fixture
def results(simulated: Simulated) -> Path:
    """The folder with the results of that study."""
    write_results(simulated.study, simulated.trainings)
    return simulated.study.out
