"""The command, on two runs that were really trained."""

import json
from pathlib import Path
from typing import Any

import pytest

from gner.compare import main
from tests.runs import run_command


def test_two_runs_are_compared(config: Path, tmp_path: Path, capsys: Any) -> None:
    runs = []
    for steps in (1, 2):
        runs.append(str(tmp_path / f"steps{steps}"))
        run_command("fit", config, "--trainer.default_root_dir", runs[-1], "--trainer.max_steps", str(steps))
    capsys.readouterr()
    page, values = tmp_path / "runs.html", tmp_path / "runs.json"
    main([*runs, "--html", str(page), "--json", str(values), "--samples", "20"])
    shown = capsys.readouterr().out
    assert "trainer.max_steps" in shown
    written = json.loads(values.read_text(encoding="utf-8"))
    assert written["config"]["trainer.max_steps"] == {"steps1": 1, "steps2": 2}
    assert written["runs"]["steps1"]["result"] == "best"
    assert page.exists()


def test_what_is_no_run_is_refused(tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), str(tmp_path / "none")])
    assert ended.value.code == 2
    assert "Expected a run folder with metrics.json" in capsys.readouterr().err
