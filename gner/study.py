"""``python -m gner.study STUDY``: one training many times with something changed, over seeds, and what that shows."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from types import FrameType
from typing import Literal

from jsonargparse.typing import NonNegativeInt, PositiveInt
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gner.errors import UserError
from gner.option_parser import errors_end_the_command, option, parse_options
from gner.studies.cells import Training, trainings
from gner.studies.forecast import forecast
from gner.studies.running import is_done, read_state
from gner.studies.slurm import write_array_job
from gner.studies.study_file import Study, read_study
from gner.studies.workers import make_runners, run_trainings


@dataclass(frozen=True)
class StudyOptions:
    """Options of the command.

    Attributes:
        file: The study, YAML, or the name of one that comes with gner, such as studies/context_window.yaml.
        dry_run: Show what would run and, by gner.plan, how long and in how much memory; run nothing.
        report: Write the results of what is done; run nothing.
        only: Run a single training, by its number in the list of --dry-run, and write no results.
        jobs: Trainings at once, which share the cores of the CPU.
        devices: GPUs of each of several trainings at once, as CUDA_VISIBLE_DEVICES has them, such as 0 1 2 3.
        launcher: Where trainings run; for slurm, the script of an array job is written.
        gpu_memory: Of one device, for --dry-run, for example 80GB.
        tflops: What one device achieves, for --dry-run; see gner.plan.
    """

    file: str = option(positional=True, metavar="STUDY")
    dry_run: bool = False
    report: bool = False
    only: NonNegativeInt | None = option(None, metavar="N")
    jobs: PositiveInt | None = option(None, metavar="N")
    devices: list[str] | None = option(None, metavar="GPUS")
    launcher: Literal["local", "slurm"] = "local"
    gpu_memory: str | None = option(None, metavar="80GB")
    tflops: float | None = None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Raises:
        SystemExit: The study is wrong, or some of its runs failed.
    """
    options = parse_options(
        StudyOptions,
        arguments,
        prog="python -m gner.study",
        description="Run what is missing of a study, and write its results. A study that was interrupted goes on where "
        "it was; what is done is not run again.",
    )
    console = Console(highlight=False, markup=False, soft_wrap=True)
    signal.signal(signal.SIGTERM, _exit)
    with errors_end_the_command():
        study = read_study(options.file)
        every = trainings(study)
        if options.dry_run:
            _show_plan(study, every, options, console)
        elif options.launcher == "slurm":
            script = write_array_job(study, len(every))
            console.print(f"{script} has a task for each of {len(every)} trainings: sbatch {shlex.quote(str(script))}")
        elif options.only is not None:
            _run(study, [_chosen(every, options.only)], options, console)
        else:
            _run_and_report(study, every, options, console)


def _exit(number: int, frame: FrameType | None) -> None:
    """End as Ctrl+C does, so that commands end too."""
    sys.exit(128 + number)


def _chosen(every: Sequence[Training], number: int) -> Training:
    if number >= len(every):
        raise UserError(f"Expected --only from 0 to {len(every) - 1}, got {number}.")
    return every[number]


def _run_and_report(study: Study, every: Sequence[Training], options: StudyOptions, console: Console) -> None:
    missing_packages = [name for name in ("matplotlib", "scipy") if find_spec(name) is None]
    if missing_packages:
        raise UserError(f"Expected {' and '.join(missing_packages)} for results: pip install 'gner[study]'.")
    from gner.studies.results_folder import write_results  # noqa: PLC0415 - needs the extra

    num_failed = 0 if options.report else _num_failed(study, every, options, console)
    console.print(_table(study.title, write_results(study, every)))
    console.print(f"Results  {study.out / 'table.md'}")
    _end(num_failed)


def _run(study: Study, chosen: Sequence[Training], options: StudyOptions, console: Console) -> None:
    _end(_num_failed(study, chosen, options, console))


def _num_failed(study: Study, chosen: Sequence[Training], options: StudyOptions, console: Console) -> int:
    """Run what is missing, and say what failed: at once, as the results may have errors of their own."""
    missing = [training for training in chosen if not is_done(training, study)]
    console.print(f"{study.title}: {len(chosen)} trainings, {len(missing)} to run, in {study.out}")
    runners = make_runners(study, options.jobs, options.devices, console.print)
    failed = run_trainings(missing, runners, console.print) if missing else []
    for message in failed:
        sys.stderr.write(f"{message}\n")
    return len(failed)


def _end(num_failed: int) -> None:
    if num_failed:
        raise UserError(f"Of the trainings, {num_failed} failed. The same command tries them again.")


def _show_plan(study: Study, every: Sequence[Training], options: StudyOptions, console: Console) -> None:
    rows = [["", "training", "cells", "state"]]
    for number, training in enumerate(every):
        rows.append([str(number), training.name, str(len(training.evaluations)), _state(study, training)])
    console.print(_table(study.title, rows))
    first_seed = [training for training in every if training.seed == study.options.seeds[0]]
    rows = [["training", "steps", "hours", "GiB training", "GiB validation"]]
    rows += [forecast(training, options.gpu_memory, options.tflops) for training in first_seed]
    console.print(_table(f"By gner.plan, each of {len(study.options.seeds)} seeds", rows))


def _state(study: Study, training: Training) -> str:
    if is_done(training, study):
        return "done"
    if read_state(training).seconds is not None:
        return "trained"
    return "begun" if training.run_dir.exists() else "to run"


def _table(title: str, rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=Text(title), title_justify="left")
    headings, *others = rows
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in others:
        table.add_row(*map(Text, row))
    return table


if __name__ == "__main__":
    main()
