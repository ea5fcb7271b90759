"""The script of an array job, as a shell reads it."""

import os
import subprocess
from pathlib import Path

from gner.studies.slurm import write_array_job
from tests.studies.conftest import MakeStudy


def test_each_task_runs_its_training(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study(out=str(tmp_path / "out of it"))
    script = write_array_job(study, 6)
    assert "#SBATCH --array=0-5\n" in script.read_text(encoding="utf-8")
    assert f'#SBATCH --output="{tmp_path / "out of it"}/slurm-%a.log"\n' in script.read_text(encoding="utf-8")
    command = script.read_text(encoding="utf-8").splitlines()[-1]
    shown = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {command.removeprefix('exec ')}"],
        env={**os.environ, "SLURM_ARRAY_TASK_ID": "4"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert shown[1:] == ["-m", "gner.study", str(study.file), "--only", "4"]
