"""Requests per second and their times: one client that waits for each answer, and many at once.

Some requests of a last round are broken.

python benchmarks/serving.py [--model MODEL] [--clients 32] [--seconds 20]

Without a model, a small one is trained within a minute. The service runs in processes of its own with one thread for
torch; both sides are measured in turn in one run, as other work on the machine changes the figures.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch

from gner import GNER
from gner.data.collate import Collator
from gner.inference.gner_config import Settings
from gner.models import Backbone, FromScratch
from gner.prompting import GnerFormat
from gner.records import Example

NAMES = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "London", "New York", "Lisbon"]
TYPES = ("person", "place")
SIZES = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
BROKEN: list[tuple[Any, int]] = [
    ({"text": 5}, 422),
    ({"text": "Ada", "threshold": float("nan")}, 422),
    ({"text": "Ada", "types": ["  "]}, 422),
    ({"text": "Ada", "decoding": "os.system"}, 422),
    ({"texts": ["Ada"] * 1000}, 413),
    ({"text": "Ada " * 50_000}, 413),
    ({"text": "Ada", "types": [f"type {number}" for number in range(500)]}, 422),
    ("{", 422),
]
ROUNDS = 3
HEADERS = {"Content-Type": "application/json"}


class Asked(NamedTuple):
    """Texts with what `predict_entities` finds in them, and how."""

    expected: dict[str, Any]
    decoding: str


class Answer(NamedTuple):
    """What came back."""

    status: int
    wanted: int
    seconds: float
    equal: bool


def sentence(random_: random.Random) -> Example:
    """A sentence with names and their tags."""
    words, tags = [], []
    for _ in range(random_.randint(1, 3)):
        place = random_.randrange(len(NAMES))
        kind = TYPES[place >= len(NAMES) // 2]
        name = NAMES[place].split()
        words += [*name, random_.choice(["wrote to", "met", "saw"]).split()[0]]
        tags += [f"B-{kind}", *[f"I-{kind}"] * (len(name) - 1), "O"]
    return Example((*words, "."), (*tags, "O"), TYPES, "toy", "0", "toy")


def train(folder: Path, steps: int = 150) -> None:
    """Train a model and write it."""
    random_ = random.Random(0)
    backbone = Backbone(FromScratch("llama", vocab_size=400, config=SIZES))
    collate = Collator(GnerFormat(instruction=None), backbone)
    examples = [sentence(random_) for _ in range(400)]
    backbone.set_tokenizer(backbone.train_tokenizer(collate.texts(examples)))
    torch.manual_seed(0)
    network = backbone.build()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    for _ in range(steps):
        batch = collate(random_.sample(examples, 16))
        network(batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    network.save_pretrained(folder)
    backbone.tokenizer.save_pretrained(folder)
    Settings(GnerFormat(instruction=None), {"toy": TYPES}).write(folder)


def start(model: str, port: int) -> subprocess.Popen[bytes]:
    """Start the service and wait until it answers."""
    command = [sys.executable, "-m", "gner.serve", "--model", model, "--port", str(port), "--accelerator", "cpu"]
    process = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)
    for _ in range(600):
        time.sleep(0.1)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return process
        except OSError:
            continue
    raise TimeoutError("The service did not start.")


def client(port: int, seed: int, until: float, asked: Asked, share_broken: float) -> list[Answer]:
    """Send request after request over one connection until a time."""
    random_ = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    answers = []
    while time.perf_counter() < until:
        text, wanted = random_.choice(list(asked.expected)), 200
        body: Any = {"text": text, "types": TYPES, "decoding": asked.decoding}
        if random_.random() < share_broken:
            body, wanted = random_.choice(BROKEN)
        started = time.perf_counter()
        connection.request("POST", "/predict", body if body == "{" else json.dumps(body), HEADERS)
        response = connection.getresponse()
        answer = json.loads(response.read())
        seconds = time.perf_counter() - started
        is_equal = wanted != 200 or (response.status == 200 and are_equal(answer["entities"], asked.expected[text]))
        answers.append(Answer(response.status, wanted, seconds, is_equal))
    return answers


def are_equal(found: Any, expected: Any) -> bool:
    """Whether entities are equal, scores up to 1e-5, as sums of floats depend on what else is in a batch."""
    places = [[(one["start"], one["end"], one["label"]) for one in entities] for entities in (found, expected)]
    scores = zip(found, expected, strict=False)
    return places[0] == places[1] and all(abs(one["score"] - other["score"]) < 1e-5 for one, other in scores)


def measure(run: Callable[[int, float], list[Answer]], num_clients: int, seconds: float) -> tuple[float, list[Answer]]:
    """Good answers a second, and all answers, of clients at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor(num_clients) as pool:
        found = list(pool.map(lambda seed: run(seed, started + seconds), range(num_clients)))
    answers = [answer for of_client in found for answer in of_client]
    return sum(one.status == 200 for one in answers) / (time.perf_counter() - started), answers


def report(name: str, rate: float, answers: list[Answer]) -> None:
    """Print a line."""
    times = sorted(1000 * one.seconds for one in answers if one.wanted == 200)
    cuts = statistics.quantiles(times, n=100)
    statuses = dict(sorted(Counter(one.status for one in answers).items()))
    failed = sum(one.status != one.wanted for one in answers)
    unequal = sum(not one.equal for one in answers)
    print(
        f"{name:24} {rate:7.1f} good/s  p50 {cuts[49]:6.1f} ms  p99 {cuts[98]:6.1f} ms  {len(answers):6} requests  "
        f"{statuses}  {failed} other than expected, {unequal} unequal",
        flush=True,
    )


def ceiling(model: GNER, texts: list[str], decoding: str) -> float:
    """How much faster the model itself is with batches of 32 than text by text: what a service could reach at most."""
    some = texts[:96]
    started = time.perf_counter()
    for text in some:
        model.predict_entities(text, TYPES, decoding=decoding)
    alone = time.perf_counter() - started
    started = time.perf_counter()
    for place in range(0, len(some), 32):
        model.predict_entities(some[place : place + 32], TYPES, decoding=decoding)
    return alone / (time.perf_counter() - started)


def main() -> None:
    """Measure one client and many in turn, then many with broken requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--decoding", default="speculative")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    random_ = random.Random(1)
    texts = sorted({" ".join(sentence(random_).words) for _ in range(200)})
    with TemporaryDirectory() as folder, socket.socket() as free:
        if options.model is None:
            train(Path(folder))
        model = options.model or folder
        loaded = GNER.from_pretrained(model, device="cpu")
        found = loaded.predict_entities(texts, TYPES, decoding=options.decoding)
        expected = dict(zip(texts, found, strict=True))
        print(
            f"{options.decoding}: without HTTP, 32 texts at once {ceiling(loaded, texts, options.decoding):.1f} times"
        )
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        process = start(model, port)
        try:
            measure_all(port, Asked(expected, options.decoding), options)
        finally:
            process.send_signal(signal.SIGTERM)
            print(f"stopped with status {process.wait(60)}")


def measure_all(port: int, asked: Asked, options: argparse.Namespace) -> None:
    """Print all figures."""

    def run_with(share_broken: float) -> Callable[[int, float], list[Answer]]:
        """A client of which a share of requests is broken."""
        return lambda seed, until: client(port, seed, until, asked, share_broken)

    measure(run_with(0.0), options.clients, 3.0)  # warms up
    ratios = []
    for _ in range(ROUNDS):
        alone, answers = measure(run_with(0.0), 1, options.seconds / ROUNDS)
        report("1 client", alone, answers)
        together, answers = measure(run_with(0.0), options.clients, options.seconds / ROUNDS)
        report(f"{options.clients} clients", together, answers)
        ratios.append(together / alone)
    print(f"ratios {', '.join(f'{ratio:.1f}' for ratio in ratios)}; median {statistics.median(ratios):.1f}")
    report(f"{options.clients} clients, 30% broken", *measure(run_with(0.3), options.clients, 2 * options.seconds))


if __name__ == "__main__":
    main()
