"""``python -m gner.score FILE…``: entity scores of prediction files in the official JSON Lines layout."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from gner.errors import UserError
from gner.files import until_nobody_reads
from gner.scoring.score_files import ScoreOptions, score_files


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m gner.score",
        description="Entity scores of prediction files, strict and as the released GNER scorer counts.",
        epilog="A row is a JSON object with dataset, label_list, instance.words, instance.labels (gold tags) and "
        "prediction (the text that a model generated). `gner.fit` writes such files to <run>/predictions/.",
    )
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="predictions, one JSON object a line")
    add(
        "--aligner",
        choices=("robust", "official"),
        default="robust",
        help="how text becomes tags: `robust` (the default) keeps as much as possible, `official` works as in the "
        "released scorer; the official score always uses the latter",
    )
    add(
        "--tokenizer",
        metavar="NAME_OR_FOLDER",
        help="the model's, to match words as it writes them; loads torch",
    )
    add("--per-type", action="store_true", help="print a table of entity types for each dataset")
    add("--bootstrap", type=_positive, metavar="N", help="95%% confidence intervals of F1 from N resamplings")
    add("--seed", type=_natural, default=0, help="seed of the resamplings; 0 by default")
    add("--json", type=Path, metavar="OUT", help="write all scores")
    add("--tags", type=Path, metavar="OUT.jsonl", help="write the rows with the aligned tags as `tags`")
    add("--html", type=Path, metavar="OUT", help="write a page that shows gold against predicted entities")
    options = parser.parse_args(arguments)
    try:
        with until_nobody_reads():
            score_files(ScoreOptions(**vars(options)))
    except (UserError, OSError) as error:
        parser.exit(2, f"gner: {error}\n")


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a natural number, got {text}")
    return int(text)


def _positive(text: str) -> int:
    if not _natural(text):
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text}")
    return int(text)


if __name__ == "__main__":
    main()
