"""``python -m gner.data.check SOURCE``: what a person wants to know of data before training on it."""

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
        description="Counts, lengths, contradictions and duplicates of a data source, what happened to its "
        "annotations while it was read, and what the model gets to see.",
        epilog="The options are those of a source in the config (docs/data.md); what is read here is what is trained "
        "on there.",
    )
    add = parser.add_argument
    add("path", metavar="SOURCE", help="a file, a folder, or the name of a Hugging Face dataset")
    add("--format", choices=("auto", *NAMES), default="auto", help="what it is; found out by default")
    add("--tokenizer", metavar="NAME_OR_FOLDER", help="count tokens of prompts and answers, too")
    add("--max-tokens", type=int, default=640, metavar="N", help="data.max_input_tokens of the run; 640 by default")
    add("--split", help="look at one split only")
    add("--words", choices=tuple(SPLITTERS), help="how raw text is cut into words")
    add("--cut", choices=("yes", "no"), help="whether texts are cut into sentences; by default as the format needs")
    add("--misaligned", choices=("expand", "drop", "error"), default="expand", help="spans that end within words")
    add("--scheme", choices=("auto", "IOB2", "IOB1", "BIOES"), default="auto", help="how tags are written")
    add("--subset", help="configuration of a Hugging Face dataset")
    add("--types", nargs="+", metavar="TYPE", help="the types to offer, in this order; TYPE=NAME renames, TYPE= drops")
    add("--columns", nargs="+", metavar="WHAT=FIELD", help="fields with other names, such as words=form tags=ner")
    add("--tag-names", nargs="+", metavar="TAG", help="tags that are written as numbers, in their order")
    add("--show", type=int, default=5, metavar="N", help="how many places to show of each thing; 5 by default")
    options = vars(parser.parse_args(arguments))
    try:
        check_source(CheckOptions(**options), rich.get_console())
    except (UserError, OSError) as error:
        parser.exit(2, f"gner: {error}\n")


if __name__ == "__main__":
    main()
