"""A study as one array job of Slurm, a task for each training."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from gner.studies.study_file import Study, slug

_SCRIPT = """\
#!/bin/bash
# sbatch {script}, from the folder in which this was written; then `python -m gner.study {file} --report`.
#SBATCH --job-name={name}
#SBATCH --array=0-{last}
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --gpus=1
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --output={log}

# A study starts commands of its own. With this name of a job, Lightning does not take each for a task of Slurm's.
export SLURM_JOB_NAME=bash

exec {python} -m gner.study {file} --only "$SLURM_ARRAY_TASK_ID"
"""


def write_array_job(study: Study, num_trainings: int) -> Path:
    """Write the script of the job into the study's folder; a task that Slurm starts again goes on where it was."""
    study.out.mkdir(parents=True, exist_ok=True)
    script = study.out / "array_job.sh"
    paths = {"script": script, "file": study.file, "python": sys.executable}
    quoted = {name: shlex.quote(str(path)) for name, path in paths.items()}
    text = _SCRIPT.format(**quoted, name=slug(study.file.stem), last=num_trainings - 1, log=_log(study.out))
    script.write_text(text, encoding="utf-8")
    return script


def _log(folder: Path) -> str:
    """Where the output of each task goes; Slurm fills in what begins with a percent sign."""
    return f'"{str(folder).replace("%", "%%")}/slurm-%a.log"'
