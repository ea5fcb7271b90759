"""Settings that travel with a model."""

import json
from pathlib import Path
from typing import Any

import pytest

from gner.errors import UserError
from gner.inference.gner_config import Settings
from gner.prompting import GnerFormat
from gner.prompting.serialize import to_config


def test_settings_round_trip(tmp_path: Path) -> None:
    settings = Settings(GnerFormat("Do it.", extra_type="else"), {"a": ("x", "y")}, 100, 200, 30, "whole")
    settings.write(tmp_path)
    again = Settings.read(tmp_path / "gner_config.json")
    assert {**vars(again), "format": vars(again.format)} == {**vars(settings), "format": vars(settings.format)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": {"class_path": "os.system", "init_args": {}}}, "may not choose what code is run"),
        ({"format": {"class_path": "GnerFormat", "init_args": {"colour": 1}}}, "another version of gner"),
        ({"types": None}, "expected the settings that `gner.export` writes"),
        ({"max_input_tokens": None}, "expected the settings that `gner.export` writes"),
    ],
)
def test_malformed_settings_raise(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    Settings().write(tmp_path)
    path = tmp_path / "gner_config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        Settings.read(path)


def test_a_run_has_the_settings_of_its_config_and_the_types_of_its_data() -> None:
    form = {"class_path": "gner.prompting.GnerFormat", "init_args": {"instruction": None}}
    config = {"model": {"format": form}, "data": {"max_input_tokens": 50, "max_answer_tokens": 60}}
    settings = Settings.of_run(config, {"types": {"a": ["x", "y"], "b": ["y", "z"]}, "longest_sentence": 9}, "a run")
    assert settings.all_types == ("x", "y", "z")
    assert (settings.max_input_tokens, settings.max_answer_tokens, settings.longest_sentence) == (50, 60, 9)
    assert to_config(settings.format)["init_args"]["instruction"] is None
