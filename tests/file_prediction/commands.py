"""``gner.predict`` as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
TEXTS = [
    "Ada Lovelace wrote to London .",
    "",
    "nothing to see here",
    "Grace Hopper met Ada in New York ( 1950 ) .",
    "London calling",
] * 8


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of results."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def options_of(model: str, texts: Path, out: Path, *more: str) -> list[str]:
    """Options that name types and a strategy, and more."""
    labels = ["--labels", "person, place", "--decoding", "constrained", "--accelerator", "cpu"]
    return ["--model", model, *labels, str(texts), "--out", str(out), *more]


def start(*options: str, **more: Any) -> "subprocess.Popen[bytes]":
    """Start the command in a session of its own, which ends by itself if the test does not end it."""
    command = ["timeout", "-k", "3", "900", sys.executable, "-m", "gner.predict", *options]
    return subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, start_new_session=True, **more)


def write_texts(folder: Path) -> Path:
    """Write `TEXTS`, one a line."""
    path = folder / "texts.txt"
    path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return path
