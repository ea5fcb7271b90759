"""Mistakes in configs, and names of strategies and formats."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gner.cli import GnerCLI
from gner.config_parser import with_resolved_names
from gner.decoding import BeamSearch
from gner.inference.strategies import find_strategy
from gner.prompting import GnerFormat
from tests.runs import run_command


@pytest.mark.parametrize("name", ["beam_search", "beam-search", "BEAMSEARCH", "gner.decoding.BeamSearch"])
def test_a_strategy_has_the_same_names_as_in_prediction(name: str, config: Path, tmp_path: Path) -> None:
    in_file = tmp_path / "named.yaml"
    in_file.write_text(yaml.safe_dump({"model": {"decoding": name}}), encoding="utf-8")
    for options in (["--config", str(in_file)], ["--model.decoding", name], [f"--model.decoding.class_path={name}"]):
        chosen = GnerCLI("fit", ["--config", str(config), *options]).model.decoding
        assert type(chosen) is type(find_strategy(name)) is BeamSearch


@pytest.mark.parametrize("name", ["gner", "GNER", "gner_format", "GnerFormat", "gner.prompting.GnerFormat"])
def test_a_format_has_short_names(name: str, config: Path, tmp_path: Path) -> None:
    in_file = tmp_path / "named.yaml"
    chosen = {"class_path": name, "init_args": {"context_window": 1}}
    in_file.write_text(yaml.safe_dump({"model": {"format": chosen}}), encoding="utf-8")
    for options in (
        ["--config", str(in_file)],
        ["--model.format", name, "--model.format.context_window", "1"],
        ["--model.format", f"{{class_path: {name}, init_args: {{context_window: 1}}}}"],
        [f'--model.format={{"class_path": "{name}", "init_args": {{"context_window": 1}}}}'],
    ):
        made = GnerCLI("fit", ["--config", str(config), *options]).model.format
        assert type(made) is GnerFormat and made.context_window == 1


def test_only_names_of_strategies_and_formats_are_resolved() -> None:
    others = [
        "--data.root",
        "decoding",
        "greedy",
        "--trainer.default_root_dir=beam_search",
        "--model.backbone",
        "greedy",
    ]
    assert with_resolved_names(others) == others
    assert with_resolved_names(["--model.decoding", "greedy"]) == ["--model.decoding", "Greedy"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model.format", "gner.formats.GnerFormat"], r"new class_path is gner\.prompting\.GnerFormat"),
        (["--model.optimisation.lr", "1"], "model.optimisation.lr.*\n.*model.optimization.lr"),
        (["--data.batchsize", "1"], "data.batchsize.*\n.*data.batch_size"),
        (["--data.batch_size", "many"], r"data.batch_size.*\n.*many"),
        (["--model.decoding", "BeamSarch"], "BeamSarch(.|\n)*There are: .*BeamSearch,.* Greedy,.* NucleusSampling"),
        (["--model.decoding.init_args.num_beems", "3"], "num_beems.*\n.*num_beams"),
        (
            ["--model.format", "gnre"],
            r"model\.format .*, got `gnre`\. Did you mean `gner`\? There are: .*GnerFormat",
        ),
        (["--model.format", "gner.prompting.Gner"], r"has no attribute 'Gner'\. Did you mean `gner`\?"),
        (["--model.format", "json.JSONDecoder"], "json.JSONDecoder does not correspond to a subclass of Format"),
        (["--model.format", "null"], r"model\.format to name a class, got `None`\. There are: .*GnerFormat"),
        (
            ["--model.format", "gner", "--model.format.num_beams", "2"],
            "an option of .*BeamSearch.*\nGnerFormat has .*gap_",
        ),
        (
            ["--model.format", "{class_path: gner, init_args: {gap_mark: '.'}}"],
            "'gap_mark' is not.*\n.*gap_marker.*\n.*has the options",
        ),
        (["--trainer.max_step", "3"], "trainer.max_step .*\n.*trainer.max_steps"),
        (["--model.backbone", "{from_scratch: lama}"], r"Did you mean `llama`.*Set model\.backbone\.from_scratch"),
        (["--model.format.context_window", "x"], r"value: x\nSet model\.format\.init_args\.context_window\."),
        (
            ["--model.format", "uniner", "--model.format.system", "txt"],
            r"'paragraph'.*\nSet model\.format\.init_args\.system",
        ),
        (
            ["--model.format", "instruct_uie", "--model.format.baseline", "true"],
            r"`baseline` is an option of GollieFormat",
        ),
        (["--model.format", "golie"], "Did you mean `gollie`"),
        (["--evaluation.aligner", "lsc"], r"among robust, .*got `lsc`\. Did you mean `lcs`\?.*Set evaluation\.aligner"),
        (["--evaluation.aligner", "json.JSONDecodr"], "no attribute 'JSONDecodr'.*Set evaluation.aligner"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
        (["--model.backbone", "./no/folder"], r"no/folder.*Set model\.backbone"),
        (["--data.train", "[toyy]"], r"toyy.*Did you mean `toy`"),
        (["--data.root", "/nowhere"], r"/nowhere.*Set data\.root"),
        (["--ckpt_path", "best"], r"Expected a checkpoint at .*best\.ckpt"),
        (["--ckpt_path", "x.ckpt"], r"Expected a checkpoint at x\.ckpt"),
        (["--data.batch_size", "${data.bach_size}"], "data.bach_size"),
        (["--data.batch_size", "0"], r"Set data\.batch_size"),
    ],
)
def test_mistakes_end_with_a_message_before_any_weights_load(
    options: list[str], message: str, config: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gner.models.backbone.Backbone.build", lambda self: pytest.fail("weights were loaded"))
    with pytest.raises(SystemExit) as ended:
        run_command("fit", config, *options)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("gner: ")
    assert "Traceback" not in error
    assert re.search(message, error), error


def test_an_unknown_key_in_a_file_is_refused_with_the_nearest(config: Path, tmp_path: Path, capsys: Any) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("data: {max_example_per_dataset: 9}\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        run_command("fit", config, "--config", str(other))
    error = capsys.readouterr().err
    assert "max_example_per_dataset" in error
    assert "Did you mean `data.max_examples_per_dataset`" in error


@pytest.mark.parametrize("where", ["command line", "config"])
def test_a_list_of_sources_replaces_an_earlier_one(where: str, config: Path, tmp_path: Path) -> None:
    earlier, later = tmp_path / "earlier.yaml", tmp_path / "later.yaml"
    earlier.write_text("data: {train: [{path: a.jsonl, split: {dev: 0.1}, weight: 3}]}\n", encoding="utf-8")
    later.write_text("data: {train: [{path: b.jsonl, name: mine}]}\n", encoding="utf-8")
    options = ["--data.train", "[{path: b.jsonl, name: mine}]"] if where == "command line" else ["--config", str(later)]
    [source] = GnerCLI("fit", ["--config", str(config), "--config", str(earlier), *options]).config.data.train
    assert (source.path, source.name, source.split, source.weight) == ("b.jsonl", "mine", None, 1.0)


def test_a_source_can_still_be_added_to_a_list(config: Path) -> None:
    options = ["--data.train", "[{path: a.jsonl, weight: 3}]", "--data.train+", "{path: b.jsonl}"]
    first, second = GnerCLI("fit", ["--config", str(config), *options]).config.data.train
    assert (first.path, first.weight, second.path, second.weight) == ("a.jsonl", 3.0, "b.jsonl", 1.0)
