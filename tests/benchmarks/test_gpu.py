"""``python -m benchmarks.gpu`` at a size for a CPU: what it reports, and what must hold of any machine."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.gpu.__main__ import Part, main, measure_part
from benchmarks.gpu.measured_rows import Deadline, OutOfTime, Rows, alarm
from benchmarks.gpu.memory_forecasts import peaks
from benchmarks.gpu.sentence_speed import contenders
from benchmarks.gpu.sharded_runs import RUNS
from benchmarks.gpu.step_speed import VARIANTS
from benchmarks.gpu.true_sizes import TINY, NetworkSize, read_sentences
from gner import decoding

FOREVER = Deadline(1e9, float("inf"), float("inf"))
STRATEGIES = set(decoding.__all__) - {"DecodingCallback", "DecodingStrategy"}


def _rows() -> Rows:
    return Rows(FOREVER, torch.device("cpu"))


def test_every_strategy_is_measured() -> None:
    assert {contender.name for contender in contenders() if not contender.is_base} == STRATEGIES


def test_what_fails_or_does_not_fit_is_said_and_the_next_row_follows() -> None:
    rows = _rows()

    def raises(error: Exception) -> Any:
        raise error

    rows.measure({"row": 1}, lambda: raises(ValueError("first line\nsecond line")), needs=0)
    rows.measure({"row": 2}, lambda: raises(torch.OutOfMemoryError("2 GiB are missing")), needs=0)
    rows.measure({"row": 3}, lambda: {"seconds": 4.0}, needs=0)
    assert rows.done == [
        {"row": 1, "failed": "ValueError: first line"},
        {"row": 2, "skipped": "memory does not suffice: 2 GiB are missing"},
        {"row": 3, "seconds": 4.0},
    ]


def test_a_part_that_fails_keeps_its_rows() -> None:
    def measure(rows: Rows) -> None:
        rows.measure({"row": 1}, dict, needs=0)
        raise RuntimeError("no GPU left")

    report = measure_part(Part("part", 0.5, measure), _rows())
    assert report["rows"] == [{"row": 1}]
    assert report["failed"] == "RuntimeError: no GPU left"


def test_a_row_that_runs_too_long_is_ended() -> None:
    def forever() -> Any:
        while True:
            pass

    rows = _rows()
    with alarm(0):
        rows.measure({"row": 1}, forever, needs=0)
    assert rows.done[0]["failed"].startswith(OutOfTime.__name__)


def test_without_time_every_part_says_so(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    main(["--size", "tiny", "--minutes", "0", "--out", str(out)])
    parts = json.loads(out.read_text())["parts"]
    assert all("the time of the command" in part["skipped"] and not part["rows"] for part in parts)


@pytest.mark.parametrize("size", TINY.networks, ids=lambda size: size.name)
def test_what_has_its_peak_measured_runs(size: NetworkSize, tmp_path: Path) -> None:
    examples = read_sentences(tmp_path, 4)
    found = peaks(size, examples, torch.device("cpu"), prompts="shared", fused=True)
    assert found == {"training_gib": None, "validation_gib": None}  # counted on a GPU only


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_true_sizes_need_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "Set --size tiny" in capsys.readouterr().err


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("gpu") / "gpu.json"
    main(["--size", "tiny", "--minutes", "10", "--out", str(out)])
    return dict(json.loads(out.read_text()))


def _rows_of(report: dict[str, Any], start: str) -> list[dict[str, Any]]:
    return [row for part in report["parts"] if part["name"].startswith(start) for row in part["rows"]]


@pytest.mark.slow
def test_nothing_fails_and_all_parts_are_there(report: dict[str, Any]) -> None:
    names = [part["name"].split()[0] for part in report["parts"]]
    assert set(names) == {"training", "decoding", "memory", "sharding"}
    failed = [row for part in report["parts"] for row in part["rows"] if "failed" in row]
    assert not failed
    assert not [part for part in report["parts"] if "failed" in part or "skipped" in part]
    assert report["machine"]["torch"] == torch.__version__
    assert "Random weights write junk" in report["note"]


@pytest.mark.slow
def test_sharing_reads_less_and_computes_the_same(report: dict[str, Any]) -> None:
    rows = [row for row in _rows_of(report, "training") if row["row"] == "training"]
    assert len(rows) == 2 * len(VARIANTS)
    by_prompts: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if "skipped" not in row:
            by_prompts.setdefault(row["prompts"], []).append(row)
    for row in by_prompts["separate"]:
        assert row["tokens_read"] == row["tokens"] <= row["tokens_computed"]
        assert row["packed_batches"] == 0
    for row in by_prompts["shared"]:
        assert row["tokens_read"] < row["tokens"] == by_prompts["separate"][0]["tokens"]
        assert row["packed_batches"] > 0
    for shuffled, shared in zip(by_prompts["shared, types shuffled"], by_prompts["shared"], strict=False):
        assert shared["tokens_read"] <= shuffled["tokens_read"] <= shuffled["tokens"]
    for row in [*by_prompts["separate"], *by_prompts["shared"]]:
        assert row["tokens_per_s"] == pytest.approx(row["sentences_per_s"] * row["tokens"] / row["sentences"])


@pytest.mark.slow
def test_all_strategies_decode_all_sentences(report: dict[str, Any]) -> None:
    rows = [row for row in _rows_of(report, "decoding") if row["row"] != "fit"]
    for batch_size in {row["batch_size"] for row in rows}:
        of_size = {row["row"]: row for row in rows if row["batch_size"] == batch_size}
        assert set(of_size) == STRATEGIES | {"limit", "generate", "generate, 4 beams"}
        assert len({row["sentences"] for row in of_size.values()}) == 1
        assert of_size["generate"]["times_generate"] == 1
        assert of_size["OnePass"]["passes"] >= 1
        assert all(0 <= row["f1"] <= 1 for name, row in of_size.items() if name != "limit")


@pytest.mark.slow
def test_memory_is_forecast_and_every_sharded_run_ran(report: dict[str, Any]) -> None:
    forecasts = [row for row in _rows_of(report, "memory") if row["row"] == "forecast"]
    assert all(row["validation_gib"] > 0 and 0 < row["training_gib"] < row["device_gib"] for row in forecasts)
    for separate, shared in zip(forecasts[::2], forecasts[1::2], strict=True):
        assert (separate["prompts"], shared["prompts"]) == ("separate", "shared")
        assert shared["training_gib"] < separate["training_gib"]
    sharded = _rows_of(report, "sharding")
    assert [row["row"] for row in sharded] == list(RUNS)
    assert all(row["val/seconds"] > 0 and row["train/step_s"] > 0 for row in sharded)
    assert len({round(row["val/loss"], 3) for row in sharded}) == 1  # sharding computes the same
