"""Scores prediction files, as ``python -m gner.score`` does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import rich
import rich.progress
from jsonargparse.typing import NonNegativeInt, PositiveInt
from rich.console import Console

from gner.alignment.back_tokenize import BackTokenizer
from gner.errors import UserError
from gner.files import as_line, decompressed, is_standard_output, is_written_through, replacing, without_nan
from gner.option_parser import option
from gner.prompting.named import make_format
from gner.scoring import EntityScores
from gner.scoring.bootstrap import f1_intervals
from gner.scoring.compare_files import (
    NUM_SAMPLES,
    compare,
    comparison_tables,
    comparison_values,
    read_systems,
    write_comparison,
)
from gner.scoring.error_page import ErrorPage
from gner.scoring.named_aligner import make_aligner
from gner.scoring.oddities import Oddities
from gner.scoring.prediction_file import Row, read_rows
from gner.scoring.rescore import Rescorer
from gner.scoring.table import F1Intervals, as_values, dataset_tables, type_table


@dataclass(frozen=True)
class ScoreOptions:
    """Options of the command line.

    Attributes:
        files: Predictions, one JSON object a line; rows of one dataset are counted together, whichever file they are
            in.
        format: Prompt format of rows that name none, such as uniner, instructuie or gollie, or a JSON object with its
            class_path and init_args; by default gner.
        aligner: How texts become tags: `robust` keeps as much as possible, `official` reads as the published code of
            the format does, and exact, subsequence, lcs and lcs+back_tokenization are steps of that; or an aligner of
            one's own. The format's published scorer always uses `official`.
        tokenizer: The model's, to match words as it writes them; loads torch.
        compare: Take each file as a system on the same sentences: differences of F1 from that of the first, with paired
            bootstrap, and the sentences in which they disagree (with --json).
        per_type: Print a table of entity types for each dataset.
        bootstrap: 95% confidence intervals of F1 from N resamplings.
        seed: Seed of the resamplings.
        json: Write all scores.
        tags: Write the rows with the aligned tags as `tags`.
        html: Write a page that shows gold against predicted entities.
    """

    files: Sequence[Path] = option(positional=True, metavar="FILE")
    format: str | None = option(None, metavar="NAME")
    aligner: str = option("robust", metavar="NAME")
    tokenizer: str | None = option(None, metavar="NAME_OR_FOLDER")
    compare: bool = False
    per_type: bool = False
    bootstrap: PositiveInt | None = option(None, metavar="N")
    seed: NonNegativeInt = 0
    json: Path | None = option(None, metavar="OUT")
    tags: Path | None = option(None, metavar="OUT.jsonl")
    html: Path | None = option(None, metavar="OUT")


def score_files(options: ScoreOptions) -> None:
    """Score prediction files, print tables, and write the optional outputs.

    Raises:
        UserError: A row is malformed, there are no rows, or an output would overwrite an input or another output.
        OSError: A file cannot be read or written.
    """
    _check_outputs(options)
    back_tokenizer = BackTokenizer.load(options.tokenizer) if options.tokenizer else None
    format = None if options.format is None else make_format(options.format)
    make_rescorer = partial(Rescorer, make_aligner(options.aligner), back_tokenizer, format)
    if options.compare:
        _compare(options, make_rescorer)
    else:
        _score(options, make_rescorer())


def _score(options: ScoreOptions, rescorer: Rescorer) -> None:
    """Score all files together."""
    page, oddities = ErrorPage(), Oddities()
    with ExitStack() as stack:
        tags_file = stack.enter_context(replacing(options.tags)) if options.tags is not None else None
        for rescored in rescorer(_rows(options.files)):
            row, prediction = rescored.row, rescored.prediction
            oddities.add(row)
            if tags_file is not None:
                tags_file.write(_tagged(row, rescored.official_tags or prediction.tags))
            if options.html is not None:
                page.add(row.example, prediction, rescored.shown_text)
        scores = rescorer.scores()
        if not scores.datasets:
            raise UserError(f"{options.files[0]}: expected predictions, one JSON object a line, found none.")
    intervals = _intervals(rescorer, options)
    if options.json is not None:
        _write_json(options.json, scores, intervals, options)
    if options.html is not None:
        page.write(options.html, scores, options.aligner)
    _print(options, scores, intervals)
    for message in oddities.messages():
        Console(stderr=True).print(f"Note: {message}", highlight=False, markup=False, soft_wrap=True)


def _compare(options: ScoreOptions, make_rescorer: Callable[[], Rescorer]) -> None:
    """Compare the files as systems."""
    given = [name for name in ("per_type", "tags", "html") if getattr(options, name)]
    if given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UserError(f"Expected --compare without {names}, which are about one system.")
    systems = read_systems(options.files, lambda file: _rows([file]), make_rescorer)
    compared = compare(systems, options.bootstrap or NUM_SAMPLES, options.seed)
    if options.json is not None:
        write_comparison(options.json, comparison_values(systems, compared))
    _console(options).print(*comparison_tables(systems, compared))


def _write_json(path: Path, scores: EntityScores, intervals: F1Intervals | None, options: ScoreOptions) -> None:
    about: dict[str, Any] = {"format": options.format, "aligner": options.aligner, "tokenizer": options.tokenizer}
    with replacing(path) as file:
        file.write(json.dumps(without_nan({**about, **as_values(scores, intervals)}), indent=2) + "\n")


def _intervals(rescorer: Rescorer, options: ScoreOptions) -> F1Intervals | None:
    if options.bootstrap is None:
        return None
    number, seed = options.bootstrap, options.seed
    official = {
        scorer: f1_intervals(counts, number, seed, official=True) for scorer, counts in rescorer.official_counts.items()
    }
    return F1Intervals(f1_intervals(rescorer.strict_counts, number, seed), official)


def _tagged(row: Row, tags: Sequence[str]) -> str:
    """A row with the aligned tags, as a line."""
    try:
        return as_line({**row.raw, "tags": tags}) + "\n"
    except RecursionError as error:
        raise UserError(f"{row.example.source}: the row is nested too deeply to write back.") from error


def _print(options: ScoreOptions, scores: EntityScores, intervals: F1Intervals | None) -> None:
    """Print the tables, to standard error if standard output gets one of the files."""
    tables = dataset_tables(scores, intervals)
    if options.per_type:
        tables += [type_table(name, group) for name, group in scores.datasets.items()]
    _console(options).print(*tables)


def _console(options: ScoreOptions) -> Console:
    outputs = [path for path in (options.json, options.tags, options.html) if path is not None]
    is_taken = any(is_standard_output(path) for path in outputs)
    return Console(stderr=True) if is_taken else rich.get_console()


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
        with progress as raw, decompressed(io.BufferedReader(cast(Any, raw)), str(file)) as lines:
            yield from read_rows(lines, str(file))
