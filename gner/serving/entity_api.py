"""The HTTP service: LitServe around a model (docs/decisions/service.md)."""

# No `from __future__ import annotations`: LitServe reads the types of a request and its answer from signatures.
import hmac
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from fastapi import Depends, HTTPException, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.security import APIKeyHeader
from litserve import LitAPI, LitServer
from litserve.server import RegularRequestHandler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gner.errors import UserError
from gner.inference.model import GNER
from gner.inference.result import FoundWindows
from gner.serving.answers import TextAnswer, TextsAnswer, answer_together, write_answer
from gner.serving.batch_loop import BatchLoop
from gner.serving.entity_stream import ErrorLine, Line, open_stream
from gner.serving.predict_request import PredictRequest, RequestLimits
from gner.serving.service_metrics import BatchCounts, CountRequests, ServiceMetrics
from gner.serving.window_request import CutText, ServedRequest

KEY_VARIABLE = "GNER_API_KEY"
"""The environment variable that holds the key which clients must send, if they must."""
STREAM_PATH = "/stream"
"""Where texts are sent whose entities come as they are found."""
_KEY_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description=f"The value of {KEY_VARIABLE}, if set.")
_AS_IT_IS = {"Content-Encoding": "identity"}  # a compressor would hold lines back until it has enough of them


@dataclass(frozen=True)
class ServedModel:
    """The model of a service, which each of its processes loads on a device.

    Attributes:
        source: Run folder, checkpoint, exported folder, or name on the hub.
        format: How it is asked.
        dtype: Dtype of its weights.
        batch_size: Most prompts in a batch.
    """

    source: str
    format: str | None = None
    dtype: str | None = None
    batch_size: int = 32


class JsonLines(StreamingResponse):
    """JSON Lines, each sent as soon as it is there."""

    media_type = "application/x-ndjson"


class EntityApi(LitAPI):
    """What LitServe asks of a model.

    Args:
        served: The model.
        limits: Of a request.
        wait_s: How long a request waits for others to share its batch.
    """

    def __init__(self, served: ServedModel, limits: RequestLimits, wait_s: float = 0.0) -> None:
        super().__init__(max_batch_size=served.batch_size, batch_timeout=wait_s, loop=BatchLoop())
        self.counts = BatchCounts()
        self._served = served
        self._limits = limits

    def setup(self, device: str) -> None:
        """Load the model in the process that LitServe starts for a device.

        Raises:
            UserError: It cannot be loaded; the message is already on standard error.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches all processes; this one answers to the end
        served = self._served
        try:
            self._model = GNER.from_pretrained(served.source, format=served.format, device=device, dtype=served.dtype)
        except (UserError, OSError) as error:
            sys.stderr.write(f"gner: {error}\n")
            logging.getLogger("litserve").disabled = logging.getLogger("litserve.loops.loops").disabled = True
            raise

    def decode_request(self, request: PredictRequest) -> PredictRequest:
        """Refuse a request beyond the limits."""
        self._limits.check(request)
        return request

    def predict(
        self, requests: Sequence[ServedRequest]
    ) -> list[TextAnswer | TextsAnswer | CutText | FoundWindows | Exception]:
        """Answer the requests of a batch."""
        started = time.perf_counter()
        found = answer_together(self._model, requests, batch_size=self._served.batch_size)
        num_texts = sum(request.num_texts for request in requests)
        self.counts.add(requests=len(requests), texts=num_texts, seconds=time.perf_counter() - started)
        return [
            write_answer(request.asked, one) if isinstance(one, list) else one
            for request, one in zip(requests, found, strict=True)
        ]

    def encode_response(self, output: TextAnswer | TextsAnswer) -> TextAnswer | TextsAnswer:
        """The answer as it is; the signature is the schema of the OpenAPI page."""
        return output

    def authorize(self, request: Request, key: str | None = Security(_KEY_HEADER)) -> None:
        """Refuse who does not send the key, except at ``/health``, which container platforms ask without one.

        Raises:
            HTTPException: The key is missing or wrong.
        """
        wanted = os.environ.get(KEY_VARIABLE)
        if not wanted or request.url.path == "/health":
            return
        given = key or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise HTTPException(401, f"Expected the header X-API-Key with the key of this service ({KEY_VARIABLE}).")


def make_server(api: EntityApi, *, accelerator: str, devices: int, max_bytes: int, timeout_s: float) -> LitServer:
    """The service of a model, ready to run.

    Args:
        api: The model.
        accelerator: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        devices: How many devices have a copy of the model.
        max_bytes: Most bytes of a request.
        timeout_s: How long a request waits for its batch to begin.
    """
    metrics = ServiceMetrics(api.counts)
    server = LitServer(
        api,
        accelerator=accelerator,
        devices=devices,
        timeout=timeout_s,
        fast_queue=True,
        max_payload_size=max_bytes,
        middlewares=[(CountRequests, {"metrics": metrics, "paths": {api.api_path, STREAM_PATH}})],
    )
    server.app.title = "gner"
    server.app.add_exception_handler(RequestValidationError, _explain)

    @server.app.exception_handler(413)
    def explain_size(request: Request, error: HTTPException) -> JSONResponse:
        """The limit that a request exceeds: LitServe's, of bytes, has a message without it."""
        is_ours = error.detail.startswith("Expected")
        detail = error.detail if is_ours else f"Expected at most {max_bytes:,} bytes. Send several requests."
        return JSONResponse({"detail": detail}, status_code=413)

    _add_stream(server, api, metrics)

    @server.app.get("/metrics", dependencies=[Depends(api.authorize)], response_class=PlainTextResponse)
    def show_metrics() -> PlainTextResponse:
        """Counts, for Prometheus."""
        return PlainTextResponse(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return server


def _add_stream(server: LitServer, api: EntityApi, metrics: ServiceMetrics) -> None:
    handler = RegularRequestHandler(api, server)

    async def ask(step: ServedRequest) -> object:
        """A step of a stream goes to the model like a request of its own."""
        return await handler.handle_request(step, type(step))

    async def write(lines: AsyncIterator[Line]) -> AsyncIterator[str]:
        """The lines as JSON; errors in them are counted."""
        async for line in lines:
            if isinstance(line, ErrorLine):
                metrics.stream_errors.labels(status=str(line.error.status)).inc()
            yield line.model_dump_json() + "\n"

    described = {200: {"model": Line, "description": "A line for each window, and a last one."}}

    @server.app.post(STREAM_PATH, dependencies=[Depends(api.authorize)], response_class=JsonLines, responses=described)
    async def stream(request: PredictRequest) -> JsonLines:
        """The entities of a text, as JSON Lines that are sent as its windows are finished."""
        lines = await open_stream(ask, request, ahead=api.max_batch_size * len(server.devices))
        return JsonLines(write(lines), headers=_AS_IT_IS)


def _explain(request: Request, error: Exception) -> JSONResponse:
    """Where a request is not understood; without its values, which JSON may be unable to hold, such as NaN."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()[0]
    place = "" if found["type"] == "json_invalid" else ".".join(map(str, found["loc"][1:]))
    message = f"Expected a valid request; {place or 'its body'}: {found['msg']}."
    return JSONResponse({"detail": message.encode("utf-8", "replace").decode()}, status_code=422)
