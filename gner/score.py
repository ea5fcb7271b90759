"""``python -m gner.score FILE…``: entity scores of prediction files in the JSON Lines layout of the GNER scorer."""

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
        description="Entity scores of prediction files, strict and as the published scorer of their prompt format "
        "counts.",
        epilog="A row is a JSON object with dataset, label_list, instance.words, instance.labels (gold tags) and "
        "prediction: the text that a model generated or, for a format with a question for each type, the list of texts "
        "in the order of label_list. `gner.fit` writes such files to <run>/predictions/, with the format of each row.",
    )
    with errors_end_the_command(), until_nobody_reads():
        score_files(options)


if __name__ == "__main__":
    main()
