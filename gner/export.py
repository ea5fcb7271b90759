"""``python -m gner.export --ckpt CKPT --out FOLDER``: exports a trained model to a Hugging Face folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from gner.library_messages import hide_library_messages
from gner.option_parser import errors_end_the_command, option, parse_options


@dataclass(frozen=True)
class ExportOptions:
    """Options of the command line.

    Attributes:
        ckpt: Checkpoint (single-file or sharded), a run folder for its best one, or a model in Hugging Face's layout.
        prompt_format: How the model is asked, such as uniner or gollie; by default as it was trained or, if it does not
            say, as GNER. A JSON object with class_path and init_args sets options.
        out: Folder to write; an earlier export there is replaced.
        adapter_only: Write only the LoRA adapters, without merging them into the weights.
        dtype: Dtype of the weights.
        push: Upload the folder to the Hugging Face hub.
        license: Of the weights, for the card, as the hub names it, such as apache-2.0.
        languages: Codes of the languages, for the card, such as en de.
        private: Make the pushed repository private.
    """

    ckpt: str
    out: Path
    prompt_format: str | None = option(None, metavar="NAME")
    adapter_only: bool = False
    dtype: Literal["fp32", "bf16"] = "fp32"
    push: str | None = option(None, metavar="USER/NAME")
    license: str | None = None
    languages: list[str] | None = option(None, metavar="CODE")
    private: bool = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    hide_library_messages()
    options = parse_options(
        ExportOptions,
        arguments,
        prog="python -m gner.export",
        description="Write weights (safetensors), configuration, tokenizer, prompt settings (gner_config.json) and a "
        "model card.",
    )
    from gner.inference.export_checkpoint import export_model, push  # noqa: PLC0415 - takes seconds

    show = Console(soft_wrap=True, highlight=False).print
    with errors_end_the_command():
        export_model(
            options.ckpt,
            options.out,
            adapter_only=options.adapter_only,
            dtype=options.dtype,
            name=options.push,
            format=options.prompt_format,
            license=options.license,
            languages=options.languages or (),
        )
        show(f"Model  {options.out}")
        if options.push is not None:
            show(f"Hub    {push(options.out, options.push, private=options.private)}")


if __name__ == "__main__":
    main()
