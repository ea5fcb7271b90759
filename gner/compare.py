"""``python -m gner.compare RUN RUN …``: runs side by side, on the same sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jsonargparse.typing import NonNegativeInt, PositiveInt
from rich.console import Console

from gner.option_parser import errors_end_the_command, option, parse_options
from gner.scoring.compare_files import NUM_SAMPLES, write_comparison
from gner.studies.finished_run import read_runs
from gner.studies.run_comparison import as_values, compare_runs, run_tables
from gner.studies.run_page import write_run_page


@dataclass(frozen=True)
class CompareOptions:
    """Options of the command.

    Attributes:
        runs: Run folders, or one study, whose cells are compared; after a colon the name of an evaluation, as in
            runs/a:test_beams=4. By default that is the test, or else the best validation, whichever all have.
        samples: Resamplings of sentences.
        seed: Of the resamplings.
        json: Write all of it.
        html: Write a page with the sentences in which runs differ.
    """

    runs: Sequence[str] = option(positional=True, metavar="RUN")
    samples: PositiveInt = option(NUM_SAMPLES, metavar="N")
    seed: NonNegativeInt = 0
    json: Path | None = option(None, metavar="OUT")
    html: Path | None = option(None, metavar="OUT")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Raises:
        SystemExit: Something of a run is missing, or runs have predictions for other sentences.
    """
    options = parse_options(
        CompareOptions,
        arguments,
        prog="python -m gner.compare",
        description="Runs on the same sentences side by side: metrics, what differs in their configs, F1 of types, "
        "significance, and the sentences that changed. The first is the one that others are compared with.",
    )
    with errors_end_the_command():
        compared = compare_runs(read_runs(options.runs), options.samples, options.seed)
        if options.json is not None:
            write_comparison(options.json, as_values(compared))
        if options.html is not None:
            write_run_page(options.html, compared)
        Console(highlight=False, markup=False).print(*run_tables(compared))


if __name__ == "__main__":
    main()
