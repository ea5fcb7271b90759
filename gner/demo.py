"""``python -m gner.demo --model MODEL``: opens a local web page to try a model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gner.config_parser import fail
from gner.errors import UserError
from gner.inference import GNER
from gner.serving.gradio_page import make_page

_LOOPBACK = "127.0.0.1"
_LABELS = ["person", "organization", "location", "date"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m gner.demo", description="Open a local web page to try a model on texts."
    )
    add = parser.add_argument
    add("--model", required=True, help="run folder, checkpoint, exported folder, or name on the hub")
    add("--labels", metavar="A,B", help="entity types to start with; those of the model by default")
    add("--host", default=_LOOPBACK, help=f"address to listen on; {_LOOPBACK}, this machine only, by default")
    add("--port", type=int, default=7860)
    add("--device", help="device to run on; the best one by default")
    add("--dtype", choices=("fp32", "bf16", "fp16"), help="dtype of the weights; the device's best by default")
    options = parser.parse_args(arguments)
    try:
        model = GNER.from_pretrained(options.model, device=options.device, dtype=options.dtype)
        given = [part.strip() for part in (options.labels or "").split(",") if part.strip()]
        page = make_page(model, given or model.settings.all_types or _LABELS, options.model)
        page.launch(server_name=options.host, server_port=options.port, share=False)
    except (UserError, OSError) as error:
        fail(str(error))


if __name__ == "__main__":
    main()
