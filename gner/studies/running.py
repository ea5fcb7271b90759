"""Runs the trainings of a study and their evaluations as commands of their own, and goes on after a kill."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import yaml

from gner import locks, run_dir
from gner.errors import UserError
from gner.files import replacing
from gner.studies.cells import Evaluation, Training, as_config, config_arguments, merged
from gner.studies.study_file import Study, by_dotted_keys

_STATE, _LOG, _LOCK = "state.json", "log.txt", ".lock"
_ABSENT = "not set"
_SHOWN_LINES = 15
"""Of the log of a command that failed."""


@dataclass
class State:
    """What is done of a training, as ``state.json`` has it.

    Attributes:
        configs: What the config files of the training hold, in their order; its own settings are the last.
        seconds: That the command took which ended the training; None until then.
        evaluated: Checkpoint and settings of each evaluation that has ended, by its name.
    """

    configs: list[Any]
    seconds: float | None
    evaluated: dict[str, Any]


class CommandFailed(Exception):
    """A command of a study ended with an error; the message has where, and the end of its log."""


class Runner:
    """Runs what is missing of a training.

    Args:
        study: The study.
        device: For ``CUDA_VISIBLE_DEVICES``; None for all there are.
        num_threads: Of each process; None leaves it to torch.
        say: Prints a line.
    """

    def __init__(self, study: Study, device: str | None, num_threads: int | None, say: Callable[[str], None]) -> None:
        self._study = study
        self._device = device
        self._num_threads = num_threads
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def run(self, training: Training) -> None:
        """Train, or go on with a training, and evaluate it for each cell.

        Raises:
            CommandFailed: A command ended with an error.
            UserError: The training was begun with other settings.
        """
        training.folder.mkdir(parents=True, exist_ok=True)
        with (training.folder / _LOCK).open("a+b") as lock:
            self._take(lock, training)
            state = read_state(training)
            if state.seconds is None:
                _write_state(training, state)  # a study that is changed while a training is half done is refused too
                since = time.monotonic()
                self._command("fit", own_config(training), [], training, lock)
                state.seconds = time.monotonic() - since
                _write_state(training, state)
            for evaluation in training.evaluations:
                if not is_evaluated(state, evaluation, self._study):
                    self._evaluate(evaluation, training, lock)
                    state.evaluated[result_name(evaluation, self._study)] = _record(evaluation, self._study)
                    _write_state(training, state)

    def stop(self) -> None:
        """End the command that runs, if there is one, and start no other."""
        self._is_stopped = True
        if self._process is not None:
            self._process.terminate()

    def _take(self, lock: IO[bytes], training: Training) -> None:
        """Wait until no other process works on the training; a command holds its lock even if its study is killed."""
        has_said = False
        while not locks.lock(lock):
            if self._is_stopped:
                raise CommandFailed(f"{training.name}: stopped while another process worked on it")
            if not has_said:
                self._say(f"{training.name}: another process works on it; waiting until it ends")
            has_said = True
            time.sleep(1)

    def _evaluate(self, evaluation: Evaluation, training: Training, lock: IO[bytes]) -> None:
        more = [] if evaluation.name is None else ["--name", evaluation.name]
        options = ["--ckpt_path", self._study.options.checkpoint, *more]
        self._command(_command_of(self._study), own_config(training, evaluation), options, training, lock)

    def _command(
        self, command: str, config: Mapping[str, Any], options: Sequence[str], training: Training, lock: IO[bytes]
    ) -> None:
        """Run a command of this package; what it prints goes to the log of the training.

        Args:
            command: Such as ``fit``.
            config: On top of the base.
            options: More of the command line.
            training: Which.
            lock: Of its folder.
        """
        if command == "fit" and _can_resume(training):
            options = [*options, "--ckpt_path", "last"]
        own = training.folder / f"{command}.yaml"
        own.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        arguments = ["-m", f"gner.{command}", *config_arguments([*training.base, own]), *options]
        log = training.folder / _LOG
        with log.open("ab") as output:
            output.write(f"$ python {shlex.join(arguments)}\n".encode())
            output.flush()
            status = self._wait([sys.executable, *arguments], output, lock)
        if status != 0:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
            shown = "\n".join(f"  {line}" for line in lines)
            raise CommandFailed(f"{training.name}: gner.{command} ended with status {status}; {log} ends with\n{shown}")

    def _wait(self, command: Sequence[str], output: IO[bytes], lock: IO[bytes]) -> int:
        """Run a program to its end, and return its status."""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=self.environment(),
            pass_fds=[lock.fileno()],
        )
        if self._is_stopped:  # in the meantime
            self._process.terminate()
        return self._process.wait()

    def environment(self) -> dict[str, str]:
        """Of the commands."""
        added = {} if self._device is None else {"CUDA_VISIBLE_DEVICES": self._device}
        if self._num_threads is not None:
            added["OMP_NUM_THREADS"] = str(self._num_threads)
        return {**os.environ, **added}


def own_config(training: Training, evaluation: Evaluation | None = None) -> dict[str, Any]:
    """What a training, or an evaluation of it, sets on top of the base."""
    fixed = {"seed_everything": training.seed, "trainer.default_root_dir": str(training.run_dir)}
    settings = training.settings if evaluation is None else {**training.common, **evaluation.settings}
    return as_config({**settings, **fixed})


def read_state(training: Training) -> State:
    """What is done of a training.

    Raises:
        UserError: It was begun with other settings, or the file is broken.
    """
    base = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in training.base]
    configs = _as_stored([*base, own_config(training)])
    path = training.folder / _STATE
    if not path.exists():
        return State(configs, None, {})
    try:
        state = State(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: expected what a study wrote. Remove it to run this training again.") from error
    if state.seconds is None and not _can_resume(training):
        return State(configs, None, {})
    before, now = (merged(*map(by_dotted_keys, each)) for each in (state.configs, configs))
    if before != now:
        raise UserError(
            f"{path}: {training.name} was run with other settings ({_first_difference(before, now)}). "
            f"Remove {training.folder} to run it again, or set `out` of the study to another folder."
        )
    return state


def _can_resume(training: Training) -> bool:
    """Whether there is a whole checkpoint."""
    try:
        run_dir.find_checkpoint(training.run_dir, "last")
    except UserError:
        return False
    return True


def result_name(evaluation: Evaluation, study: Study) -> str:
    """What an evaluation is called in ``metrics.json``; its predictions are in the file of this name."""
    command = _command_of(study)
    return command if evaluation.name is None else f"{command}_{evaluation.name}"


def _command_of(study: Study) -> str:
    """What evaluates the study's split."""
    return "test" if study.options.split == "test" else "validate"


def is_evaluated(state: State, evaluation: Evaluation, study: Study) -> bool:
    """Whether an evaluation has ended; one of another checkpoint or with other settings has to be done again."""
    return state.evaluated.get(result_name(evaluation, study)) == _record(evaluation, study)


def _record(evaluation: Evaluation, study: Study) -> Any:
    """What an evaluation depends on beside its training."""
    return _as_stored({"checkpoint": study.options.checkpoint, "settings": dict(evaluation.settings)})


def _as_stored(values: Any) -> Any:
    """Values as they come back from the file of the state."""
    return json.loads(json.dumps(values, default=str))


def is_done(training: Training, study: Study) -> bool:
    """Whether nothing is missing of a training."""
    state = read_state(training)
    return state.seconds is not None and all(is_evaluated(state, one, study) for one in training.evaluations)


def _write_state(training: Training, state: State) -> None:
    with replacing(training.folder / _STATE) as file:
        file.write(json.dumps(vars(state), indent=2, default=str) + "\n")


def _first_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    key = next(key for key in dict.fromkeys([*before, *now]) if before.get(key, _ABSENT) != now.get(key, _ABSENT))
    return f"{key} {before.get(key, _ABSENT)}, now {now.get(key, _ABSENT)}"
