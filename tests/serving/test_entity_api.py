"""The service without the processes of its model, which tests/test_serve.py starts."""

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from gner.serving.entity_api import KEY_VARIABLE, EntityApi, ServedModel, make_server
from gner.serving.predict_request import RequestLimits


@pytest.fixture
def client() -> Iterator[TestClient]:
    api = EntityApi(ServedModel("none"), RequestLimits())
    server = make_server(api, accelerator="cpu", devices=1, max_bytes=1000, timeout_s=1.0)
    server.workers_setup_status = {"predict_0": "ready"}
    yield TestClient(server.app)


def test_the_schema_tells_what_is_asked_and_answered(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    schemas = set(schema["components"]["schemas"])
    assert {"PredictRequest", "TextAnswer", "TextsAnswer", "EntitiesLine", "InfoLine", "ErrorLine"} <= schemas
    assert set(schema["paths"]["/stream"]["post"]["responses"]["200"]["content"]) == {"application/x-ndjson"}
    assert client.get("/docs").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("{", 422, "its body: JSON decode error"),
        ('{"text": 5}', 422, "text: Input should be a valid string"),
        ('{"text": "a", "threshold": NaN}', 422, "threshold: Input should be a finite number"),
        ('{"text": "a", "no\\ud800": 1}', 422, "its body: Input should be a valid string"),
        (json.dumps({"text": "a" * 2000}), 413, "Expected at most 1,000 bytes"),
    ],
)
def test_what_is_no_request_is_refused_with_a_reason(client: TestClient, body: str, status: int, message: str) -> None:
    for path in ("/predict", "/stream"):
        answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
        assert message in answer.json()["detail"]


def test_the_key_is_asked_for_except_for_health(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/metrics").status_code == 200
    monkeypatch.setenv(KEY_VARIABLE, "kéy")
    assert client.get("/health").text == "ok"
    for headers in ({}, {"X-API-Key": "other"}, {"Authorization": "Bearer other"}):
        assert client.get("/metrics", headers=headers).status_code == 401
        for path in ("/predict", "/stream"):
            refused = client.post(path, json={"text": "a"}, headers=headers)
            assert (refused.status_code, KEY_VARIABLE in refused.json()["detail"]) == (401, True)
    monkeypatch.setenv(KEY_VARIABLE, "key")
    for headers in ({"X-API-Key": "key"}, {"Authorization": "Bearer key"}):
        assert client.get("/metrics", headers=headers).status_code == 200


def test_metrics_count_what_was_refused(client: TestClient) -> None:
    client.post("/predict", json={"text": 5})
    client.post("/stream", json={"text": 5})
    shown = client.get("/metrics")
    assert shown.headers["Content-Type"].startswith("text/plain")
    assert 'gner_requests_total{status="422"} 2.0' in shown.text
    assert "gner_batch_texts_total 0.0" in shown.text
