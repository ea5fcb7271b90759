"""The help text of commands with a config."""

import pytest

from gner.cli import GnerCLI
from gner.help_text import COMMON
from gner.plan import PlanCLI


def _help(cli: type[GnerCLI], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        cli("plan" if cli is PlanCLI else "fit", ["--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("cli", [GnerCLI, PlanCLI])
def test_common_keys_come_first_and_each_part_has_a_group(
    cli: type[GnerCLI], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = _help(cli, capsys, monkeypatch)
    titles = ["\noptions:", "\ncommon keys:", "\nmodel: ", "\ndata: ", "\ntrainer: ", "\nlast_checkpoint: "]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    common = text[places[1] : places[2]]
    assert all(f"--{key} " in common and text.count(f"\n  --{key} ") == 1 for key in COMMON)


def test_the_usage_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    usage, blank = _help(GnerCLI, capsys, monkeypatch).splitlines()[:2]
    assert usage == "usage: python -m gner.fit --config FILE [--KEY VALUE ...]"
    assert not blank
