"""Several processes that decode end together."""

from pathlib import Path

import pytest
import yaml
from torch import distributed

from gner.cli import main
from gner.decoding import Greedy
from gner.decoding.peers import Peers
from gner.errors import UserError
from gner.interfaces import Batch, TextModel
from gner.records import Generation
from tests.processes import run_processes


class FailsOnOneProcess(Greedy):
    """Greedy search with a defect in its second batch on process 1."""

    _num_batches = 0

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        self._num_batches += 1
        if self._num_batches == 2 and distributed.get_rank() == 1:
            raise ZeroDivisionError("a defect")
        return super().generate(model, batch)


def _meet(rank: int) -> None:
    distributed.init_process_group("gloo")
    together = Peers("one")
    together.check()
    together.wait()

    divided = Peers("two")
    if rank == 1:
        divided.fail(UserError("a wrong key"))
    else:
        with pytest.raises(UserError, match=r"^a wrong key$"):
            divided.wait()  # process 1 will never be done

    late = Peers("three")
    if rank == 1:
        late.fail(ValueError("first"))
    else:
        assert late._store is not None
        late._store.wait(["error"])  # until the other has failed
        with pytest.raises(RuntimeError, match=r"^Process 1 failed: ValueError: first$"):
            late.fail(ConnectionError("process 1 is gone"))
    distributed.destroy_process_group()


def test_one_that_failed_is_heard_by_those_who_wait() -> None:
    run_processes(_meet, 2)


def test_a_process_alone_has_nobody_to_wait_for() -> None:
    alone = Peers("nothing")
    alone.check()
    alone.wait()
    alone.fail(ValueError())


def _validate(rank: int, config: Path) -> None:
    message = "a defect" if rank else r"^Process 1 failed: ZeroDivisionError: a defect$"
    with pytest.raises((RuntimeError, ZeroDivisionError), match=message):
        main("validate", ["--config", str(config)])


@pytest.mark.slow
@pytest.mark.parametrize("decode", ["gather", "sharded"])
def test_an_error_in_decoding_on_one_process_ends_all_with_it(
    decode: str, checkpoints: dict[str, Path], toy_root: Path, tmp_path: Path
) -> None:
    settings = {
        "model": {
            "backbone": str(checkpoints["causal"]),
            "decoding": {"class_path": f"{__name__}.FailsOnOneProcess", "init_args": {"max_new_tokens": 10}},
        },
        "data": {"root": str(toy_root), "val": ["toy"], "eval_batch_size": 1},
        "trainer": {
            "default_root_dir": str(tmp_path / "run"),
            "accelerator": "cpu",
            "devices": 2,
            "strategy": {
                "class_path": "gner.models.FSDP2Strategy",
                "init_args": {"compute_dtype": "fp32", "decode": decode},
            },
        },
    }
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    run_processes(_validate, 2, config, fresh=True)
