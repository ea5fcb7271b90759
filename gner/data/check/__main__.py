"""``python -m gner.data.check SOURCE`` or ``--config FILE``: inspects data before training on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import rich

from gner.configs import find_config
from gner.data.check.config_datasets import check_config
from gner.data.check.terminal import CheckOptions, check_source
from gner.errors import UserError
from gner.option_parser import errors_end_the_command, parse_options

_OF_CONFIGS = ("path", "config", "root")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    options = parse_options(
        CheckOptions,
        arguments,
        prog="python -m gner.data.check",
        description="Shows counts, lengths, duplicates and contradictions of a data source, annotations that were "
        "changed or left out while reading, and the prompts that the model gets; without a source, which datasets of a "
        "config are there.",
        epilog="The options are those of a source in the config (docs/data.md), and training reads the same.",
    )
    with errors_end_the_command():
        _check(options)


def _check(options: CheckOptions) -> None:
    if options.path:
        if options.root is not None:
            raise UserError("Expected no --root with a SOURCE, as it is of the datasets of --config.")
        check_source(options, rich.get_console())
        return
    if options.config is None:
        raise UserError("Expected a SOURCE, or the --config of a run, got neither.")
    others = [one.name for one in fields(options) if one.name not in _OF_CONFIGS]
    given = [name for name in others if getattr(options, name) != getattr(CheckOptions, name)]
    if given:
        raise UserError(f"Expected a SOURCE for --{given[0].replace('_', '-')}; --config alone lists datasets.")
    check_config(Path(find_config(options.config)), options.root, rich.get_console())


if __name__ == "__main__":
    main()
