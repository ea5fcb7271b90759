"""Generation at validation."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gner.cli import Command
from gner.models.restore import DRAFTS_KEY, read_meta
from tests.runs import metrics_of, rows_of, run_command


def test_only_some_validations_and_examples_are_decoded(config: Path, tmp_path: Path) -> None:
    options = ["--evaluation.every_n_validations", "2", "--evaluation.max_examples", "3"]
    run_command("fit", config, *options, "--trainer.max_steps", "6")
    run = tmp_path / "run"
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("val/f1")] == [1, 5]
    assert [event.step for event in events.Scalars("val/loss")] == [1, 3, 5]
    assert len(rows_of(run, "val_last.jsonl")) == 3


def test_metrics_record_what_they_were_counted_on(config: Path, tmp_path: Path) -> None:
    run_command("fit", config, "--evaluation.max_examples", "3", "--data.max_eval_examples_per_dataset", "4")
    run_command("test", config, "--ckpt_path", "last", "--data.max_eval_examples_per_dataset", "2")
    metrics = metrics_of(tmp_path / "run")
    assert metrics["last"]["counted"] == {
        "examples": {"toy": 3},
        "limits": {"evaluation.max_examples": 3, "data.max_eval_examples_per_dataset": 4},
    }
    assert metrics["test"]["counted"]["examples"] == {"toy": 5}  # the paper caps dev only


@pytest.mark.parametrize("command", ["validate", "test"])
def test_predictions_of_pooled_rows_are_those_of_greedy_search_and_in_order(
    command: Command, config: Path, tmp_path: Path
) -> None:
    run_command("fit", config, "--trainer.max_steps", "1")
    found = []
    for decoding in ("Greedy", "Speculative"):
        options = ["--model.decoding", decoding, "--data.eval_batch_size", "2", "--ckpt_path", "last"]
        run_command(command, config, *options)
        found.append((rows_of(tmp_path / "run", f"{command}.jsonl"), metrics_of(tmp_path / "run")[command]))
    (greedy, expected), (pooled, scores) = found
    keys = ("instance", "prediction", "finished", "tags")
    assert len(pooled) == 5
    assert [[row[key] for key in keys] for row in pooled] == [[row[key] for key in keys] for row in greedy]
    assert scores == expected


def test_what_makes_drafts_is_warmed_on_gold_and_kept_with_the_checkpoint(config: Path, tmp_path: Path) -> None:
    options = ["--model.decoding", "Speculative", "--trainer.max_steps", "2"]
    run_command("fit", config, *options)
    kept = read_meta(tmp_path / "run" / "checkpoints" / "last.ckpt")[DRAFTS_KEY]["tagger"]["weights"]
    assert kept.any()
    for decoding in ("Speculative", "Constrained", "Greedy"):  # each takes what it can use
        run_command("test", config, "--model.decoding", decoding, "--ckpt_path", "last")
