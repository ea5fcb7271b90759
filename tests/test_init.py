"""A config for data and a model at hand: it trains without being edited, and says why it is as it is."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gner.cli import main as run_gner
from gner.init import InitOptions, main, write_config
from tests.runs import metrics_of


def _jsonl(path: Path, num_sentences: int) -> Path:
    rows = []
    for number in range(num_sentences):
        text = f"Ada Lovelace wrote letter {number} to London."
        start = text.index("London")
        entities = [{"start": 0, "end": 12, "label": "person"}, {"start": start, "end": start + 6, "label": "place"}]
        rows.append(json.dumps({"text": text, "entities": entities}))
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def _config(options: InitOptions) -> dict[str, Any]:
    write_config(options)
    loaded: dict[str, Any] = yaml.safe_load(options.out.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("kind", ["causal", pytest.param("seq2seq", marks=pytest.mark.slow)])
def test_what_it_writes_is_trained_without_an_edit(
    kind: str, checkpoints: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = _jsonl(tmp_path / "mine.jsonl", 30)
    main(["--data", str(data), "--backbone", str(checkpoints[kind]), "--out", "my.yaml"])
    config = yaml.safe_load(Path("my.yaml").read_text(encoding="utf-8"))
    assert config["data"]["train"] == config["data"]["val"] == [{"path": "mine.jsonl", "split": {"dev": 0.2}}]
    run_gner("fit", ["--config", "my.yaml", "--trainer.max_epochs", "1"])
    assert "val/f1" in metrics_of(Path("runs/my"))["last"]["metrics"]


def test_a_source_with_splits_keeps_them(toy_root: Path, checkpoints: dict[str, Path], tmp_path: Path) -> None:
    config = _config(InitOptions(str(toy_root / "toy"), str(checkpoints["causal"]), out=tmp_path / "c.yaml"))
    assert config["data"]["train"] == config["data"]["test"] == [{"path": str(toy_root / "toy")}]


def test_lengths_are_those_of_the_data(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    data = _jsonl(tmp_path / "mine.jsonl", 120)
    config = _config(InitOptions(str(data), str(checkpoints["seq2seq"]), out=tmp_path / "c.yaml"))["data"]
    assert config["train"][0]["split"] == {"dev": 0.1, "test": 0.1}
    assert config["max_input_tokens"] % 32 == config["max_answer_tokens"] % 32 == 0
    assert config["max_answer_tokens"] < 640


def test_memory_decides_what_is_trained(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    data, model = str(_jsonl(tmp_path / "mine.jsonl", 30)), str(checkpoints["causal"])
    large = _config(InitOptions(data, model, gpu="24GB", out=tmp_path / "large.yaml"))
    assert "lora" not in large["model"]
    assert (large["trainer"]["accelerator"], large["trainer"]["precision"]) == ("gpu", "bf16-mixed")
    assert large["data"]["batch_size"] == 16


def test_reasons_are_in_the_file_and_on_the_terminal(
    checkpoints: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = _jsonl(tmp_path / "mine.jsonl", 30), tmp_path / "c.yaml"
    main(["--data", str(data), "--backbone", str(checkpoints["causal"]), "--out", str(out)])
    told, written = capsys.readouterr().out, out.read_text(encoding="utf-8")
    assert "python -m gner.fit --config" in told and "python -m gner.fit --config" in written
    for reason in ("all weights of a pretrained model are trained", "2 types: person, place"):
        assert reason in told
        assert reason in written


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gpu": "much"}, r"Expected an amount of memory such as 80GB, got much. Set --gpu."),
        ({"gpu": "1.5GB"}, r"Expected a model that can be trained with 2 GiB, but this one"),
        ({"data": "nowhere.jsonl"}, "nowhere.jsonl"),
        ({"backbone": "./nowhere"}, "there is no folder `./nowhere`"),
    ],
)
def test_mistakes_end_with_one_message(
    changes: dict[str, str],
    message: str,
    checkpoints: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {"data": str(_jsonl(tmp_path / "mine.jsonl", 30)), "backbone": str(checkpoints["causal"]), **changes}
    arguments = [part for name, value in given.items() for part in (f"--{name}", value)]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--out", str(tmp_path / "c.yaml")])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "c.yaml").exists()


def test_a_config_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["--data", "x", "--backbone", "y", "--out", str(tmp_path / "c.yaml")])
    assert "Expected a new file" in capsys.readouterr().err
    assert (tmp_path / "c.yaml").read_text(encoding="utf-8") == "mine"
