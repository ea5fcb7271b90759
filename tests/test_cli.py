"""Configs as the command line reads them."""

from pathlib import Path
from typing import Any

import pytest

from gner.cli import GnerCLI, main

REPOSITORY = Path(__file__).parents[1]
CONFIGS = [path for path in sorted((REPOSITORY / "configs").rglob("*.yaml")) if path.parent.name != "studies"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_config_parses(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(REPOSITORY)
    with pytest.raises(SystemExit) as ended:
        main("fit", ["--config", str(path), "--print_config"])
    assert ended.value.code in (0, None)
    assert "backbone:" in capsys.readouterr().out


def test_the_documented_configs_are_shipped() -> None:
    names = {path.name for path in CONFIGS}
    assert {"quickstart.yaml", "quickstart_seq2seq.yaml", "mit_restaurant.yaml"} <= names
    assert {"flan_t5_large.yaml", "llama7b_fsdp.yaml"} <= names


def test_interpolation_uses_values_from_the_command_line(config: Path) -> None:
    options = ["--data.eval_batch_size", "${data.batch_size}", "--data.batch_size=3"]
    cli = GnerCLI("fit", ["--config", str(config), *options])
    assert cli.config.data.eval_batch_size == 3


def test_later_configs_win(config: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("trainer: {max_steps: 9}\n", encoding="utf-8")
    assert GnerCLI("fit", ["--config", str(config), "--config", str(other)]).trainer.max_steps == 9
