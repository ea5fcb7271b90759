"""Sentences that are too long."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gner.cli import main
from gner.errors import UserError
from gner.models import Backbone
from tests.data.modules import fitting
from tests.models.matrix import make_checkpoint

Write = Callable[..., Path]


def test_an_answer_too_long_for_the_decoder_is_refused(tmp_path: Path, toy_root: Path, capsys: Any) -> None:
    folder = make_checkpoint("led", tmp_path / "led")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["max_decoder_position_embeddings"] = 20
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    options = ["--data.root", str(toy_root), "--data.train", "[toy]", "--data.val", "[toy]"]
    with pytest.raises(SystemExit):
        main("fit", ["--model.backbone", str(folder), *options, "--trainer.default_root_dir", str(tmp_path / "run")])
    assert "tokens for its answer, but the backbone reads at most 20" in capsys.readouterr().err


def test_long_sentences_leave_training_and_stay_in_validation_and_both_is_said(
    backbone: Backbone, write_dataset: Write
) -> None:
    long = "word\tO\n" * 60 + "London\tB-place\n"
    root = write_dataset(train=f"short\tO\n\n{long}", dev=long)
    with pytest.warns(UserWarning) as caught:
        data = fitting(backbone, root, max_answer_tokens=100)
    messages = [str(warning.message) for warning in caught]
    assert any(m.startswith("train: 1 of 2 sentences") and "train.txt:3" in m for m in messages)
    assert any(m.startswith("dev: 1 of 1 sentences") and "kept whole" in m for m in messages)
    assert [example.words for batch in data.train_dataloader() for example in batch.examples] == [("short",)]
    [batch] = data.val_dataloader()
    assert batch.examples[0].tags[-1] == "B-place"
    assert backbone.tokenizer.decode(batch.labels[0, :-1]).endswith("London(B-place)")


def test_what_the_backbone_cannot_read_is_refused_with_its_line(
    checkpoints: dict[str, Path], write_dataset: Write
) -> None:
    backbone = Backbone(str(checkpoints["causal"]))
    backbone.config.max_position_embeddings = 500
    root = write_dataset(train="x\tO\n", dev="x\tO\n\n" + "word\tO\n" * 200)
    with pytest.raises(UserError, match=r"dev.txt:3: the sentence needs \d+ tokens .* at most 500"):
        fitting(backbone, root)
