"""The check shows what the format of a run writes."""

from pathlib import Path

import pytest
import yaml

from gner.data.check.__main__ import main
from gner.data.check.prompt_format import format_of_config
from gner.errors import UserError
from gner.prompting import GnerFormat
from gner.prompting.serialize import to_config
from tests.data.writers import write_json


def _write(path: Path, format: object) -> Path:
    path.write_text(yaml.safe_dump({"model": {"backbone": "t5", "format": format}}), encoding="utf-8")
    return path


@pytest.mark.parametrize("named", ["GnerFormat", "gner.prompting.GnerFormat"])
def test_options_of_the_format_are_read(named: str, tmp_path: Path) -> None:
    config = _write(tmp_path / "run.yaml", {"class_path": named, "init_args": {"context_window": 1}})
    assert to_config(format_of_config(config)) == to_config(GnerFormat(context_window=1))
    assert to_config(format_of_config(_write(config, named))) == to_config(GnerFormat())


@pytest.mark.parametrize("content", ["{}", "model: {backbone: t5}\n"])
def test_a_config_without_a_format_has_the_default(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(content, encoding="utf-8")
    assert to_config(format_of_config(tmp_path / "run.yaml")) == to_config(GnerFormat())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a\n", "expected the config of a run in YAML"),
        ("model: {format: {class_path: Nothing}}\n", "expected a prompt format under model.format: .*Nothing"),
        ("model: {format: {class_path: GnerFormat, init_args: {windows: 1}}}\n", "model.format: .*windows"),
    ],
)
def test_bad_configs_raise(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        format_of_config(tmp_path / "run.yaml")


def test_prompts_of_the_format_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_json(tmp_path / "a.jsonl", [{"tokens": ["Ada", "slept"], "tags": ["B-person", "O"]}], lines=True)
    config = _write(tmp_path / "run.yaml", {"class_path": "GnerFormat", "init_args": {"dataset_line": True}})
    for options, has_line in (([], False), (["--config", str(config)], True)):
        main([str(tmp_path / "a.jsonl"), *options])
        assert ("Dataset: " in capsys.readouterr().out) is has_line
