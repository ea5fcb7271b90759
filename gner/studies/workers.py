"""Several trainings of a study at once, on given devices, with the time that is left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import timedelta
from queue import SimpleQueue

from gner.errors import UserError
from gner.studies.cells import Training
from gner.studies.running import CommandFailed, Runner
from gner.studies.study_file import Study


def make_runners(
    study: Study, jobs: int | None, devices: Sequence[str] | None, say: Callable[[str], None]
) -> list[Runner]:
    """What works on trainings, one each.

    Args:
        study: The study.
        jobs: How many; by default one for each of ``devices``, and one without them. Several share the CPU's cores.
        devices: ``CUDA_VISIBLE_DEVICES`` of each, such as ``0`` or, for trainings on two GPUs, ``0,1``.
        say: Prints a line.

    Raises:
        UserError: The number of jobs is not that of the devices.
    """
    if devices is not None and jobs not in (None, len(devices)):
        raise UserError(f"Expected a device for each of {jobs} jobs, got {len(devices)}. Leave out --jobs.")
    number = len(devices) if devices is not None else jobs or 1
    threads = max(1, (os.cpu_count() or 1) // number) if number > 1 and "OMP_NUM_THREADS" not in os.environ else None
    given: Sequence[str | None] = devices or [None] * number
    return [Runner(study, device, threads, say) for device in given]


def run_trainings(missing: Sequence[Training], runners: Sequence[Runner], say: Callable[[str], None]) -> list[str]:
    """Run trainings; the failure of one does not end the others.

    Returns:
        What failed, with the ends of logs.
    """
    free: SimpleQueue[Runner] = SimpleQueue()
    for runner in runners:
        free.put(runner)

    def run(training: Training) -> None:
        """Run a training with whatever is free."""
        runner = free.get()
        try:
            runner.run(training)
        finally:
            free.put(runner)

    failures: list[str] = []
    since = time.monotonic()
    with ThreadPoolExecutor(len(runners)) as pool, _stopping(pool, runners):
        futures = {pool.submit(run, training): training for training in missing}
        for number, future in enumerate(as_completed(futures), start=1):
            took = time.monotonic() - since
            try:
                future.result()
                end = "done"
            except (CommandFailed, UserError, OSError) as error:
                failures.append(f"{futures[future].name}: {error}" if isinstance(error, OSError) else str(error))
                end = "failed"
            left = round(took / number * (len(missing) - number))
            hint = f"; about {timedelta(seconds=left)} left" if left else ""
            say(f"[{number}/{len(missing)}] {futures[future].name}: {end}{hint}")
    return failures


@contextmanager
def _stopping(pool: ThreadPoolExecutor, runners: Sequence[Runner]) -> Iterator[None]:
    """End all commands when this process is interrupted."""
    try:
        yield
    except BaseException:
        for runner in runners:
            runner.stop()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
