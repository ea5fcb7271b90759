"""``python -m gner.init --data SOURCE --backbone NAME``: writes a config for a data set and a model at hand."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import rich
import torch

from gner.data.reading.registry import format_names
from gner.data.reading.source import Source
from gner.data.source_options import SourceOptions
from gner.errors import UserError
from gner.models import GnerModule
from gner.models.memory_needs import parse_memory
from gner.option_parser import errors_end_the_command, option, parse_options
from gner.recipes.commented_yaml import to_yaml
from gner.recipes.fit_memory import Way, find_fitting
from gner.recipes.measured import divide, measure
from gner.recipes.recipe import Line, Model, write_lines

_CHANGED_LOGITS = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier")
_LARGE_VOCABULARY = 100_000


@dataclass(frozen=True)
class InitOptions:
    """Options of the command.

    Attributes:
        data: A file, a folder, or the name of a Hugging Face dataset; any source of the config.
        backbone: Name on the Hugging Face hub, or a folder.
        gpu: Memory of the GPU to train on, such as 24GB; by default that of the one here, or none.
        out: The config to write.
        format: File format of the data; detected by default.
        types: The types to offer, in this order; TYPE=NAME renames, TYPE= drops.
        columns: Fields with unusual names, such as words=form tags=ner.
    """

    data: str = option(metavar="SOURCE")
    backbone: str = option(metavar="NAME")
    gpu: str | None = option(None, metavar="24GB")
    out: Path = Path("config.yaml")
    format: str = option("auto", choices=("auto", *format_names()))
    types: list[str] | None = option(None, metavar="TYPE")
    columns: list[str] | None = option(None, metavar="WHAT=FIELD")

    def source(self) -> Source:
        """The source that is trained on, divided if it has no validation split."""
        path = self.data
        if Path(path).exists():
            path = str(Path(path).resolve().relative_to(Path.cwd().resolve())) if _is_below(path) else path
        given = SourceOptions(path, format=self.format, types=self.types, columns=self.columns).source()
        return divide(replace(given, scheme=None))


def write_config(options: InitOptions) -> list[Line]:
    """Look at data and model, write the config, and return its lines.

    Raises:
        UserError: Data or model cannot be read, nothing fits, or the file exists.
    """
    if options.out.exists():
        raise UserError(f"Expected a new file, but {options.out} exists. Set --out.")
    memory = _memory(options.gpu)
    module = GnerModule(options.backbone)
    source = options.source()
    measured, model = measure(source, module), _describe(module)

    def make(way: Way) -> GnerModule:
        """A module that trains in a way."""
        options_of_way: dict[str, Any] = {"lora": way.lora, "gradient_checkpointing": way.recomputes}
        return GnerModule(options.backbone, **options_of_way, fused_loss=model.fuses_loss)

    fitting = find_fitting(make, measured, memory)
    run = f"runs/{options.out.stem}"
    lines = write_lines(source, measured, model, fitting, run=run, on_gpu=memory is not None)
    heading = f"{options.backbone} for {Path(options.data).name}, by gner.init. Change what you like, then"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(to_yaml(lines, f"{heading}\n{_next_command(options)}"), encoding="utf-8")
    return lines


def _next_command(options: InitOptions) -> str:
    return f"python -m gner.fit --config {shlex.quote(str(options.out))}"


def _is_below(path: str) -> bool:
    return Path(path).resolve().is_relative_to(Path.cwd().resolve())


def _memory(given: str | None) -> int | None:
    """Bytes of the GPU; None if there is none."""
    if given is None and torch.cuda.is_available():
        return int(torch.cuda.get_device_properties(0).total_memory)
    return parse_memory(given, "--gpu")


def _describe(module: GnerModule) -> Model:
    backbone = module.backbone
    config: Any = backbone.config.get_text_config(decoder=True)
    has_plain_head = not any(getattr(config, name, None) for name in _CHANGED_LOGITS)
    fuses_loss = has_plain_head and config.vocab_size >= _LARGE_VOCABULARY
    return Model(str(backbone.source), backbone.kind, backbone.positions.prompt, int(config.vocab_size), fuses_loss)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    options = parse_options(
        InitOptions,
        arguments,
        prog="python -m gner.init",
        description="Looks at data and a model, and writes a config that trains the one on the other: lengths, batch "
        "size, adapters or all weights, rate, epochs, validation and decoding, each with a reason.",
        epilog="Then: python -m gner.fit --config config.yaml",
    )
    with errors_end_the_command():
        lines = write_config(options)
        show = rich.get_console().print
        for line in lines:
            if line.reason:
                value = "" if isinstance(line.value, list) else f": {line.value}"
                show(f"{line.key}{value} ({line.reason})", highlight=False, soft_wrap=True, markup=False)
        show(f"\nWrote {options.out}. Now: {_next_command(options)}", highlight=False, soft_wrap=True, markup=False)


if __name__ == "__main__":
    main()
