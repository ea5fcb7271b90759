"""Plans of a study's trainings."""

from pathlib import Path

import pytest
import yaml

from gner.studies.cells import trainings
from gner.studies.forecast import forecast
from gner.studies.study_file import read_study


@pytest.mark.slow
def test_steps_hours_and_memory_are_those_of_the_plan(tmp_path: Path) -> None:
    content = {
        "base": "debug.yaml",
        "out": str(tmp_path / "out"),
        "settings": {"data.root": str(tmp_path)},
        "axes": {"steps": {"values": {"7": {"trainer.max_steps": 7}, "wrong": {"trainer.max_stepz": 7}}}},
    }
    file = tmp_path / "toy_study.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    right, wrong = trainings(read_study(str(file)))[:2]
    name, steps, hours, *memory = forecast(right, None, 1e-6)
    assert (name, steps) == (right.name, "7")
    assert 0 < float(hours) < 100
    assert all(float(number) >= 0 for number in memory)
    assert "max_steps" in " ".join(forecast(wrong, None, None))
    assert not right.folder.exists()
