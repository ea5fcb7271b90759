"""``python -m gner.plan --config FILE``: will it fit, and how long will it take?

Reads the config of a run and its data, and needs neither weights nor GPUs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import rich
from lightning import Trainer
from lightning.pytorch.cli import LightningArgumentParser
from rich.table import Table

from gner.cli import GnerCLI, main
from gner.data import GnerDataModule
from gner.data.sampler import num_draws
from gner.errors import UserError
from gner.models import FSDP2Strategy
from gner.models.flops import Numbers
from gner.models.footprint import PRECISIONS, Footprint, Planner
from gner.models.memory_needs import GIB, PackedShape, Shape, largest_batch, needed_memory, parse_memory
from gner.models.precision import check_precision
from gner.models.sharding import refuse_second_cast
from gner.shared_plan import SharedReading, read_shared

_RECOMPUTED = 4 / 3
_SHARED = "shared prompts"
_Forecasts = dict[str, tuple[Shape | PackedShape, Footprint]]
"""The largest batch of training, of training where prompts are shared, and of validation, with the memory of each."""


class PlanCLI(GnerCLI):
    """The command line of a run, which is then only measured."""

    trainer: Any

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add what a plan needs to know beside the config of the run."""
        super().add_arguments_to_parser(parser)
        parser.add_argument(
            "--devices", type=int | None, default=None, help="Devices per machine, in place of trainer.devices."
        )
        parser.add_argument("--gpu-memory", type=str | None, default=None, help="Of one device, for example 80GB.")
        parser.add_argument(
            "--tflops",
            type=float | None,
            default=None,
            help="What one device achieves, in 10**12 operations a second; 40% of its peak is a fair guess.",
        )
        parser.add_argument("--json", type=Path | None, default=None, help="Write the main figures to this file.")

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Make none: the devices need not be here."""
        return None  # type: ignore[return-value]

    def run(self) -> None:
        """Measure and print."""
        memory = parse_memory(self.config.gpu_memory, "--gpu-memory")
        settings = self.config_init.trainer
        devices = self._devices()
        planner = self._planner(devices)
        world = devices * settings.num_nodes
        self.datamodule.prepare_data()
        self.datamodule.setup("fit")
        numbers = planner.numbers()
        shared = read_shared(self.model.backbone, self.datamodule, numbers.flops)
        forecasts = self._forecasts(planner, shared)
        show = partial(rich.get_console().print, highlight=False)
        show(f"Parameters       {numbers.num_parameters:,} ({numbers.num_trainable:,} trained)")
        schedule = _schedule(self.datamodule, world, settings)
        show(schedule.text())
        if shared is not None:
            show(f"Shared prompts   {shared.tokens:.0%} of the tokens are read")
        hours = self._hours(numbers, schedule.num_epochs, world, shared)
        if self.config.tflops is not None:
            show(hours.text())
        if self.config.json is not None:
            _write(self.config.json, numbers, schedule, forecasts, hours)
        show()
        show(_table(forecasts, world))
        if memory is not None:
            show(_verdict(forecasts, memory))

    def _forecasts(self, planner: Planner, shared: SharedReading | None) -> _Forecasts:
        """Measure the largest batches."""
        data = self.datamodule
        training = largest_batch(data.sizes["train"], data.batch_size)
        validation = largest_batch(data.sizes["dev"], data.eval_batch_size)
        accumulates = self.config_init.trainer.accumulate_grad_batches > 1
        num_sequences = self.model.decoding.num_sequences
        measure = partial(planner.footprint, num_sequences=num_sequences, accumulates=accumulates)
        footprint = measure(training, validation)
        forecasts: _Forecasts = {"training": (training, footprint)}
        if shared is not None and shared.largest is not None:
            forecasts[_SHARED] = (shared.largest, measure(shared.largest, validation))
        return forecasts | {"validation": (validation, footprint)}

    def _devices(self) -> int:
        """Devices of a machine."""
        settings = self.config_init.trainer
        devices = self.config.devices
        if devices is None:
            devices = _num_devices(settings.devices, settings.accelerator)
        for key, value in (("--devices", devices), ("--tflops", self.config.tflops)):
            if value is not None and value <= 0:
                raise UserError(f"Expected a number above 0, got {value}. Set {key}.")
        return int(devices)

    def _planner(self, devices: int) -> Planner:
        """What measures the run, unless the run itself would be refused."""
        settings = self.config_init.trainer
        strategy, precision = _parallel(settings.strategy), _precision(settings.precision)
        check_precision(self.model.backbone.config.model_type, precision)
        if strategy is not None:
            refuse_second_cast(precision)
        return Planner(
            self.model.backbone,
            self.model.prepare,
            strategy,
            precision=precision,
            fuses_loss=self.model.fuses_loss,
            quantizes=self.model.quantizes,
            num_nodes=settings.num_nodes,
            devices=devices,
        )

    def _hours(self, numbers: Numbers, num_epochs: float, world: int, shared: SharedReading | None) -> _Hours:
        if numbers.flops is None or self.config.tflops is None:
            return _Hours(None, None)
        per_epoch = 0.0
        for rows, weight in zip(self.datamodule.sizes["train"], self.datamodule.train_weights, strict=True):
            per_epoch += weight * sum(numbers.flops.of_example(*size) for size in rows)
        computed = per_epoch * num_epochs * (_RECOMPUTED if self.model.gradient_checkpointing else 1)
        hours = float(computed / (self.config.tflops * 1e12 * world) / 3600)
        return _Hours(hours, None if shared is None or shared.operations is None else hours * shared.operations)


@dataclass(frozen=True)
class _Hours:
    """Of training; None where the speed is not known, or the operations of the network cannot be counted."""

    separate: float | None
    shared: float | None

    def text(self) -> str:
        """A line for the terminal."""
        if self.separate is None:
            return "Training         hours unknown: the operations of this network cannot be counted"
        less = "" if self.shared is None else f"; {self.shared:,.2f} with shared prompts"
        return f"Training         {self.separate:,.2f} hours, without validations{less}"


@dataclass(frozen=True)
class _Schedule:
    steps_per_epoch: int
    num_steps: int
    num_epochs: float
    tokens_per_epoch: int
    num_examples: int

    def text(self) -> str:
        """Two lines for the terminal."""
        sentences, tokens = f"{self.num_examples:,} sentences", f"{self.tokens_per_epoch:,} tokens"
        epoch = f"Epoch            {sentences}, {tokens}, {self.steps_per_epoch:,} steps"
        all_tokens = f"{self.tokens_per_epoch * self.num_epochs:,.0f} tokens"
        run = f"Run              {self.num_epochs:,.4g} epochs, {self.num_steps:,} steps, {all_tokens}"
        return f"{epoch}\n{run}"


def _write(path: Path, numbers: Numbers, schedule: _Schedule, forecasts: _Forecasts, hours: _Hours) -> None:
    """Write the main figures as JSON, of separate rows where prompts may be shared."""
    footprint = forecasts["training"][1]
    sizes = {"parameters": numbers.num_parameters, "trained_parameters": numbers.num_trainable}
    length = {"steps": schedule.num_steps, "epochs": schedule.num_epochs}
    times = {"hours": hours.separate, "hours_shared": hours.shared}
    memory = {"training_bytes": footprint.training, "validation_bytes": footprint.validation}
    values = {**sizes, **length, **times, **memory}
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _schedule(data: GnerDataModule, world: int, settings: Any) -> _Schedule:
    num_examples = num_draws(data.train_weights, data.num_rows("train"))
    per_example = zip(data.sizes["train"], data.train_weights, strict=True)
    tokens = sum(weight * sum(map(sum, rows)) for rows, weight in per_example)
    num_batches = data.num_train_batches(world)
    limit = settings.overfit_batches or settings.limit_train_batches
    if limit is not None:
        num_batches = min(num_batches, limit) if isinstance(limit, int) else max(1, int(num_batches * limit))
    steps = -(-num_batches // settings.accumulate_grad_batches)
    max_epochs = settings.max_epochs
    if max_epochs is None:
        max_epochs = 1000 if settings.max_steps == -1 else -1  # as Lightning has it
    limits = [max_epochs * steps] if max_epochs != -1 else []
    limits += [settings.max_steps] if settings.max_steps != -1 else []
    num_steps = min(limits, default=steps)
    return _Schedule(steps, num_steps, num_steps / steps, round(tokens), num_examples)


def _num_devices(devices: Any, accelerator: Any) -> int:
    if devices == "auto" and accelerator == "cpu":
        return 1
    if isinstance(devices, list):
        return len(devices)
    if str(devices).isdigit() and int(devices) > 0:
        return int(devices)
    raise UserError(f"Expected a number of devices, got trainer.devices={devices}. Set --devices.")


def _parallel(strategy: Any) -> FSDP2Strategy | None:
    if isinstance(strategy, FSDP2Strategy):
        return strategy
    name = strategy if isinstance(strategy, str) else type(strategy).__name__
    if name == "auto" or name.lower().startswith("ddp"):
        return None
    raise UserError(
        f"Expected a strategy whose memory is known, got {name}. Set trainer.strategy to auto or ddp, or "
        "trainer.strategy.class_path to gner.models.FSDP2Strategy."
    )


def _precision(precision: Any) -> str:
    """One of Lightning's names, which has shorter ones for some."""
    name = str(precision or "32-true")
    name = {"32": "32-true", "16": "16-mixed", "bf16": "bf16-mixed"}.get(name, name)
    if name not in PRECISIONS:
        raise UserError(f"Expected a precision among {', '.join(PRECISIONS)}, got {precision}. Set trainer.precision.")
    return name


def _table(forecasts: _Forecasts, world: int) -> Table:
    table = Table("GiB", title=f"Memory of each of {world:,} processes", title_justify="left")
    for name, (shape, _) in forecasts.items():
        table.add_column(f"{name}\n{shape}", justify="right")
    trained = [one for name, (_, one) in forecasts.items() if name != "validation"]
    footprint = trained[0]
    where = " (in the CPU's memory)" if footprint.is_offloaded else ""

    def add(name: str, of_training: str, of_validation: int) -> None:
        """Add a line of an attribute of training, if it has one; nothing is shown for 0."""
        sizes = [getattr(one, of_training) if of_training else 0 for one in trained] + [of_validation]
        table.add_row(name, *(f"{size / GIB:,.2f}" if size else "" for size in sizes))

    add(f"weights{where}", "weights", footprint.weights)
    add(f"optimizer{where}", "optimizer", footprint.optimizer)
    add("gradients", "gradients", 0)
    add("gathered weights", "gathered", footprint.validation_gathered)
    add("activations", "activations", 0)
    add("loss and buffers", "passing", 0)
    add("KV cache", "", footprint.cache)
    table.add_section()
    add("sum on the device", "training", footprint.validation)
    return table


def _verdict(forecasts: _Forecasts, memory: int) -> str:
    """Whether it fits, with room for what the allocator and the device's libraries need, and what to do if not.

    Where a batch shares no prompts, it must fit too.
    """
    footprint = forecasts["training"][1]
    at_work = {"training": footprint.training, "validation": footprint.validation}
    needed = {name: needed_memory(size) for name, size in at_work.items()}
    lines = []
    for name, size in needed.items():
        verdict = "it fits." if size <= memory else "it does not fit."
        lines.append(f"{name.capitalize()} needs about {size / GIB:,.1f} of {memory / GIB:,.1f} GiB: {verdict}")
    if _SHARED in forecasts:
        less = needed_memory(forecasts[_SHARED][1].training) / GIB
        lines.append(f"Where the longest sentences share prompts, training needs about {less:,.1f} GiB.")
    if needed["training"] > memory:
        lines.append(
            "For training: model.gradient_checkpointing; model.lora, with quantization; a smaller data.batch_size with "
            "more trainer.accumulate_grad_batches; gner.models.FSDP2Strategy on more devices or with cpu_offload."
        )
    if needed["validation"] > memory:
        lines.append("For validation: a smaller data.eval_batch_size; fewer beams; decode: sharded in FSDP2Strategy.")
    return "\n".join(lines)


if __name__ == "__main__":
    main("plan", cli=PlanCLI)
