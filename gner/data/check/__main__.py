"""``python -m gner.data.check SOURCE``: inspects data before training on it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import rich

from gner.data.check.terminal import CheckOptions, check_source
from gner.data.reading.detect import NAMES
from gner.errors import UserError
from gner.words import SPLITTERS


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m gner.data.check",
        description="Shows counts, lengths, duplicates and contradictions of a data source, annotations that were "
        "changed or left out while reading, and the prompts that the model gets.",
        epilog="The options are those of a source in the config (docs/data.md), and training reads the same.",
    )
    add = parser.add_argument
    add("path", metavar="SOURCE", help="a file, a folder, or the name of a Hugging Face dataset")
    add("--format", choices=("auto", *NAMES), default="auto", help="file format; detected by default")
    add("--tokenizer", metavar="NAME_OR_FOLDER", help="also count tokens of prompts and answers")
    add("--max-tokens", type=int, default=640, metavar="N", help="data.max_input_tokens of the run; 640 by default")
    add("--split", help="check only this split")
    add("--words", choices=tuple(SPLITTERS), help="how to split raw text into words")
    add("--cut", choices=("yes", "no"), help="whether to split texts into sentences; the default depends on the format")
    add(
        "--misaligned",
        choices=("expand", "drop", "error"),
        default="expand",
        help="spans that end within a word",
    )
    add("--scheme", choices=("auto", "IOB2", "IOB1", "BIOES"), default="auto", help="tagging scheme")
    add("--subset", help="configuration of a Hugging Face dataset")
    add("--types", nargs="+", metavar="TYPE", help="the types to offer, in this order; TYPE=NAME renames, TYPE= drops")
    add("--columns", nargs="+", metavar="WHAT=FIELD", help="fields with unusual names, such as words=form tags=ner")
    add(
        "--tag-names",
        nargs="+",
        metavar="TAG",
        help="names of tags that are written as numbers, in order",
    )
    add("--show", type=int, default=5, metavar="N", help="most places to show of each finding; 5 by default")
    options = vars(parser.parse_args(arguments))
    try:
        check_source(CheckOptions(**options), rich.get_console())
    except (UserError, OSError) as error:
        parser.exit(2, f"gner: {error}\n")


if __name__ == "__main__":
    main()
