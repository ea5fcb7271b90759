"""``python -m gner.demo --model MODEL``: opens a local web page to try a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gner.inference.labels import read_labels
from gner.library_messages import hide_library_messages
from gner.option_parser import errors_end_the_command, option, parse_options

_LOOPBACK = "127.0.0.1"
_NOT_NAMES = {"/", "checkpoints", "best", "last"}
_LABELS = ["person", "organization", "location", "date"]


@dataclass(frozen=True)
class DemoOptions:
    """Options of the command line.

    Attributes:
        model: Run folder, checkpoint, exported folder, or name on the hub.
        prompt_format: How the model is asked, such as uniner or gollie; by default as it was trained or, if it does not
            say, as GNER. A JSON object with class_path and init_args sets options.
        labels: Entity types to start with; those of the model by default.
        host: Address to listen on; the default is this machine only.
        port: Port to listen on.
        device: Device to run on; the best one by default.
        dtype: Dtype of the weights; the device's best by default.
    """

    model: str
    prompt_format: str | None = option(None, metavar="NAME")
    labels: str | None = option(None, metavar="A,B")
    host: str = _LOOPBACK
    port: int = 7860
    device: str | None = None
    dtype: Literal["fp32", "bf16", "fp16"] | None = None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    hide_library_messages()
    options = parse_options(
        DemoOptions,
        arguments,
        prog="python -m gner.demo",
        description="Open a local web page to try a model on texts.",
    )
    from gner.inference import GNER  # noqa: PLC0415 - take seconds
    from gner.serving.gradio_page import make_page  # noqa: PLC0415

    with errors_end_the_command():
        model = GNER.from_pretrained(
            options.model, format=options.prompt_format, device=options.device, dtype=options.dtype
        )
        labels = list(read_labels(options.labels, None) or model.settings.all_types or _LABELS)
        page = make_page(model, labels, model_name(options.model))
        page.launch(server_name=options.host, server_port=options.port, share=False)


def model_name(source: str) -> str:
    """The name of a model: that of its run or folder, or the one on the hub.

    Example:
        >>> model_name("runs/quickstart/checkpoints/best.ckpt"), model_name("runs/quickstart"), model_name("me/my-ner")
        ('quickstart', 'quickstart', 'my-ner')
    """
    parts = Path(source).resolve().parts
    named = [part for part in parts if part not in _NOT_NAMES and not part.endswith(".ckpt")]
    return named[-1] if named else source


if __name__ == "__main__":
    main()
