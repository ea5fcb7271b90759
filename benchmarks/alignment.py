"""Speed of the official matching against the same algorithm written plainly, and of the robust aligner beside it.

    python benchmarks/alignment.py PREDICTIONS.jsonl [--tokenizer NAME_OR_FOLDER]

All three read the same texts in one run; the tags of the first two must be equal.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.postprocess import PostProcessor
from gner.models.tokenizer import load_tokenizer, train_tokenizer
from gner.prompting import DefaultFormat
from gner.scoring.prediction_file import Row, read_rows

Tags = list[tuple[str, ...]]


def plain(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase) -> Tags:
    """The official algorithm, step by step from its description."""
    return [_plain_tags(row, tokenizer) for row in rows]


def _plain_tags(row: Row, tokenizer: PreTrainedTokenizerBase) -> tuple[str, ...]:
    written, tags, start = [], [], 0
    known = [f"{prefix}-{entity_type}" for entity_type in row.example.types for prefix in "BI"]
    text = row.texts[0].strip()
    for match in re.finditer(r"\(B-.*?\)|\(I-.*?\)|\(O\)", text):
        word, tag = text[start : match.start()].strip(), match.group()[1:-1].strip()
        if word:
            written.append(word.lower())
            tags.append(tag if tag in known else "O")
        start = match.end()
    words = [word.lower() for word in row.example.words]
    if words:
        words = tokenizer.batch_decode(tokenizer(words)["input_ids"], skip_special_tokens=True)
    if words == written:
        return tuple(tags)
    places = _plain_subsequence(words, written)
    if places is None:
        places = _plain_lcs(words, written)
    return tuple("O" if place is None else tags[place] for place in places)


def _plain_subsequence(words: list[str], written: list[str]) -> list[int | None] | None:
    places: list[int | None] = [None] * len(words)
    following = 0
    for position, word in enumerate(words):
        if following < len(written) and word == written[following]:
            places[position] = following
            following += 1
    return places if following == len(written) else None


def _plain_lcs(words: list[str], written: list[str]) -> list[int | None]:
    piles: list[list[tuple[int, int, int]]] = []  # cards: source position, written position, place in the pile before
    for position, word in enumerate(words):
        for place in reversed([place for place, other in enumerate(written) if other == word]):
            low, high = 0, len(piles)
            while low < high:
                middle = (low + high) // 2
                if piles[middle][-1][1] >= place:
                    high = middle
                else:
                    low = middle + 1
            card = (position, place, len(piles[low - 1]) - 1 if low else -1)
            if low == len(piles):
                piles.append([card])
            else:
                piles[low].append(card)
    places: list[int | None] = [None] * len(words)
    index = len(piles[-1]) - 1 if piles else -1
    for pile in reversed(piles):
        position, place, index = pile[index]
        places[position] = place
    return places


def official(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase) -> Tags:
    """The same tags by our code, from an empty cache."""
    postprocess = _postprocess(rows, tokenizer)
    return [postprocess.read_official(row.example, row.texts).tags for row in rows]


def both(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase) -> Tags:
    """What `gner.score` does by default: robust tags, their entities, and the official tags."""
    postprocess = _postprocess(rows, tokenizer)
    return [postprocess(row.example, row.texts).tags for row in rows]


def _postprocess(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase) -> PostProcessor:
    back_tokenizer = BackTokenizer(tokenizer)
    back_tokenizer.learn(word.lower() for row in rows for word in row.example.words)
    return PostProcessor(DefaultFormat(), back_tokenizer)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--tokenizer", help="default: one trained on the words of the file")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with options.file.open("rb") as lines:
        rows = list(read_rows(lines, str(options.file)))
    if options.tokenizer:
        tokenizer = BackTokenizer.load(options.tokenizer).tokenizer
    else:
        words = [" ".join(row.example.words) for row in rows]
        tokenizer = load_tokenizer(train_tokenizer(words, 4000, begin_token=True))
    ways: dict[str, Callable[[], Tags]] = {
        "official, plainly": lambda: plain(rows, tokenizer),
        "official, ours": lambda: official(rows, tokenizer),
        "robust and official, ours": lambda: both(rows, tokenizer),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    found: dict[str, Tags] = {}
    for _ in range(options.repeat):
        for name, way in ways.items():
            start = time.perf_counter()
            found[name] = way()
            seconds[name].append(time.perf_counter() - start)
    baseline = statistics.median(seconds["official, plainly"])
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:26} {1e6 * median / len(rows):8.0f} µs a text   {baseline / median:6.1f} times as fast")
    pairs = zip(found["official, plainly"], found["official, ours"], strict=True)
    print(f"{sum(one == other for one, other in pairs)} of {len(rows)} texts have equal tags")


if __name__ == "__main__":
    main()
