"""Which trainings a study has, what they set, and which cells share one."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gner.cli import main
from gner.configs import shipped_configs
from gner.errors import UserError
from gner.run_dir import check_name
from gner.studies.cells import as_config, config_arguments, trainings
from gner.studies.running import own_config
from gner.studies.study_file import read_study
from tests.studies.conftest import STUDY, MakeStudy


def test_cells_that_differ_in_decoding_share_a_training(make_study: MakeStudy) -> None:
    found = trainings(make_study())
    assert [training.name for training in found[:3]] == ["window=0, seed=0", "window=all, seed=0", "window=0, seed=1"]
    assert len(found) == 2 * 3
    assert len({training.folder for training in found}) == len(found)
    for training in found:
        assert [evaluation.name for evaluation in training.evaluations] == ["beams=1", "beams=4"]
        assert all(check_name(str(evaluation.name)) for evaluation in training.evaluations)
        assert training.settings["model.decoding.init_args.num_beams"] == 1  # of the cell that others are compared with


def test_cells_are_all_combinations(make_study: MakeStudy) -> None:
    found = {evaluation.labels for training in trainings(make_study()) for evaluation in training.evaluations}
    assert found == {(("window", window), ("beams", beams)) for window in ("0", "all") for beams in ("1", "4")}


def test_without_axes_of_decoding_there_is_one_evaluation_without_a_name(make_study: MakeStudy) -> None:
    study = make_study(axes={"rows": {"key": "data.batch_size", "values": [4]}}, compare_with={}, figure=None)
    assert [evaluation.name for evaluation in trainings(study)[0].evaluations] == [None]


def test_without_axes_of_training_there_is_one_training_a_seed(make_study: MakeStudy) -> None:
    study = make_study(axes={"beams": STUDY["axes"]["beams"]}, compare_with={}, figure=None)
    assert [training.name for training in trainings(study)] == ["seed=0", "seed=1", "seed=2"]


def test_an_axis_wins_over_settings(make_study: MakeStudy) -> None:
    axes = {"rows": {"key": "data.batch_size", "values": [4]}}
    settings = {"data.batch_size": 2, "trainer": {"max_steps": 3}}
    study = make_study(axes=axes, settings=settings, compare_with={}, figure=None)
    config = own_config(trainings(study)[1])
    assert config["data"] == {"batch_size": 4}
    assert config["seed_everything"] == 1
    assert config["trainer"] == {"max_steps": 3, "default_root_dir": str(study.out / "rows=4" / "seed=1" / "run")}


def test_an_evaluation_has_nothing_of_the_one_that_training_uses(make_study: MakeStudy) -> None:
    values = {"one": {}, "two": {"model.decoding": {"class_path": "BeamSearch", "init_args": {"num_beams": 2}}}}
    study = make_study(axes={"decoding": {"values": values}}, compare_with={"decoding": "two"}, figure=None)
    training = trainings(study)[0]
    assert own_config(training)["model"]["decoding"]["class_path"] == "BeamSearch"
    one, two = (own_config(training, evaluation) for evaluation in training.evaluations)
    assert "model" not in one
    assert two["model"]["decoding"]["init_args"] == {"num_beams": 2}


def test_labels_that_make_no_file_name_are_refused_before_anything_runs(make_study: MakeStudy) -> None:
    study = make_study(axes={"a": {"key": "data.batch_size", "values": {"long" * 30: 4}}}, compare_with={}, figure=None)
    with pytest.raises(UserError, match="Expected shorter labels of a study"):
        trainings(study)


def test_mappings_are_merged_key_by_key() -> None:
    settings = {"model.decoding": {"class_path": "BeamSearch"}, "model.decoding.init_args.num_beams": 2}
    assert as_config(settings) == {"model": {"decoding": {"class_path": "BeamSearch", "init_args": {"num_beams": 2}}}}


@pytest.mark.parametrize("name", [name for name in shipped_configs() if name.startswith("studies/")])
def test_every_cell_of_a_shipped_study_is_a_valid_config(name: str, tmp_path: Path, capsys: Any) -> None:
    study = read_study(name)
    own = tmp_path / "own.yaml"
    for training in trainings(study)[: len(trainings(study)) // len(study.options.seeds)]:
        for evaluation in training.evaluations:
            config = as_config({**training.settings, **evaluation.settings})
            own.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
            with pytest.raises(SystemExit) as ended:
                main("fit", [*config_arguments([*training.base, own]), "--print_config"])
            assert ended.value.code in (0, None), capsys.readouterr().err
