"""Sentences that are trained on and validated with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SENTENCES
from tests.runs import run_command


def test_sentences_in_both_training_and_validation_cause_a_warning(
    config: Path, write_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    content = [text.replace("/", "\t").replace(" ", "\n") + "\n" for text in SENTENCES]
    root = write_dataset(train="\n".join(content[:3]), dev="\n".join(content[2:]), test=content[0])
    with pytest.warns(UserWarning, match=r"Sentences of data.val are trained on too.*1 of 3 sentences of `toy`"):
        run_command("fit", config, "--data.root", str(root), "--trainer.max_steps", "1")
