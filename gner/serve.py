"""``python -m gner.serve --model MODEL``: answers HTTP requests for entities, in batches across clients."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gner.errors import UserError
from gner.library_messages import hide_library_messages
from gner.option_parser import errors_end_the_command, option, parse_options


@dataclass(frozen=True)
class ServeOptions:
    """Options of the command line.

    Attributes:
        model: Run folder, checkpoint, exported folder, or name on the hub.
        prompt_format: How the model is asked, such as uniner or gollie; by default as it was trained or, if it does not
            say, as GNER. A JSON object with class_path and init_args sets options.
        host: Address to listen on; the default is this machine only.
        port: Port to listen on, from 1024.
        accelerator: Where the model runs.
        devices: Devices that have a copy of the model each.
        dtype: Dtype of the weights; the device's best by default.
        batch_size: Most prompts in a batch.
        batch_wait: Milliseconds that a request waits for others to share its batch.
        timeout: Seconds that a request waits for its batch to begin before it is refused.
        max_texts: Most texts of a request.
        max_characters: Most characters of a request's texts.
        max_types: Most types of a request.
        max_bytes: Most bytes of a request.
    """

    model: str
    prompt_format: str | None = option(None, metavar="NAME")
    host: Literal["127.0.0.1", "0.0.0.0", "::"] = "127.0.0.1"
    port: int = 8000
    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: int = 1
    dtype: Literal["fp32", "bf16", "fp16"] | None = None
    batch_size: int = 32
    batch_wait: float = 5.0
    timeout: float = 30.0
    max_texts: int = 64
    max_characters: int = 100_000
    max_types: int = 100
    max_bytes: int = 1_000_000

    def __post_init__(self) -> None:
        for name, least in (("devices", 1), ("batch_size", 1), ("batch_wait", 0), ("timeout", 0), ("max_bytes", 1)):
            if not getattr(self, name) >= least:
                raise UserError(f"Expected --{name.replace('_', '-')} >= {least}, got {getattr(self, name)}.")
        if not 1024 <= self.port <= 65535:
            raise UserError(f"Expected --port from 1024 to 65535, got {self.port}.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line until it is stopped by Ctrl+C or SIGTERM.

    Raises:
        SystemExit: An option is wrong, or the model cannot be loaded.
    """
    hide_library_messages()
    with errors_end_the_command():
        options = parse_options(
            ServeOptions,
            arguments,
            prog="python -m gner.serve",
            description="Answer HTTP requests for entities, in batches across clients.",
            epilog="Clients must send the value of the environment variable GNER_API_KEY, if it is set.",
        )
        server = _make_server(options)
        sys.stderr.write(
            f"Loads {options.model}, then answers at http://{options.host}:{options.port}/predict; /docs explains it.\n"
        )
        _run(server, options)


def _make_server(options: ServeOptions) -> Any:
    try:
        from gner.serving.entity_api import EntityApi, ServedModel, make_server  # noqa: PLC0415 - optional, and slow
        from gner.serving.predict_request import RequestLimits  # noqa: PLC0415
    except ImportError as error:
        raise UserError(f"Expected LitServe for the service, but: {error}. pip install 'gner[serve]'.") from error
    limits = RequestLimits(options.max_texts, options.max_characters, options.max_types)
    served = ServedModel(options.model, options.prompt_format, options.dtype, options.batch_size)
    return make_server(
        EntityApi(served, limits, options.batch_wait / 1000),
        accelerator=options.accelerator,
        devices=options.devices,
        max_bytes=options.max_bytes,
        timeout_s=options.timeout,
    )


def _run(server: Any, options: ServeOptions) -> None:
    """Serve until a signal; what was accepted by then is answered."""
    main_process = os.getpid()

    def stop(number: int, frame: object) -> None:
        """End the main process, which ends the others; those that are forked from it have handlers of their own."""
        if os.getpid() == main_process:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)  # at which LitServe alone would leave its other processes behind
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(options.host, options.port, num_api_servers=1, log_level="warning", generate_client_file=False)
    except RuntimeError:  # the process that loads the model has told why it could not
        sys.exit(2)
    finally:
        for process in getattr(server, "inference_workers", []):  # left where a signal came before all was loaded
            process.terminate()


if __name__ == "__main__":
    main()
