"""The command `gner`, which runs the others."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from gner import __version__
from gner.__main__ import COMMANDS, main


def _gner(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["gner", *arguments])
    main()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_it_lists_the_commands(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _gner(monkeypatch, *arguments)
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert max(map(len, shown.splitlines())) <= 80


def test_every_command_of_the_package_is_listed() -> None:
    package = Path(__file__).parents[1] / "gner"
    found = {path.relative_to(package) for path in package.rglob("*.py") if "if __name__ ==" in path.read_text("utf-8")}
    names = {".".join(path.with_suffix("").parts).removesuffix("__main__").rstrip(".") for path in found}
    assert names - {""} == set(COMMANDS)


def test_it_tells_its_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _gner(monkeypatch, "--version")
    assert capsys.readouterr().out == f"gner {__version__}\n"


def test_a_command_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        _gner(monkeypatch, "tset")
    assert ended.value.code == 2
    assert "Did you mean `test`?" in capsys.readouterr().err


def test_a_command_is_that_of_its_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _gner(monkeypatch, "configs")
    listed = capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["configs"])
    runpy.run_module("gner.configs", run_name="__main__", alter_sys=True)
    assert capsys.readouterr().out == listed
    assert "quickstart.yaml" in listed


def test_the_main_module_is_the_command_s() -> None:
    code = "import sys, runpy; sys.argv = ['gner', 'configs', '--help']; runpy.run_module('gner', run_name='__main__')"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("usage: python -m gner.configs")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gner data.", {"data.check", "data.compare", "data.convert"}),
        ("gner predict --label", {"--labels", "--labels-file"}),
        ("gner predict --input-format par", {"parquet"}),
    ],
)
def test_a_shell_can_complete(line: str, expected: set[str], tmp_path: Path) -> None:
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9"}
    asked |= {"_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "out"), "_ARGCOMPLETE_IFS": "\n"}
    subprocess.run([sys.executable, "-m", "gner"], env=os.environ | asked, check=False, capture_output=True)
    assert {one.strip() for one in (tmp_path / "out").read_text().split("\n")} == expected
