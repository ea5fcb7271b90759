"""Commands on a config, and what their runs write."""

import json
from pathlib import Path
from typing import Any

import pytest

from gner.cli import Command, main


def run_command(command: Command, config: Path, *options: str) -> None:
    """``python -m gner.<command> --config …`` in this process."""
    main(command, ["--config", str(config), *options])


def refused(command: Command, config: Path, capsys: Any, *options: str) -> str:
    """The one message that a command ends with."""
    with pytest.raises(SystemExit) as ended:
        run_command(command, config, *options)
    assert ended.value.code == 2
    return str(capsys.readouterr().err).partition("gner: ")[2]


def metrics_of(run: Path) -> dict[str, Any]:
    """The content of ``metrics.json``."""

    def refuse(name: str) -> None:
        """Raise for what JSON does not have."""
        raise AssertionError(f"{name} is not JSON")

    found: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"), parse_constant=refuse)
    return found


def rows_of(run: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a file of predictions."""
    return [json.loads(line) for line in (run / "predictions" / name).read_text(encoding="utf-8").splitlines()]
