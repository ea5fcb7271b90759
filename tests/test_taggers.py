"""Taggers go all the way, as models that write do: training, scores, resuming, processes, prediction, export."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers import pipeline

from gner import GNER
from gner.bio import repair
from gner.cli import main
from gner.errors import UserError
from gner.export import main as export
from gner.inference.export_checkpoint import export_model
from gner.plan import PlanCLI
from gner.predict import main as predict
from gner.score import main as score
from tests.processes import run_processes
from tests.runs import metrics_of, refused, rows_of, run_command

SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
TAGGERS: dict[str, dict[str, Any]] = {
    "encoder": {"tagger": {"from_scratch": "bert", "vocab_size": 330, "config": SIZES}},
    "encoder, types": {"tagger": {"from_scratch": "bert", "vocab_size": 330, "config": SIZES}, "head": "types"},
    "causal, repeated": {"tagger": {"from_scratch": "llama", "vocab_size": 330, "config": SIZES}, "repeat": 1},
}
FSDP2 = {"class_path": "gner.models.FSDP2Strategy", "init_args": {"compute_dtype": "fp32", "decode": "sharded"}}
SHARDED = json.dumps(FSDP2)
LORA = ["--model.lora", '{"r": 16, "alpha": 32, "target_modules": "all-linear"}']
ADAPTERS_LEARN = [*LORA, "--model.optimization.lr", "0.003", "--trainer.max_steps", "200"]
ADAPTERS_LEARN += ["--trainer.val_check_interval", "200"]
SENTENCE = ["Ada", "Lovelace", "wrote", "to", "London", "."]


def _slow(*names: str) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.fixture
def config(request: pytest.FixtureRequest, toy_root: Path, tmp_path: Path) -> Path:
    """A fit of the tagger that the test is parametrized with."""
    settings: dict[str, Any] = {
        "seed_everything": 0,
        "model": {"backbone": TAGGERS[getattr(request, "param", "encoder")], "optimization": {"lr": 0.01}},
        "data": {"root": str(toy_root), "train": ["toy"], "val": ["toy"], "test": ["toy"], "batch_size": 5},
        "trainer": {
            "default_root_dir": str(tmp_path / "run"),
            "accelerator": "cpu",
            "enable_progress_bar": False,
            "max_steps": 60,
            "val_check_interval": 60,
            "check_val_every_n_epoch": None,
        },
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


def _values(run: Path, stage: str) -> dict[str, float]:
    found = metrics_of(run)[stage]["metrics"]
    return {name.partition("/")[2]: value for name, value in found.items()}


@pytest.mark.parametrize(
    ("config", "options"),
    [
        ("encoder, types", []),
        ("causal, repeated", ADAPTERS_LEARN),
        *(pytest.param(name, [], marks=pytest.mark.slow) for name in ("encoder", "causal, repeated")),
        *(pytest.param(name, ADAPTERS_LEARN, marks=pytest.mark.slow) for name in ("encoder", "encoder, types")),
    ],
    indirect=["config"],
)
def test_a_tagger_is_trained_scored_and_used(
    config: Path, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run_command("fit", config, *options)
    values = _values(run, "last")
    assert values["f1"] > (0.7 if options else 0.9) and values["f1_gner"] > 0.4
    assert {values[name] for name in ("omissions", "additions", "substitutions")} == {0}
    run_command("test", config, *options, "--ckpt_path", "last")
    assert _values(run, "test") == values
    rows = rows_of(run, "test.jsonl")
    assert rows[0]["prediction"] is None
    score([str(run / "predictions" / "test.jsonl"), "--json", str(tmp_path / "scores.json")])
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["all"]
    assert (scores["f1"], scores["f1_gner"]) == (values["f1"], values["f1_gner"])

    export(["--ckpt", str(run / "last"), "--out", str(tmp_path / "exported")])
    words, expected = [row["instance"]["words"] for row in rows], [row["tags"] for row in rows]
    for source in (run / "last", tmp_path / "exported"):
        model = GNER.from_pretrained(source)
        assert not model.writes
        assert model.predict_tags(words, ["person", "place"]) == expected
        assert model.predict_tags(words) == expected  # of the types that it was trained on
    capsys.readouterr()
    text = tmp_path / "text.txt"
    text.write_text("Ada Lovelace wrote to London.\n", encoding="utf-8")
    predict(["--model", str(run), str(text)])
    found = [(one["text"], one["label"]) for one in json.loads(capsys.readouterr().out)["entities"]]
    assert options or found == [("Ada Lovelace", "person"), ("London", "place")]


@pytest.mark.parametrize("config", ["encoder, types", *_slow("encoder", "causal, repeated")], indirect=True)
def test_a_resumed_run_is_the_uninterrupted_one(config: Path, tmp_path: Path) -> None:
    options = ["--trainer.val_check_interval", "4", "--last_checkpoint.every_n_train_steps", "1"]
    options += ["--data.batch_size", "2", "--data.regularization.drop_type", "0.3"]

    def fit(run: str, num_steps: int, *more: str) -> dict[str, torch.Tensor]:
        folder = tmp_path / run
        steps = ["--trainer.max_steps", str(num_steps), "--trainer.default_root_dir", str(folder)]
        run_command("fit", config, *options, *steps, *more)
        weights: dict[str, torch.Tensor] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
        return weights["state_dict"]  # type: ignore[return-value]

    whole = fit("whole", 8)
    fit("parts", 3)
    parts = fit("parts", 8, "--ckpt_path", "last")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())


def _run(rank: int, command: Any, config: Path, *options: str) -> None:
    run_command(command, config, *options)


@pytest.mark.parametrize(
    ("config", "strategy"),
    [
        *((name, SHARDED) for name in TAGGERS),
        *((name, "ddp") for name in ("encoder", "encoder, types", "causal, repeated")),
    ],
    indirect=["config"],
)
@pytest.mark.slow
def test_two_processes_score_as_one_does(config: Path, strategy: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    sharding = ["--trainer.strategy", strategy] if strategy == SHARDED else []
    run_processes(_run, 1, "fit", config, "--trainer.max_steps", "20", *sharding)
    expected = _values(run, "last")
    two = ["--ckpt_path", "last", "--trainer.devices", "2", "--trainer.strategy", strategy]
    run_processes(_run, 2, "test", config, *two)
    assert _values(run, "test") == expected


@pytest.mark.slow
@pytest.mark.parametrize("config", TAGGERS, indirect=True)
def test_a_tagger_is_trained_on_two_sharded_processes(config: Path, tmp_path: Path) -> None:
    run_processes(_run, 2, "fit", config, "--trainer.devices", "2", "--trainer.strategy", SHARDED)
    assert _values(tmp_path / "run", "last")["f1"] > 0.8
    model = GNER.from_pretrained(tmp_path / "run")
    assert model.predict_tags(SENTENCE, ["person", "place"])[:2] == ["B-person", "I-person"]


def test_the_pipeline_of_hugging_face_gives_the_same_tags(config: Path, tmp_path: Path) -> None:
    backbone = TAGGERS["encoder"] | {"decoding": "argmax"}
    run_command("fit", config, "--model.backbone", json.dumps(backbone), "--trainer.max_steps", "15")
    run, folder = tmp_path / "run", tmp_path / "exported"
    export(["--ckpt", str(run), "--out", str(folder)])
    theirs = pipeline("token-classification", str(folder), aggregation_strategy="none", ignore_labels=[], device="cpu")
    for row in rows_of(run, "val_last.jsonl"):
        words = row["instance"]["words"]
        tokens = theirs(" ".join(words))
        tags, end = [], 0
        for word in words:  # each is tagged at the first token that reaches into it
            first = next(token for token in tokens if token["end"] > end)
            tags.append(first["entity"])
            end += len(word) + 1
        assert list(repair(tags)[0]) == row["tags"] == GNER.from_pretrained(folder).predict_tags(words)


def test_what_a_tagger_cannot_do_is_refused_with_the_reason(config: Path, tmp_path: Path, capsys: Any) -> None:
    assert "its weights are random" in refused("test", config, capsys)
    both = ["--model.backbone", "{from_scratch: bert, head: types}"]
    assert "either `from_scratch` or `tagger`" in refused("fit", config, capsys, *both)
    run_command("fit", config, *LORA, "--trainer.max_steps", "1")
    export_model(tmp_path / "run", tmp_path / "exported")
    untrained = ["--model.backbone", json.dumps({"tagger": str(tmp_path / "exported"), "head": "types"})]
    assert "this tagger has no head yet" in refused("test", config, capsys, *untrained)
    settings = tmp_path / "exported" / "gner_config.json"
    settings.write_text(settings.read_text("utf-8").replace('"repeat"', '"repeet"'), encoding="utf-8")
    with pytest.raises(UserError, match=r"options of a tagger in gner_config.json.*repeet"):
        GNER.from_pretrained(tmp_path / "exported")
    model = GNER.from_pretrained(tmp_path / "run")
    with pytest.raises(UserError, match=r"trained on, person, place, got `song`"):
        model.predict_entities("Ada", ["person", "song"])
    with pytest.raises(UserError, match=r"no `decoding` for a tagger"):
        model.predict_entities("Ada", decoding="greedy")
    with pytest.raises(UserError, match="a tagger needs its head too"):
        export_model(tmp_path / "run", tmp_path / "adapters", adapter_only=True)


def test_long_texts_are_cut_into_windows(config: Path, tmp_path: Path) -> None:
    run_command("fit", config)
    model = GNER.from_pretrained(tmp_path / "run", max_tokens=24)
    found = model.predict_entities("Ada Lovelace wrote to London. " * 30)
    assert found.info.num_windows > 10
    assert len(found) == 60 and {one["label"] for one in found} == {"person", "place"}


def test_a_plan_needs_no_cache(config: Path, capsys: Any) -> None:
    main("plan", ["--config", str(config)], PlanCLI)
    shown = capsys.readouterr().out
    assert "sum on the device" in shown and "Parameters" in shown
