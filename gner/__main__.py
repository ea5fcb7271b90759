"""``gner COMMAND …``, which is ``python -m gner.COMMAND …``; alone, it lists the commands."""

from __future__ import annotations

import os
import re
import runpy
import sys
from argparse import ArgumentParser

from gner import __version__
from gner.errors import did_you_mean

COMMANDS = {
    "init": "a config for data and model, with its reasons",
    "configs": "the configs that come with gner",
    "data.check": "statistics and problems of a dataset",
    "data.compare": "where two annotations disagree",
    "data.convert": "any supported format as another",
    "plan": "will it fit, how long will it take?",
    "fit": "train",
    "validate": "F1 on the dev splits",
    "test": "F1 on the test splits",
    "score": "scores of prediction files",
    "compare": "runs side by side",
    "study": "trainings with changes and seeds, compared",
    "predict": "entities in texts",
    "export": "a folder for Hugging Face's libraries",
    "demo": "a local page to try a model on",
    "serve": "an HTTP service that finds entities",
}
"""What each command gives."""
_TYPED = re.compile(r"\s*\S+\s+(\S+)\s")
"""The beginning of a line whose command is typed in full."""


def usage() -> str:
    """The list of commands.

    Example:
        >>> print(usage())  # doctest: +ELLIPSIS
        usage: gner COMMAND …
        <BLANKLINE>
        gner 0.1.0: named entity recognition with a model that repeats and tags words
        <BLANKLINE>
          init          a config for data and model, with its reasons
          ...
    """
    commands = [f"  {name:12}  {gives}" for name, gives in COMMANDS.items()]
    return "\n".join(
        [
            "usage: gner COMMAND …",
            "",
            f"gner {__version__}: named entity recognition with a model that repeats and tags words",
            "",
            *commands,
            "",
            "`gner COMMAND --help` explains its options; `python -m gner.COMMAND` is equal.",
        ]
    )


def main() -> None:
    """Run the command that the command line names, as ``python -m`` does.

    Raises:
        SystemExit: There is no such command; or as the command ends.
    """
    if "_ARGCOMPLETE" in os.environ:
        _complete(os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])])
        return
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("-h", "--help"):
        print(usage())
    elif name == "--version":
        print(f"gner {__version__}")
    elif name in COMMANDS:
        sys.argv = sys.argv[1:]
        _run(name)
    else:
        sys.stderr.write(f"gner: Expected a command, got {name}.{did_you_mean(name, COMMANDS)} `gner` lists them.\n")
        sys.exit(2)


def _run(name: str) -> None:
    # Lightning and multiprocessing start further processes by the name of `__main__`, so it must be the command's.
    runpy.run_module(f"gner.{name}", run_name="__main__", alter_sys=True)


def _complete(line: str) -> None:
    """Complete what is typed so far, for argcomplete: the command here, its options by its own parser."""
    command = _TYPED.match(line)
    if command is not None and command[1] in COMMANDS:
        os.environ["_ARGCOMPLETE"] = "2"  # words of the line that are not options: `gner` and the command
        _run(command[1])
        return
    from argcomplete import autocomplete  # noqa: PLC0415 - optional

    parser = ArgumentParser(prog="gner")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("command", choices=COMMANDS)
    autocomplete(parser)


if __name__ == "__main__":
    main()
