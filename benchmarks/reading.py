"""Reading a corpus of a million words, against loading and going through the same file with `datasets`.

python benchmarks/reading.py --words 1000000

Each side is a process of its own: seconds without imports, and the memory that it has at the end beyond that after the
imports. `datasets` keeps tables on disk, so its cache is a new folder each time; its time is that of `load_dataset` and
of one pass over all rows, which stay in memory as ours do.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import datasets

_OURS = """
import sys, time
import datasets
datasets.disable_progress_bars()
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
before, start = int(open("/proc/self/statm").read().split()[1]) * 4, time.perf_counter()
reader = SourceReader(Source(sys.argv[1]))
examples = reader.read(reader.part_for("train"))
print(time.perf_counter() - start, int(open("/proc/self/statm").read().split()[1]) * 4 - before, len(examples))
"""
_THEIRS = """
import sys, tempfile, time
import datasets
datasets.disable_progress_bars()
kind = "parquet" if sys.argv[1].endswith("parquet") else "text" if sys.argv[1].endswith("conll") else "json"
with tempfile.TemporaryDirectory() as cache:
    before, start = int(open("/proc/self/statm").read().split()[1]) * 4, time.perf_counter()
    table = datasets.load_dataset(kind, data_files=sys.argv[1], split="train", cache_dir=cache)
    rows = list(table)
    print(time.perf_counter() - start, int(open("/proc/self/statm").read().split()[1]) * 4 - before, len(rows))
"""
_TYPES = ("person", "place", "organization", "event")


class Result(NamedTuple):
    """Of one side: seconds, and MiB of memory."""

    seconds: float
    memory: float


def _sentences(num_words: int) -> Iterator[tuple[list[str], list[str]]]:
    """Sentences of 5 to 40 words of a vocabulary of 20,000, a sixth of them in entities."""
    rng = random.Random(0)
    vocabulary = ["".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(2, 10))) for _ in range(20_000)]
    while num_words > 0:
        words = rng.choices(vocabulary, k=rng.randint(5, 40))
        tags = [rng.choice(["O"] * 5 + [f"B-{rng.choice(_TYPES)}"]) for _ in words]
        num_words -= len(words)
        yield words, tags


def _write(folder: Path, num_words: int) -> list[Path]:
    sentences = list(_sentences(num_words))
    rows = [{"tokens": words, "ner_tags": tags} for words, tags in sentences]
    texts = []
    for words, tags in sentences:
        spans, end = [], 0
        for word, tag in zip(words, tags, strict=True):
            if tag != "O":
                spans.append({"start": end, "end": end + len(word), "label": tag[2:]})
            end += len(word) + 1
        texts.append({"text": " ".join(words), "spans": spans})
    paths = [folder / "words.jsonl", folder / "spans.jsonl", folder / "words.parquet", folder / "words.conll"]
    for path, values in zip(paths, (rows, texts), strict=False):
        path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    datasets.disable_progress_bars()
    datasets.Dataset.from_list(rows).to_parquet(str(paths[2]))
    blocks = ["".join(f"{word}\t{tag}\n" for word, tag in zip(*one, strict=True)) for one in sentences]
    paths[3].write_text("\n".join(blocks), encoding="utf-8")
    return paths


def _run(code: str, path: Path) -> Result:
    ended = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    seconds, memory, _ = ended.stdout.split()
    return Result(float(seconds), float(memory) / 1024)


def main() -> None:
    """Print a table: file, seconds of both sides, their ratio, memory of both sides."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for path in _write(Path(folder), options.words):
            sides: dict[str, list[Result]] = {"ours": [], "theirs": []}
            for _ in range(options.rounds):
                sides["ours"].append(_run(_OURS, path))
                sides["theirs"].append(_run(_THEIRS, path))
            ours, theirs = (statistics.median(one.seconds for one in results) for results in sides.values())
            memory = [max(one.memory for one in results) for results in sides.values()]
            size = f"{path.stat().st_size / 2**20:6.1f} MiB"
            seconds = f"gner {ours:6.2f} s  datasets {theirs:6.2f} s  {ours / theirs:5.2f} times"
            print(f"{path.name:14} {size}  {seconds}  memory {memory[0]:6.0f} and {memory[1]:6.0f} MiB")


if __name__ == "__main__":
    main()
