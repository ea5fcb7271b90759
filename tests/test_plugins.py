"""The packages in docs/plugins.md and docs/formats.md, installed and used as their readers would."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
import yaml

from gner import plugins
from gner.decoding import BeamSearch, DecodingStrategy, Greedy, NucleusSampling
from gner.plugins import FORMATS, STRATEGIES, load_plugins, resolve_name
from gner.prompting import Format

DOCS = Path(__file__).parents[1] / "docs"


def _install(page: str, folder: Path, section: str = "") -> Path:
    """The Python of an environment that has the package of a section of a page, and all that this one has."""
    text = (DOCS / page).read_text(encoding="utf-8")
    text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0] if section else text
    for name, content in re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)```$", text, re.M | re.S):
        (folder / name).write_text(content, encoding="utf-8")
    venv.create(folder / "env", symlinks=True)
    python = folder / "env" / "bin" / "python"
    [site] = (folder / "env" / "lib").glob("python*/site-packages")
    here = sysconfig.get_paths()["purelib"]
    (site / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", str(folder)], check=True, timeout=900)
    return python


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Has the strategy of docs/plugins.md."""
    folder = tmp_path_factory.mktemp("plugin")
    python = _install("plugins.md", folder, "A decoding strategy")
    assert len((folder / "fewest_errors.py").read_text(encoding="utf-8").splitlines()) < 40
    return python


def _run(python: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"COLUMNS": "1000"}
    return subprocess.run(
        [str(python), "-m", *arguments], capture_output=True, text=True, check=False, timeout=900, env=environment
    )


@pytest.mark.slow
def test_a_plugin_keeps_the_contract(python: Path) -> None:
    test = python.parents[2] / "test_fewest_errors.py"
    result = _run(
        python, "pytest", "-q", "-p", "no:cacheprovider", "-c", str(test.with_name("pyproject.toml")), str(test)
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_a_format_of_one_question_a_type_is_written_from_the_docs(
    write_dataset: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    folder = tmp_path_factory.mktemp("format")
    python = _install("formats.md", folder)
    test = ["pytest", "-q", "-p", "no:cacheprovider", "-c", str(folder / "pyproject.toml")]
    checked = _run(python, *test, str(folder / "test_one_question.py"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    content = "Ada\tB-person\nmet\tO\nAda\tB-person\n\nRome\tB-place\n"
    settings = {
        "model": {
            "backbone": {
                "from_scratch": "llama",
                "vocab_size": 300,
                "config": {"hidden_size": 16, "num_attention_heads": 2},
            },
            "format": {"class_path": "OneQuestion", "init_args": {"question": "Name each {type}."}},
        },
        "data": {"root": str(write_dataset(train=content, dev=content)), "train": ["toy"], "val": ["toy"]},
        "trainer": {"accelerator": "cpu", "default_root_dir": str(tmp_path / "run"), "max_steps": 2},
    }
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    fitted = _run(python, "gner.fit", "--config", str(config))
    assert fitted.returncode == 0, fitted.stderr
    predictions = tmp_path / "run" / "predictions" / "val_last.jsonl"
    row = json.loads(predictions.read_text(encoding="utf-8").splitlines()[0])
    assert len(row["prediction"]) == 2
    assert row["format"] == {"class_path": "OneQuestion", "init_args": {"question": "Name each {type}."}}
    scored = _run(python, "gner.score", str(predictions), "--json", str(tmp_path / "scores.json"))
    assert scored.returncode == 0, scored.stderr
    assert "f1_gner" not in json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["all"]
    (tmp_path / "texts.txt").write_text("Ada met Rome.\n", encoding="utf-8")
    model = ["--model", str(tmp_path / "run"), "--accelerator", "cpu", "--decoding", "greedy"]
    predicted = _run(python, "gner.predict", *model, str(tmp_path / "texts.txt"), "--out", str(tmp_path / "out.jsonl"))
    assert predicted.returncode == 0, predicted.stderr


@pytest.mark.slow
def test_an_aligner_is_written_from_the_docs(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("aligner")
    python = _install("plugins.md", folder, "An aligner")
    assert len((folder / "first_letters.py").read_text(encoding="utf-8").splitlines()) <= 20
    options = ["-q", "-p", "no:cacheprovider", "-c", str(folder / "pyproject.toml")]
    checked = _run(python, "pytest", *options, str(folder / "test_first_letters.py"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    row = {"dataset": "toy", "label_list": ["person"], "instance": {"words": ["Ada"], "labels": ["B-person"]}}
    (folder / "test.jsonl").write_text(json.dumps({**row, "prediction": "Adam(B-person)"}), encoding="utf-8")
    for name, f1 in (("first_letters", 0.0), ("first_letters.FirstLetters", 0.0), ("robust", 1.0)):
        scored = _run(
            python, "gner.score", str(folder / "test.jsonl"), "--aligner", name, "--json", str(folder / "s.json")
        )
        assert scored.returncode == 0, scored.stderr
        assert json.loads((folder / "s.json").read_text(encoding="utf-8"))["all"]["f1"] == f1
    configured = _run(
        python, "gner.fit", "--config", "debug.yaml", "--evaluation.aligner", "first_letters", "--print_config"
    )
    assert configured.returncode == 0, configured.stderr


@pytest.mark.slow
def test_a_file_format_is_written_from_the_docs(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("reader")
    python = _install("plugins.md", folder, "A file format")
    [code] = [path for path in folder.glob("*.py") if path.name == "inline_brackets.py"]
    assert len(code.read_text(encoding="utf-8").splitlines()) <= 35
    (folder / "notes").mkdir()
    (folder / "notes" / "train.txt").write_text("[Ada](person) wrote to [London](place).\n\nNobody slept.\n")
    (folder / "notes" / "dev.txt").write_text("[Bob](person) slept.\n")
    for options in ([], ["--format", "inline_brackets"]):
        checked = _run(python, "gner.data.check", str(folder / "notes"), *options)
        assert checked.returncode == 0, checked.stderr
        assert "notes (train): texts with [entities](type)" in checked.stdout
        assert re.search(r"person +1 +1\n +place +1 +0\n", checked.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fewest_errors", "FewestErrors", "fewest_errors.FewestErrors"])
def test_a_plugin_is_chosen_by_name(
    name: str, python: Path, checkpoints: dict[str, Path], write_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    settings = {
        "model": {
            "backbone": str(checkpoints["causal"]),
            "decoding": {"class_path": name, "init_args": {"num_beams": 2, "max_new_tokens": 5}},
        },
        "data": {"root": str(write_dataset(dev="Ada\tB-person\n")), "val": ["toy"]},
        "trainer": {"accelerator": "cpu", "default_root_dir": str(tmp_path), "enable_progress_bar": False},
    }
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    result = _run(python, "gner.validate", "--config", str(config))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "predictions" / "validate.jsonl").exists()


@pytest.mark.slow
def test_help_lists_a_plugin_and_an_unknown_name_is_answered_with_those_there_are(python: Path) -> None:
    listed = _run(python, "gner.validate", "--help").stdout
    unknown = _run(python, "gner.validate", "--model.decoding", "fewest_erors").stderr
    for text in (listed, unknown):
        for name in ("fewest_errors", "FewestErrors", "Constrained", "Speculative"):
            assert name in text


class _Package:
    """What an installed package declares."""

    def __init__(self, *values: tuple[str, str]) -> None:
        self._values = values

    def __call__(self, group: str) -> list[EntryPoint]:
        return [EntryPoint(name, value, group) for name, value in self._values]


def test_what_cannot_be_used_is_left_out_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    package = _Package(
        ("gone", "no_such_module:X"),
        ("number", "math:pi"),
        ("a-b", "gner.decoding.greedy:Greedy"),
        ("quick", "gner.decoding.greedy:Greedy"),
        ("quick", "gner.decoding.speculative:Speculative"),
        ("warnings", "gner.decoding.greedy:Greedy"),
    )
    monkeypatch.setattr(plugins, "entry_points", package)
    with pytest.warns(UserWarning) as caught:
        assert load_plugins(STRATEGIES, DecodingStrategy) == ["quick"]
    assert [str(warning.message).split("`")[1] for warning in caught] == ["gone", "number", "a-b", "quick", "warnings"]
    assert issubclass(plugins.quick, Greedy)


def test_a_name_is_known_with_and_without_the_word_format(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"UniNerFormat": "UniNerFormat", "one_question": "one_question"}
    monkeypatch.setattr(plugins, "entry_points", _Package(*((name, f"somewhere:{name}") for name in names)))
    for written in ("uniner", "UniNER", "uni-ner", "UNINER_FORMAT", "UniNerFormat"):
        assert resolve_name(FORMATS, written) == "UniNerFormat"
    assert resolve_name(FORMATS, "OneQuestionFormat") == "one_question"
    for other in ("uni", "format", "somewhere.UniNerFormat", "GnerFormat"):
        assert resolve_name(FORMATS, other) == other
    assert resolve_name(FORMATS, "gner", Format) == "GnerFormat"  # was imported, if not declared


def test_built_in_strategies_are_named_as_a_plugin_would_be() -> None:
    found = {point.name: point.load() for point in entry_points(group="gner.decoding")}
    assert {"Greedy": Greedy, "BeamSearch": BeamSearch, "NucleusSampling": NucleusSampling}.items() <= found.items()
