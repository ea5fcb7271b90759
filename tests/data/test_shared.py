"""Sentences that are trained on and validated with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gner.data.shared import count_shared
from tests.conftest import SENTENCES, make_example
from tests.runs import run_command


def test_sentences_in_both_training_and_validation_cause_a_warning(
    config: Path, write_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    content = [text.replace("/", "\t").replace(" ", "\n") + "\n" for text in SENTENCES]
    root = write_dataset(train="\n".join(content[:3]), dev="\n".join(content[2:]), test=content[0])
    with pytest.warns(UserWarning, match=r"Sentences of data.val are trained on too.*1 of 3 sentences of `toy`"):
        run_command("fit", config, "--data.root", str(root), "--trainer.max_steps", "1")


def test_sentences_are_shared_if_their_words_are_equal_whatever_their_tags() -> None:
    train = [make_example("Ada/B-person left/O"), make_example("it/O rained/O")]
    other = replace(make_example("it/O rained/O"), dataset="other")
    val = [make_example("Ada/O left/O"), make_example("Ada/B-person"), other, other]
    assert count_shared(train, val) == {"toy": (1, 2), "other": (2, 2)}
    assert count_shared([], val) == {}
