"""``python -m gner.score FILE…``: entity scores of prediction files in the official JSON Lines layout."""

from __future__ import annotations

from collections.abc import Sequence

from gner.files import until_nobody_reads
from gner.option_parser import errors_end_the_command, parse_options
from gner.scoring.score_files import ScoreOptions, score_files


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    options = parse_options(
        ScoreOptions,
        arguments,
        prog="python -m gner.score",
        description="Entity scores of prediction files, strict and as the released GNER scorer counts.",
        epilog="A row is a JSON object with dataset, label_list, instance.words, instance.labels (gold tags) and "
        "prediction (the text that a model generated). `gner.fit` writes such files to <run>/predictions/.",
    )
    with errors_end_the_command(), until_nobody_reads():
        score_files(options)


if __name__ == "__main__":
    main()
