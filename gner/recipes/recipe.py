"""The choices of a config, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import Any, NamedTuple

from gner.data.reading.source import Source
from gner.interfaces import Kind
from gner.models.optimization import default_rate
from gner.models.precision import bfloat16_precision
from gner.recipes.fit_memory import Fitting
from gner.recipes.measured import Measured

_EXAMPLES_SEEN = 20_000
_MOST_EPOCHS, _LEAST_EPOCHS = 20, 3
_LARGE = 20_000
_TOGETHER = 16
_ROUND_TO = 32
_DECODED = 500
_SHARE_OF_DECODING = 0.1


class Line(NamedTuple):
    """A key of a config with its value, and why it has it; an empty reason says nothing."""

    key: str
    value: Any
    reason: str = ""


@dataclass(frozen=True)
class Model:
    """What a recipe needs to know of a model.

    Attributes:
        name: As a config names it.
        kind: What it does with a text.
        positions: Tokens of a prompt with its answer; None without a limit.
        vocab_size: Tokens that it knows.
        fuses_loss: Whether its loss is computed without the logits of a whole batch.
    """

    name: str
    kind: Kind
    positions: int | None
    vocab_size: int
    fuses_loss: bool


def write_lines(
    source: Source, measured: Measured, model: Model, fitting: Fitting, *, run: str, on_gpu: bool
) -> list[Line]:
    """The lines of a config, in order.

    Args:
        source: What is trained on; see `divide`.
        measured: The same, as the model sees it.
        model: The model.
        fitting: How it fits into memory.
        run: Folder of the run.
        on_gpu: Whether it runs on a GPU.
    """
    parts = (
        _of_model(model, fitting, measured),
        _of_data(source, measured),
        _of_lengths(measured, model, fitting),
        _of_evaluation(measured),
        _of_trainer(measured, fitting, run=run, on_gpu=on_gpu),
    )
    return [Line("seed_everything", 0), *chain.from_iterable(parts)]


def num_epochs(num_train: int) -> int:
    """Epochs after which some 20,000 sentences were seen, 20 at the most and 3 at the least.

    Example:
        >>> num_epochs(500), num_epochs(4000), num_epochs(100_000)
        (20, 5, 3)
    """
    return max(_LEAST_EPOCHS, min(_MOST_EPOCHS, round(_EXAMPLES_SEEN / num_train)))


def passes_of_beams(measured: Measured, batch_size: int) -> tuple[int, int]:
    """Forward passes of beam search at a validation, and three for each training step of the epoch before it.

    Example:
        >>> measured = Measured(None, False, 800, 100, ("person",), ([[(10, 4)]], [[(12, 50)]]))
        >>> passes_of_beams(measured, batch_size=8)
        (350, 300)
    """
    batches = ceil(min(_DECODED, measured.num_val) / (2 * batch_size))
    longest = measured.longest(1.0)[1]
    return batches * longest, 3 * ceil(measured.num_train / batch_size)


def _of_model(model: Model, fitting: Fitting, measured: Measured) -> Iterator[Line]:
    yield Line("model.backbone", model.name)
    yield Line("model.format.class_path", "GnerFormat", "the paper's: every word is written with its tag")
    if model.kind is Kind.CAUSAL:
        yield Line("model.format.init_args.causal_template", "auto", "the tokenizer's chat template, if it has one")
    passes, of_training = passes_of_beams(measured, fitting.batch_size)
    if passes > _SHARE_OF_DECODING * of_training:
        reason = f"four beams take up to {passes:,} passes at a validation, an epoch of training {of_training:,}"
        yield Line("model.decoding.class_path", "Speculative", f"what greedy search writes; {reason}")
    else:
        yield Line("model.decoding.class_path", "BeamSearch", "cheap beside an epoch of training")
        yield Line("model.decoding.init_args.num_beams", 4)
    rate, reason = default_rate(has_adapters=fitting.way.has_adapters, is_random=False)
    yield Line("model.optimization.lr", rate, reason)
    yield Line("model.optimization.schedule", "cosine")
    yield Line("model.optimization.warmup_ratio", 0.05)
    if fitting.way.has_adapters:
        yield Line("model.lora.r", 16, f"adapters, as all weights do not fit well: {fitting.reason}")
        yield Line("model.lora.alpha", 32)
        yield Line("model.lora.target_modules", "all-linear")
    if fitting.way.quantizes:
        yield Line("model.lora.quantization", "nf4", "QLoRA: frozen weights have 4 bits each; needs bitsandbytes")
    if fitting.way.recomputes:
        yield Line("model.gradient_checkpointing", True, "for memory; a third slower")
    if model.fuses_loss:
        yield Line("model.fused_loss", True, f"{model.vocab_size:,} tokens: logits of a batch would be huge")


def _of_data(source: Source, measured: Measured) -> Iterator[Line]:
    given = {name: getattr(source, name) for name in source.__dataclass_fields__}
    written = {name: value for name, value in given.items() if value != getattr(Source(source.path), name)}
    entry = {"path": source.path, **written}
    sizes = f"{measured.num_train:,} sentences, {len(measured.types)} types: {_listed(measured.types)}"
    made = " and ".join(f"{share:.0%} {name}" for name, share in (measured.split or {}).items())
    yield Line("data.root", ".")
    yield Line("data.train", [entry], sizes)
    yield Line("data.val", [entry], f"{measured.num_val:,} sentences" + (f"; `split` makes {made}" if made else ""))
    if measured.has_test:
        yield Line("data.test", [entry])


def _of_lengths(measured: Measured, model: Model, fitting: Fitting) -> Iterator[Line]:
    yield Line("data.batch_size", fitting.batch_size, fitting.reason)
    yield Line("data.eval_batch_size", 2 * fitting.batch_size)
    prompt, answer = measured.longest(1.0)
    if model.kind is Kind.CAUSAL:
        together = max(sum(size) for size in measured.all_sizes)
        yield Line("data.max_input_tokens", _limit(together, model), f"the longest has {together:,}, answer included")
    else:
        yield Line("data.max_input_tokens", _limit(prompt, model), f"the longest prompt has {prompt:,}")
        yield Line("data.max_answer_tokens", _limit(answer, model), f"the longest answer has {answer:,}")


def _of_evaluation(measured: Measured) -> Iterator[Line]:
    if measured.num_val > _DECODED:
        yield Line("evaluation.max_examples", _DECODED, "a fixed subset; gner.validate takes all")


def _of_trainer(measured: Measured, fitting: Fitting, *, run: str, on_gpu: bool) -> Iterator[Line]:
    yield Line("trainer.default_root_dir", run)
    yield Line("trainer.accelerator", "gpu" if on_gpu else "cpu")
    yield Line("trainer.devices", 1)
    if on_gpu:
        yield Line("trainer.precision", bfloat16_precision(has_adapters=fitting.way.has_adapters))
    epochs = num_epochs(measured.num_train)
    seen = f"{epochs * measured.num_train:,} sentences, if it does not end before"
    yield Line("trainer.max_epochs", epochs, seen)
    if measured.num_train > _LARGE:
        yield Line("trainer.val_check_interval", 0.25, "four validations an epoch")
    accumulated = max(1, _TOGETHER // fitting.batch_size)
    if accumulated > 1:
        yield Line("trainer.accumulate_grad_batches", accumulated, f"{_TOGETHER} sentences a step")
    yield Line("trainer.gradient_clip_val", 1.0)
    callback = {"class_path": "gner.early_stopping.EarlyStopping", "init_args": {"monitor": "val/f1", "patience": 3}}
    yield Line("trainer.callbacks", [callback], "ends when val/f1 has not risen in three validations")


def _limit(longest: int, model: Model) -> int:
    """A limit with some room, within what the model can read."""
    rounded = ceil(longest / _ROUND_TO) * _ROUND_TO
    return rounded if model.positions is None else min(rounded, model.positions)


def _listed(types: tuple[str, ...]) -> str:
    shown = ", ".join(types[:5])
    return f"{shown}, …" if len(types) > 5 else shown
