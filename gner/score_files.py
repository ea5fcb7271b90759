"""What ``python -m gner.score`` does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rich
import rich.progress
from rich.console import Console

from gner.decoding.back_tokenize import BackTokenizer
from gner.decoding.postprocess import AlignerName
from gner.decoding.rescore import Rescorer
from gner.errors import UserError
from gner.files import as_line, is_written_through, replacing, without_nan
from gner.scoring.bootstrap import f1_intervals
from gner.scoring.oddities import Oddities
from gner.scoring.page import ErrorPage
from gner.scoring.rows import Row, read_rows
from gner.scoring.table import F1Intervals, as_values, dataset_tables, type_table


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
        UserError: A row is malformed, or there is none, or a file would be written over another.
        OSError: A file cannot be read or written.
    """
    _check_outputs(options)
    rescorer = Rescorer(options.aligner, BackTokenizer.load(options.tokenizer) if options.tokenizer else None)
    page, oddities = ErrorPage(), Oddities()
    with ExitStack() as stack:
        tags_file = stack.enter_context(replacing(options.tags)) if options.tags is not None else None
        for row, prediction in rescorer(_rows(options.files)):
            oddities.add(row)
            if tags_file is not None:
                tags = prediction.official_tags if options.aligner == "official" else prediction.tags
                tags_file.write(as_line({**row.raw, "tags": tags}) + "\n")
            if options.html is not None:
                page.add(row.example, prediction, row.text)
        scores = rescorer.scores()
        if not scores.datasets:
            raise UserError(f"{options.files[0]}: expected predictions, one JSON object a line, found none.")
    intervals = None
    if options.bootstrap is not None:
        arguments = (options.bootstrap, options.seed)
        intervals = F1Intervals(
            f1_intervals(rescorer.strict_counts, *arguments),
            f1_intervals(rescorer.official_counts, *arguments, official=True),
        )
    if options.json is not None:
        about: dict[str, Any] = {"aligner": options.aligner, "tokenizer": options.tokenizer}
        with replacing(options.json) as file:
            file.write(json.dumps(without_nan({**about, **as_values(scores, intervals)}), indent=2) + "\n")
    if options.html is not None:
        page.write(options.html, scores, options.aligner)
    tables = dataset_tables(scores, intervals)
    if options.per_type:
        tables += [type_table(name, group) for name, group in scores.datasets.items()]
    rich.get_console().print(*tables)
    for message in oddities.messages():
        Console(stderr=True).print(f"Note: {message}", highlight=False, markup=False, soft_wrap=True)


def _check_outputs(options: ScoreOptions) -> None:
    taken = {file.resolve(): "an input" for file in options.files}
    for name, path in (("--json", options.json), ("--tags", options.tags), ("--html", options.html)):
        if path is not None and not is_written_through(path):
            if path.resolve() in taken:
                raise UserError(f"Expected another file for {name}: {path} is {taken[path.resolve()]}.")
            taken[path.resolve()] = f"that of {name}"


def _rows(files: Sequence[Path]) -> Iterator[Row]:
    console = Console(stderr=True)
    for file in files:
        progress = rich.progress.open(
            file, "rb", description=file.name, console=console, transient=True, disable=not console.is_terminal
        )
        with progress as lines:
            yield from read_rows(lines, str(file))
