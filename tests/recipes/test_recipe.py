"""Choices of a config, by data and model."""

from dataclasses import replace
from typing import Any

from gner.data.reading.source import Source
from gner.interfaces import Kind
from gner.recipes.fit_memory import Fitting, Way
from gner.recipes.measured import Measured
from gner.recipes.recipe import Model, num_epochs, write_lines

MODEL = Model("some/model", Kind.CAUSAL, 2048, 32_000, False)
MEASURED = Measured(None, True, 5000, 600, ("person", "place"), ([[(100, 50)]] * 9, [[(120, 60)]]))
FITTING = Fitting(Way(False, False), 8, None, "small")


def _lines(
    model: Model = MODEL, measured: Measured = MEASURED, fitting: Fitting = FITTING, *, on_gpu: bool = True
) -> dict[str, Any]:
    lines = write_lines(Source("mine"), measured, model, fitting, run="runs/mine", on_gpu=on_gpu)
    keys = [line.key for line in lines]
    assert len(set(keys)) == len(keys)
    return {line.key: line.value for line in lines}


def test_lengths_have_room_and_stay_within_positions() -> None:
    assert _lines()["data.max_input_tokens"] == 192
    assert _lines(replace(MODEL, positions=181))["data.max_input_tokens"] == 181
    seq2seq = _lines(replace(MODEL, kind=Kind.SEQ2SEQ, positions=None))
    assert (seq2seq["data.max_input_tokens"], seq2seq["data.max_answer_tokens"]) == (128, 64)


def test_beams_are_for_where_they_are_cheap() -> None:
    assert _lines()["model.decoding.class_path"] == "Speculative"
    large = replace(MEASURED, num_train=100_000, num_val=50)
    assert _lines(measured=large)["model.decoding.class_path"] == "BeamSearch"
    assert _lines(measured=large)["trainer.val_check_interval"] == 0.25


def test_adapters_have_their_rate_and_precision() -> None:
    lines = _lines(fitting=Fitting(Way(True, True), 2, 10**9, "large"))
    assert (lines["model.optimization.lr"], lines["trainer.precision"]) == (2e-4, "bf16-true")
    assert lines["model.gradient_checkpointing"] is True
    assert lines["trainer.accumulate_grad_batches"] == 8
    assert "model.lora.r" not in _lines()


def test_a_loss_that_is_fused_is_told() -> None:
    assert "model.fused_loss" not in _lines()
    assert _lines(replace(MODEL, vocab_size=152_000, fuses_loss=True))["model.fused_loss"] is True


def test_a_cpu_has_no_precision() -> None:
    assert "trainer.precision" not in _lines(on_gpu=False)
    assert _lines(on_gpu=False)["trainer.accelerator"] == "cpu"


def test_little_data_is_seen_more_often() -> None:
    epochs = [num_epochs(number) for number in (1, 500, 2000, 10_000, 10**6)]
    assert epochs == sorted(epochs, reverse=True)
    assert (epochs[0], epochs[-1]) == (20, 3)
