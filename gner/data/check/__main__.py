"""``python -m gner.data.check SOURCE``: inspects data before training on it."""

from __future__ import annotations

from collections.abc import Sequence

import rich

from gner.data.check.terminal import CheckOptions, check_source
from gner.option_parser import errors_end_the_command, parse_options


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    options = parse_options(
        CheckOptions,
        arguments,
        prog="python -m gner.data.check",
        description="Shows counts, lengths, duplicates and contradictions of a data source, annotations that were "
        "changed or left out while reading, and the prompts that the model gets.",
        epilog="The options are those of a source in the config (docs/data.md), and training reads the same.",
    )
    with errors_end_the_command():
        check_source(options, rich.get_console())


if __name__ == "__main__":
    main()
