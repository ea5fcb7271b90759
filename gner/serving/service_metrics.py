"""What Prometheus reads of the service."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Container, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class BatchCounts:
    """Counts of the processes that run the model, which the process that talks to clients reads.

    Example:
        >>> counts = BatchCounts()
        >>> counts.add(requests=3, texts=5, seconds=0.5)
        >>> {name: value for name, value in counts.values().items()}
        {'batches': 1.0, 'requests': 3.0, 'texts': 5.0, 'seconds': 0.5}
    """

    def __init__(self) -> None:
        # `spawn` as in LitServe, which hands this to the processes that it starts
        self._counts = multiprocessing.get_context("spawn").Array("d", len(_BATCH_COUNTS))

    def add(self, *, requests: int, texts: int, seconds: float) -> None:
        """Count a batch."""
        with self._counts.get_lock():
            for place, number in enumerate((1, requests, texts, seconds)):
                self._counts[place] += number

    def values(self) -> dict[str, float]:
        """The counts by their names."""
        return dict(zip(_BATCH_COUNTS, self._counts[:], strict=True))

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The counts, as prometheus_client asks for them."""
        for name, value in self.values().items():
            yield CounterMetricFamily(f"gner_batch_{name}", _BATCH_COUNTS[name], value=value)


_BATCH_COUNTS = {
    "batches": "Batches that the model answered.",
    "requests": "Requests in these batches; of a stream, its windows.",
    "texts": "Texts in these batches, and windows of streams.",
    "seconds": "Seconds that the model took for them.",
}


class ServiceMetrics:
    """Counts of requests.

    Args:
        batches: Counts of batches, which are shown too.

    Attributes:
        registry: What prometheus_client writes.
    """

    def __init__(self, batches: BatchCounts) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(batches)
        self.requests = Counter("gner_requests", "Requests by status.", ["status"], registry=self.registry)
        self.stream_errors = Counter(
            "gner_stream_errors",
            "Streams that ended early, by the status of the error.",
            ["status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "gner_request_seconds", "From a request to its answer.", registry=self.registry, buckets=_SECONDS
        )
        self.in_progress = Gauge("gner_requests_in_progress", "Requests without an answer.", registry=self.registry)


class CountRequests:
    """ASGI middleware that counts requests for predictions.

    Args:
        app: The application.
        metrics: Where they are counted.
        paths: Whose requests are counted.
    """

    def __init__(self, app: Any, metrics: ServiceMetrics, paths: Container[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths = paths

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, and count it once it is answered."""
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        status = 500

        async def watch(message: Any) -> None:
            """Pass a part of the answer on."""
            nonlocal status
            status = message.get("status", status)
            await send(message)

        started = time.perf_counter()
        try:
            with self._metrics.in_progress.track_inprogress():
                await self._app(scope, receive, watch)
        finally:
            self._metrics.seconds.observe(time.perf_counter() - started)
            self._metrics.requests.labels(status=str(status)).inc()
