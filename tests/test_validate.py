"""``python -m gner.validate`` and ``gner.predict --config`` end to end."""

from pathlib import Path

from tests.runs import metrics_of, rows_of, run_command


def test_validate_test_and_predict_use_the_same_config(config: Path, tmp_path: Path) -> None:
    run_command("fit", config)
    run = tmp_path / "run"
    best = metrics_of(run)["best"]["metrics"]["val/f1"]
    last = rows_of(run, "val_last.jsonl")
    run_command("validate", config, "--ckpt_path", "last")
    assert rows_of(run, "validate.jsonl") == last
    run_command("test", config, "--ckpt_path", str(run / "checkpoints" / "best.ckpt"))
    test = metrics_of(run)["test"]["metrics"]  # the splits of the toy data are the same
    assert test["test/f1"] == best
    run_command("predict", config, "--ckpt_path", "best")
    written = [row["prediction"] for row in rows_of(run, "predict.jsonl")]
    assert written == [row["prediction"] for row in rows_of(run, "test.jsonl")]
