"""Results of a run: console output and ``metrics.json``."""

from __future__ import annotations

import json
import operator
import shutil
from pathlib import Path
from typing import Any

import rich
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from rich.table import Table

from gner import run_dir
from gner.decoding import DecodingCallback
from gner.files import replacing, without_nan
from gner.scoring import EntityScores


class RunReport(Callback):
    """Prints a line per validation and a table per type at the end, and writes ``metrics.json``.

    The best validation is the one whose checkpoint is kept; its predictions are kept beside the last ones.

    Args:
        decoding: Where the scores come from.
        monitor: The metric that chooses the best checkpoint, or None.
        mode: ``max`` if the highest value is best, ``min`` if the lowest is.
    """

    def __init__(self, decoding: DecodingCallback, monitor: str | None, mode: str) -> None:
        self._decoding = decoding
        self._monitor = monitor
        self._is_better = operator.gt if mode == "max" else operator.lt
        self._results: dict[str, dict[str, Any]] = {}

    def state_dict(self) -> dict[str, Any]:
        """The best and last results, which a resumed run needs."""
        return {"results": self._results}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self._results = state_dict["results"]

    @rank_zero_only
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print and save the metrics of a validation."""
        if trainer.sanity_checking:
            return
        result = _result(trainer, "val", self._decoding)
        if trainer.state.fn != "fit":
            self._results[self._decoding.result_name(trainer)] = result
            self._write(trainer)
            _print_table("Validation", result)
            return
        metrics = result["metrics"]
        names = ["val/loss", "val/f1", *(f"val/f1_{scorer}" for scorer in _scorers(self._decoding))]
        shown = [f"{name} {metrics[name]:.4f}" for name in names if name in metrics]
        seconds = trainer.callback_metrics.get("val/seconds")
        took = f" ({seconds:.0f} s)" if seconds is not None else ""
        rich.get_console().print(f"step {result['step']}: {', '.join(shown)}{took}", highlight=False)
        self._results["last"] = result
        if self._is_best(metrics):
            self._results["best"] = result
            predictions = Path(trainer.default_root_dir, "predictions")
            if result["scores"]:
                shutil.copyfile(predictions / "val_last.jsonl", predictions / "val_best.jsonl")
        self._write(trainer)

    def _is_best(self, metrics: dict[str, float]) -> bool:
        if self._monitor not in metrics:
            return False
        best = self._results.get("best")
        return best is None or self._is_better(metrics[self._monitor], best["metrics"][self._monitor])

    @rank_zero_only
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print and save the metrics of the test."""
        result = _result(trainer, "test", self._decoding)
        self._results[self._decoding.result_name(trainer)] = result
        _print_table("Test", result)
        self._write(trainer)

    @rank_zero_only
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the best validation and the paths of the outputs, and log its metrics as ``best/…``."""
        if "best" in self._results:
            best = self._results["best"]
            named = {f"best/{name.partition('/')[2]}": value for name, value in best["metrics"].items()}
            for logger in trainer.loggers:
                logger.log_metrics(named, best["step"])
            _print_table(f"Best validation, at step {best['step']}", best)
        folder = Path(trainer.default_root_dir)
        places = {
            "Checkpoints  ": folder / run_dir.CHECKPOINTS,
            "Predictions  ": folder / "predictions",
            "Metrics      ": folder / "metrics.json",
            "TensorBoard  tensorboard --logdir ": folder / run_dir.TENSORBOARD,
        }
        lines = [f"{name}{place}" for name, place in places.items() if place.exists()]
        rich.get_console().print("\n".join(lines), highlight=False, soft_wrap=True)

    @rank_zero_only
    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the path of the predictions."""
        path = Path(trainer.default_root_dir, "predictions", f"{self._decoding.result_name(trainer)}.jsonl")
        rich.get_console().print(f"Predictions  {path}", highlight=False, soft_wrap=True)

    def _write(self, trainer: Trainer) -> None:
        path = Path(trainer.default_root_dir, "metrics.json")
        earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        with replacing(path) as file:
            file.write(json.dumps(without_nan(earlier | self._results), indent=2, allow_nan=False) + "\n")


def _result(trainer: Trainer, stage: str, decoding: DecodingCallback) -> dict[str, Any]:
    """Step, metrics, per-type scores and what they were counted on, as plain values, for files and checkpoints."""
    scores = decoding.scores
    metrics = {f"{stage}/loss": trainer.callback_metrics[f"{stage}/loss"].item()}
    if scores is not None:
        metrics |= {f"{stage}/{name}": value for name, value in scores.scalars().items()}
    return {
        "step": trainer.global_step,
        "epoch": trainer.current_epoch,
        "metrics": metrics,
        "scores": _rows(scores) if scores is not None else {},
        "counted": decoding.counted,
    }


def _scorers(decoding: DecodingCallback) -> list[str]:
    return [] if decoding.scores is None else list(decoding.scores.overall.official)


def _rows(scores: EntityScores) -> dict[str, dict[str, float]]:
    """The rows of the table: each type, then the totals, also by the scorers of the format."""
    overall = scores.overall
    rows = {**overall.types, "all (strict)": overall.strict}
    for scorer, score in overall.official.items():
        rows[f"all (official {scorer.upper().replace('_', ' ')})"] = score
    return {name: row._asdict() for name, row in rows.items()}


def _print_table(title: str, result: dict[str, Any]) -> None:
    table = Table("type", title=title, title_justify="left")
    for heading in ("precision", "recall", "F1", "support"):
        table.add_column(heading, justify="right")
    for name, row in result["scores"].items():
        if name == "all (strict)":
            table.add_section()
        table.add_row(name, *(f"{row[key]:.4f}" for key in ("precision", "recall", "f1")), f"{row['support']:,}")
    rich.get_console().print(table)
