"""Several trainings at once: each runs once, and a failure does not end the others."""

import os

import pytest

from gner.errors import UserError
from gner.studies.workers import make_runners, run_trainings
from tests.studies.conftest import MakeStudy, Simulated


def test_trainings_that_are_done_run_no_command(simulated: Simulated) -> None:
    told: list[str] = []
    done = simulated.trainings[:-1]
    assert run_trainings(done, make_runners(simulated.study, 2, None, told.append), told.append) == []
    assert len(told) == len(done)
    assert told[-1].startswith(f"[{len(done)}/{len(done)}] ")
    assert not any((training.folder / "log.txt").exists() for training in done)


def test_a_failure_is_named_and_the_others_run(simulated: Simulated) -> None:
    told: list[str] = []
    broken, *others = simulated.trainings[:3]
    (broken.folder / "state.json").write_text('{"configs": [], "seconds": 1, "evaluated": {}}', encoding="utf-8")
    failed = run_trainings([broken, *others], make_runners(simulated.study, 1, None, told.append), told.append)
    assert len(failed) == 1
    assert broken.name in failed[0]
    assert [line.partition("] ")[2].partition(";")[0] for line in told] == [
        f"{broken.name}: failed",
        *(f"{training.name}: done" for training in others),
    ]


def test_devices_have_a_job_each(make_study: MakeStudy) -> None:
    study = make_study()
    assert len(make_runners(study, None, ["0", "1,2"], print)) == 2
    assert len(make_runners(study, None, None, print)) == 1
    with pytest.raises(UserError, match="Expected a device for each of 3 jobs, got 2"):
        make_runners(study, 3, ["0", "1"], print)


def test_jobs_share_the_cores(make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    [first, *_] = make_runners(make_study(), 4, None, print)
    assert first.environment()["OMP_NUM_THREADS"] == "2"
    [gpu, _] = make_runners(make_study(), None, ["0", "1,2"], print)
    assert gpu.environment()["CUDA_VISIBLE_DEVICES"] == "0"
