"""``python -m gner.serve``: its options, and the service in processes of its own, over loopback."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from gner import GNER
from gner.inference.gner_config import FILE
from gner.inference.result import Entities
from gner.serve import ServeOptions, main

TEXTS = ["Ada Lovelace wrote to London .", "nothing to see here .", "Grace Hopper met Ada in New York .", ""]
TYPES = ["person", "place"]
KEY = "a key of the test"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy


class Service:
    """A service in a process."""

    def __init__(self, model: Path, *options: str, key: str | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "gner.serve", "--model", str(model), "--port", str(port), *options]
        environment = os.environ | {"OMP_NUM_THREADS": "1"} | ({} if key is None else {"GNER_API_KEY": key})
        self.process = subprocess.Popen(
            [*command, "--accelerator", "cpu"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait(self) -> None:
        """Wait until it answers."""
        for _ in range(1200):
            try:
                if self.ask("/health")[0] == 200:
                    return
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None
            time.sleep(0.1)
        raise TimeoutError("no answer")

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, str, HTTPMessage]:
        """Send a request, a POST if it has a body; a body that is not text is sent as JSON."""
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): text for name, text in headers.items()
        }
        try:
            with _OPENER.open(urllib.request.Request(self.address + path, data, headers), timeout=60) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers

    def stop(self, number: int = signal.SIGTERM) -> str:
        """Stop it as a terminal or a container platform does, and return what it said."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=60)[1]

    def processes(self) -> list[str]:
        """Those of the service that run."""
        states = subprocess.run(
            ["ps", "-o", "stat=", "-s", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [state for state in states.stdout.split() if not state.startswith("Z")]


@pytest.fixture(scope="module")
def model(trained: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that reads texts in windows of few words."""
    folder = shutil.copytree(trained["causal"], tmp_path_factory.mktemp("model"), dirs_exist_ok=True)
    settings = folder / FILE
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"longest_sentence": 12}))
    return folder


@pytest.fixture(scope="module")
def service(model: Path) -> Iterator[Service]:
    running = Service(model, "--max-texts", "8", "--max-bytes", "20000", key=KEY)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


@pytest.fixture
def one_by_one(model: Path) -> Iterator[Service]:
    running = Service(model, "--batch-size", "1")
    try:
        running.wait()
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture(scope="module")
def expected(model: Path) -> list[Entities]:
    return GNER.from_pretrained(model, device="cpu").predict_entities(TEXTS, TYPES)


def _check(answer: Any, found: Entities) -> None:
    """An answer is equal to what `predict_entities` finds, scores up to the last bits, which depend on the batch."""
    assert answer["info"] == found.info.as_dict()
    assert answer["entities"] == [one | {"score": pytest.approx(one["score"], abs=1e-5)} for one in found]


BROKEN: list[tuple[Any, int, str]] = [
    ("{", 422, "JSON"),
    ("[" * 5000, 400, ""),
    ({"text": 5}, 422, "text: Input should be a valid string"),
    ({"text": "a", "threshold": float("nan")}, 422, "threshold"),
    ('{"text": "\\ud800"}', 422, "surrogate"),
    ({"text": "a", "no_such_key": 1}, 422, "no_such_key"),
    ({}, 422, "either `text` or `texts`"),
    ({"text": "a", "types": [" "]}, 422, "at least one visible character"),
    ({"text": "a", "decoding": "os.system"}, 422, "Expected a `decoding`"),
    ({"texts": ["a"] * 9}, 413, "at most 8 texts"),
    ({"text": "a" * 30_000}, 413, "20,000 bytes"),
]


@pytest.mark.slow
def test_answers_equal_predict_entities_with_broken_requests_among_them(
    service: Service, expected: list[Entities]
) -> None:
    def ask(number: int) -> None:
        broken, wanted, message = BROKEN[number % len(BROKEN)]
        place = number % len(TEXTS)
        key = {"X_API_Key": KEY}
        status, answer, _ = service.ask("/predict", {"text": TEXTS[place], "types": TYPES}, **key)
        assert status == 200, answer
        _check(json.loads(answer), expected[place])
        status, answer, _ = service.ask("/predict", broken, **key)
        assert status == wanted, (broken, answer)
        assert message in json.loads(answer)["detail"]
        status, answer, _ = service.ask("/predict", {"texts": TEXTS, "types": TYPES, "threshold": 0.0}, **key)
        assert status == 200, answer
        for one, found in zip(json.loads(answer)["results"], expected, strict=True):
            _check(one, found)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(44)))


def _lines(answer: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.splitlines()]


@pytest.mark.slow
def test_a_stream_has_the_entities_of_its_text_beside_other_requests(service: Service, model: Path) -> None:
    """Texts of many windows, and broken requests of either kind, at the same time."""
    long = " ".join(TEXTS) * 20
    found = GNER.from_pretrained(model, device="cpu").predict_entities(long, TYPES)
    assert found.info.num_windows > 20
    key = {"X_API_Key": KEY}

    def ask(number: int) -> None:
        status, answer, headers = service.ask("/stream", {"text": long, "types": TYPES}, **key, Accept_Encoding="gzip")
        assert (status, headers["Content-Type"]) == (200, "application/x-ndjson")
        *parts, last = _lines(answer)
        _check({"entities": [entity for part in parts for entity in part["entities"]]} | last, found)
        edges = [part["start"] for part in parts] + [parts[-1]["end"]]
        assert edges == [0, *(part["end"] for part in parts)]
        assert edges[-1] == len(long)
        broken, wanted, message = BROKEN[number % len(BROKEN)]
        if broken == {} or "texts" in broken:
            wanted, message = 422, "Expected `text` for a stream"
        status, answer, _ = service.ask("/stream", broken, **key)
        assert (status, message in json.loads(answer)["detail"]) == (wanted, True)
        status, answer, _ = service.ask("/predict", {"text": TEXTS[0], "types": TYPES}, **key)
        assert (status, "entities" in json.loads(answer)) == (200, True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(11)))


@pytest.mark.slow
def test_lines_come_before_the_text_is_done_and_a_client_may_leave(one_by_one: Service) -> None:
    body = json.dumps({"text": " ".join(TEXTS) * 40, "types": TYPES}).encode()
    request = urllib.request.Request(one_by_one.address + "/stream", body, {"Content-Type": "application/json"})
    with _OPENER.open(request, timeout=60) as answer:
        assert json.loads(answer.readline())["start"] == 0
        batches = _number(one_by_one.ask("/metrics")[1], "gner_batch_batches_total")
        num_windows = 1 + sum(1 for line in answer if b'"entities"' in line)
    assert batches < num_windows / 2
    with _OPENER.open(request, timeout=60) as answer:
        answer.readline()
    assert one_by_one.ask("/predict", {"text": TEXTS[0], "types": TYPES})[0] == 200
    shown = one_by_one.ask("/metrics")[1]
    assert _number(shown, "gner_batch_batches_total") < 1.5 * num_windows
    assert "Traceback" not in one_by_one.stop()


@pytest.mark.slow
def test_the_key_is_asked_for_except_for_health(service: Service) -> None:
    assert service.ask("/health")[0] == 200
    for headers in ({}, {"X_API_Key": "other"}, {"Authorization": "Bearer other"}):
        status, answer, _ = service.ask("/predict", {"text": "a"}, **headers)
        assert (status, "X-API-Key" in answer) == (401, True)
        assert service.ask("/metrics", **headers)[0] == 401
    assert service.ask("/predict", {"text": "a"}, Authorization=f"Bearer {KEY}")[0] == 200


@pytest.mark.slow
def test_metrics_tell_requests_and_batches(service: Service) -> None:
    service.ask("/predict", {"text": "a"}, X_API_Key=KEY)
    status, shown, headers = service.ask("/metrics", X_API_Key=KEY)
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/plain")
    assert 'gner_requests_total{status="200"}' in shown
    assert _number(shown, "gner_batch_texts_total") >= 1


def _number(metrics: str, name: str) -> float:
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    return float(values[name])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_answers_what_was_accepted_and_leaves_no_process(trained: dict[str, Path], number: int) -> None:
    service = Service(trained["causal"], "--batch-wait", "1500")
    service.wait()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(service.ask, "/predict", {"text": TEXTS[0], "types": TYPES})
        time.sleep(0.5)
        said = service.stop(number)
        assert waiting.result()[0] == 200
    assert service.process.returncode == 0
    assert "Traceback" not in said
    assert not service.processes()


@pytest.mark.slow
def test_a_model_that_is_not_there_ends_the_service_with_a_message(tmp_path: Path) -> None:
    service = Service(tmp_path / "nothing.ckpt")
    said = service.process.communicate(timeout=120)[1]
    assert service.process.returncode == 2
    assert "nothing.ckpt, but it does not exist" in said
    assert "Traceback" not in said
    assert not service.processes()


def test_it_listens_on_this_machine_only() -> None:
    assert ServeOptions(model="x").host == "127.0.0.1"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--port", "80"], "Expected --port from 1024 to 65535, got 80."),
        (["--batch-size", "0"], "Expected --batch-size >= 1, got 0."),
        (["--batch-wait", "-1"], "Expected --batch-wait >= 0, got -1.0."),
        (["--max-types", "0"], "Expected `max_types` >= 1, got 0."),
    ],
)
def test_options_out_of_range_end_with_a_message(
    option: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--model", "x", *option])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_without_litserve_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "gner.serving.entity_api", raising=False)
    monkeypatch.setitem(sys.modules, "litserve", None)
    with pytest.raises(SystemExit):
        main(["--model", "x"])
    assert "pip install 'gner[serve]'" in capsys.readouterr().err
