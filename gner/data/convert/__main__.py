"""``python -m gner.data.convert SOURCE --out FOLDER``: writes what was read from a source."""

from __future__ import annotations

from collections.abc import Sequence

import rich

from gner.data.convert.source_conversion import ConvertOptions, convert_source
from gner.option_parser import errors_end_the_command, parse_options


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    options = parse_options(
        ConvertOptions,
        arguments,
        prog="python -m gner.data.convert",
        description="Reads all splits of a data source and writes them in another format, with a report of what was "
        "changed or left out.",
        epilog="The options are those of a source in the config (docs/data.md), and training reads the same.",
    )
    with errors_end_the_command():
        convert_source(options, rich.get_console())


if __name__ == "__main__":
    main()
