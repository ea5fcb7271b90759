"""``python -m gner.export --ckpt CKPT --out FOLDER``: exports a trained model to a Hugging Face folder."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from gner.config_parser import fail
from gner.errors import UserError
from gner.inference.export_checkpoint import export_model, push


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m gner.export",
        description="Write weights (safetensors), configuration, tokenizer, prompt settings (gner_config.json) and a "
        "model card.",
    )
    add = parser.add_argument
    add("--ckpt", required=True, help="checkpoint (single-file or sharded), or a run folder for its best one")
    add("--out", required=True, type=Path, help="folder to write; an earlier export there is replaced")
    add(
        "--adapter-only",
        action="store_true",
        help="write only the LoRA adapters, without merging them into the weights",
    )
    add("--dtype", choices=("fp32", "bf16"), default="fp32", help="dtype of the weights; fp32 by default")
    add("--push", metavar="USER/NAME", help="upload the folder to the Hugging Face hub")
    add("--private", action="store_true", help="make the pushed repository private")
    options = parser.parse_args(arguments)
    show = Console(soft_wrap=True, highlight=False).print
    try:
        export_model(
            options.ckpt, options.out, adapter_only=options.adapter_only, dtype=options.dtype, name=options.push
        )
        show(f"Model  {options.out}")
        if options.push is not None:
            show(f"Hub    {push(options.out, options.push, private=options.private)}")
    except (UserError, OSError) as error:
        fail(str(error))


if __name__ == "__main__":
    main()
