"""``python -m gner.data.compare A B``: where two annotations of the same sentences disagree, the most harmful first."""

from __future__ import annotations

from collections.abc import Sequence

from gner.data.compare.comparison import CompareOptions, compare_annotations
from gner.files import until_nobody_reads
from gner.option_parser import errors_end_the_command, parse_options


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    options = parse_options(
        CompareOptions,
        arguments,
        prog="python -m gner.data.compare",
        description="Lists the sentences that two annotations disagree about, the most harmful first: such as those of "
        "people (A) against a model's (B), to find errors of people.",
        epilog="A and B are sources (docs/data.md), predictions of a run (RUN/predictions/test.jsonl) or what "
        "`gner.predict` writes. The options are those of a source in the config, and hold for both.",
    )
    with errors_end_the_command(), until_nobody_reads():
        compare_annotations(options)


if __name__ == "__main__":
    main()
