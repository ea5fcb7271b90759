"""What ``python -m gner.score`` does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rich.progress
from rich.console import Console

from gner.decoding.back_tokenize import BackTokenizer
from gner.decoding.postprocess import AlignerName
from gner.decoding.rescore import Rescorer
from gner.errors import UserError
from gner.scoring.bootstrap import f1_intervals
from gner.scoring.page import ErrorPage
from gner.scoring.rows import Row, read_rows
from gner.scoring.table import Intervals, as_values, dataset_table, type_table


@dataclass(frozen=True)
class ScoreOptions:
    """The command line.

    Attributes:
        files: Prediction files; rows of one data set are counted together, whichever file they are in.
        aligner: Where tags come from.
        tokenizer: Name or folder, or null to match words as they are.
        per_type: Print a table of types for each data set.
        bootstrap: How often to resample for confidence intervals, or null for none.
        seed: Of the resampling.
        json: Where to write all scores.
        tags: Where to write the rows with their tags.
        html: Where to write the page of errors.
    """

    files: Sequence[Path]
    aligner: AlignerName = "robust"
    tokenizer: str | None = None
    per_type: bool = False
    bootstrap: int | None = None
    seed: int = 0
    json: Path | None = None
    tags: Path | None = None
    html: Path | None = None


def score_files(options: ScoreOptions) -> None:
    """Score, print, and write what was asked for.

    Raises:
        UserError: A row is malformed, or there is none.
        OSError: A file cannot be read or written.
    """
    rescorer = Rescorer(options.aligner, BackTokenizer.load(options.tokenizer) if options.tokenizer else None)
    page = ErrorPage()
    with ExitStack() as stack:
        tags_file = stack.enter_context(options.tags.open("w", encoding="utf-8")) if options.tags else None
        for row, prediction in rescorer(_rows(options.files)):
            if tags_file is not None:
                tags = prediction.official_tags if options.aligner == "official" else prediction.tags
                tags_file.write(json.dumps({**row.raw, "tags": tags}, ensure_ascii=False) + "\n")
            if options.html is not None:
                page.add(row.example, prediction, row.text)
    scores = rescorer.scores()
    if not scores.datasets:
        raise UserError(f"{options.files[0]}: expected predictions, one JSON object a line, found none.")
    intervals = _intervals(rescorer, options)
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)  # files have no width
    console.print(dataset_table(scores, intervals))
    if options.per_type:
        for name, group in scores.datasets.items():
            console.print(type_table(name, group))
    if options.json is not None:
        about: dict[str, Any] = {"aligner": options.aligner, "tokenizer": options.tokenizer}
        text = json.dumps({**about, **as_values(scores, intervals)}, indent=2, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    if options.html is not None:
        page.write(options.html, scores, options.aligner)
        if page.num_left_out:
            console.print(
                f"{options.html} leaves out the last {page.num_left_out:,} sentences: browsers cannot show all."
            )


def _rows(files: Sequence[Path]) -> Iterator[Row]:
    Console(stderr=True)
    for file in files:
        progress = rich.progress.open(file, "rb", description=file.name, console=Console(stderr=True), transient=True)
        with progress as lines:
            yield from read_rows(lines, str(file))


def _intervals(rescorer: Rescorer, options: ScoreOptions) -> Intervals:
    if options.bootstrap is None:
        return {}
    intervals = {}
    for key, counts in (("f1", rescorer.strict_counts), ("f1_gner", rescorer.official_counts)):
        of_datasets, average = f1_intervals(counts, options.bootstrap, options.seed, official=key == "f1_gner")
        intervals[key] = {**of_datasets, "average": average}
    return intervals
