"""What Prometheus reads."""

import asyncio
from typing import Any

import pytest
from prometheus_client import generate_latest

from gner.serving.service_metrics import BatchCounts, CountRequests, ServiceMetrics


def _call(metrics: ServiceMetrics, app: Any, path: str = "/predict") -> None:
    async def send(message: Any) -> None:
        assert metrics.in_progress._value.get() == (path == "/predict")

    asyncio.run(CountRequests(app, metrics, {"/predict"})({"type": "http", "path": path}, None, send))


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 413})
    await send({"type": "http.response.body"})


async def _fail(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("broken")


def test_requests_are_counted_by_status_and_other_paths_are_not() -> None:
    metrics = ServiceMetrics(BatchCounts())
    _call(metrics, _answer)
    _call(metrics, _answer, "/health")
    with pytest.raises(RuntimeError):
        _call(metrics, _fail)
    shown = generate_latest(metrics.registry).decode()
    assert 'gner_requests_total{status="413"} 1.0' in shown
    assert 'gner_requests_total{status="500"} 1.0' in shown
    assert "gner_request_seconds_count 2.0" in shown
    assert "gner_requests_in_progress 0.0" in shown


def test_batches_are_shown() -> None:
    counts = BatchCounts()
    counts.add(requests=2, texts=3, seconds=0.5)
    counts.add(requests=1, texts=1, seconds=0.25)
    shown = generate_latest(ServiceMetrics(counts).registry).decode()
    for line in ("batches_total 2.0", "requests_total 3.0", "texts_total 4.0", "seconds_total 0.75"):
        assert f"gner_batch_{line}" in shown
