"""Sentences that systems are compared on, and files of what each of them found.

Needs nothing but Python, so that systems with environments of their own can use it.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Found = list[list[tuple[int, int, str]]]
"""For each sentence its entities: first word, word after the last, type."""


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Options that all systems have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "sentences", type=Path, help="JSON Lines with dataset, label_list and instance: see sentences.py"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON Lines for gner.score")
    parser.add_argument("--limit", type=int, default=None, help="most sentences")
    return parser


def read(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The sentences."""
    lines = options.sentences.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines][: options.limit]


def run(
    options: argparse.Namespace, rows: list[dict[str, Any]], find: Callable[[list[list[str]]], Found], num_weights: int
) -> None:
    """Find the entities of all sentences, write them, and print speed, memory and size."""
    sentences = [row["instance"]["words"] for row in rows]
    started = time.perf_counter()
    found = find(sentences)
    seconds = time.perf_counter() - started
    with options.out.open("w", encoding="utf-8") as out:
        for row, entities in zip(rows, found, strict=True):
            kept = [{"start": start, "end": end, "type": label} for start, end, label in entities]
            out.write(json.dumps({**row, "entities": kept}, ensure_ascii=False) + "\n")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{len(rows) / seconds:.0f} sentences/s, {memory:.2f} GiB at most, {num_weights / 1e6:.1f} M weights")


def in_words(words: list[str], spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Character spans of the words joined by spaces as words; those that cut a word are widened, overlaps left out."""
    starts, place = [], 0
    for word in words:
        starts.append(place)
        place += len(word) + 1
    found: list[tuple[int, int, str]] = []
    taken = 0
    for start, end, label in sorted(spans):
        touched = [at for at, first in enumerate(starts) if first < end and first + len(words[at]) > start]
        if touched and touched[0] >= taken:
            found.append((touched[0], touched[-1] + 1, label))
            taken = touched[-1] + 1
    return found
