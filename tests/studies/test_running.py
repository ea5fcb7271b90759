"""What is done is known from files, and a command that fails says where."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gner import locks
from gner.errors import UserError
from gner.studies.cells import Training, trainings
from gner.studies.running import CommandFailed, Runner, is_done, is_evaluated, read_state
from gner.studies.study_file import Study
from tests.studies.conftest import MakeStudy, Simulated, simulate


def test_what_has_ended_is_done(simulated: Simulated) -> None:
    *done, missing = simulated.trainings
    assert all(is_done(training, simulated.study) for training in done)
    assert not is_done(missing, simulated.study)


def test_an_evaluation_with_other_settings_is_not_done(simulated: Simulated, make_study: MakeStudy) -> None:
    axes = {**simulated.study.options.axes, "beams": {"values": {1: {"model.decoding": "Greedy"}, 4: {}}}}
    axes["window"] = {"key": "model.format.init_args.context_window", "values": {"0": 0, "all": None}}
    training = simulated.trainings[0]
    state = read_state(training)
    assert is_evaluated(state, training.evaluations[0], simulated.study)
    changed = make_study(axes=axes)
    assert not is_evaluated(state, trainings(changed)[0].evaluations[0], changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"settings": {"trainer.max_steps": 9}}, r"trainer.max_steps not set, now 9"),
        ({"settings": {"model.lora": None}}, r"model.lora not set, now None"),
    ],
)
def test_a_study_that_changed_is_refused(
    changed: dict[str, Any], message: str, make_study: MakeStudy, tmp_path: Path
) -> None:
    study = make_study()
    simulate(trainings(study)[0], study)
    with pytest.raises(UserError, match=message) as raised:
        read_state(trainings(make_study(**changed))[0])
    assert str(tmp_path / "out" / "window=0" / "seed=0") in str(raised.value)


def test_another_checkpoint_is_evaluated_anew(simulated: Simulated, make_study: MakeStudy) -> None:
    last = make_study(checkpoint="last")
    training = trainings(last)[0]
    assert is_done(training, simulated.study)
    assert not is_done(training, last)


def test_configs_that_say_the_same_are_the_same(simulated: Simulated, make_study: MakeStudy) -> None:
    study = make_study(base=["base.yaml", "base.yaml"])
    assert is_done(trainings(study)[0], study)


def test_a_broken_state_is_named(simulated: Simulated) -> None:
    path = simulated.trainings[0].folder / "state.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"state\.json: expected what a study wrote"):
        read_state(simulated.trainings[0])


def test_a_checkpoint_that_was_not_finished_is_not_resumed(make_study: MakeStudy) -> None:
    training = trainings(make_study())[0]
    checkpoints = training.run_dir / "checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / "last.ckpt.unfinished").touch()
    (training.folder / "state.json").write_text('{"configs": [], "seconds": null, "evaluated": {}}', encoding="utf-8")
    assert read_state(training).seconds is None  # which a resumed one would refuse for its settings


def test_a_stop_ends_the_wait_for_a_lock(simulated: Simulated) -> None:
    training = simulated.trainings[0]
    runner = Runner(simulated.study, device=None, num_threads=None, say=print)
    with (training.folder / ".lock").open("ab") as file:
        assert locks.lock(file)
        runner.stop()
        with pytest.raises(CommandFailed, match="stopped while another process worked on it"):
            runner.run(training)


def _run(study: Study, training: Training, told: list[str]) -> None:
    Runner(study, device=None, num_threads=None, say=told.append).run(training)


def test_a_command_that_fails_shows_its_log(make_study: MakeStudy) -> None:
    study = make_study(settings={"trainer.max_stepz": 3})
    training = trainings(study)[0]
    with pytest.raises(CommandFailed, match=r"Did you mean `trainer.max_steps`") as raised:
        _run(study, training, [])
    assert read_state(trainings(make_study())[0]).seconds is None  # what never began may be corrected
    log = training.folder / "log.txt"
    assert str(log) in str(raised.value)
    assert log.read_text(encoding="utf-8").startswith("$ python -m gner.fit --config")
    assert read_state(training).seconds is None


def test_a_training_waits_for_the_process_that_works_on_it(simulated: Simulated) -> None:
    training, told = simulated.trainings[0], list[str]()
    lock = training.folder / ".lock"
    script = f"import fcntl, time; file = open({str(lock)!r}, 'ab'); fcntl.flock(file, 2); print('locked', flush=True)"
    command = [sys.executable, "-c", f"{script}; time.sleep(3)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "locked"
        _run(simulated.study, training, told)
    assert told == [f"{training.name}: another process works on it; waiting until it ends"]
    with lock.open("ab") as file:
        assert locks.lock(file)
    assert json.loads((training.folder / "state.json").read_text(encoding="utf-8"))["seconds"] == 1.0
