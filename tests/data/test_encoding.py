"""Prompts, answers and segments become token ids."""

import random
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from gner.data.collate import Collator
from gner.interfaces import IGNORED
from gner.models import Backbone
from gner.prompting import GnerFormat, Segment
from gner.records import Example
from tests.conftest import KINDS
from tests.models.matrix import make_checkpoint
from tests.prompting.questions import EXAMPLE, QuestionFormat


@pytest.mark.parametrize("kind", KINDS)
def test_a_conversation_is_tokenized_in_pieces(kind: str, checkpoints: dict[str, Path]) -> None:
    backbone = Backbone(str(checkpoints[kind]))
    tokenizer = backbone.tokenizer
    format = QuestionFormat(conversation=True)
    batch = Collator(format, backbone).for_training([EXAMPLE], [random.Random(0)])
    [segments] = format.training(EXAMPLE, random.Random(0))
    pieces = [_piece(tokenizer, segment) for segment in segments]
    answers = chain.from_iterable(piece for segment, piece in zip(segments, pieces, strict=True) if segment.learned)
    learned = [label for label in batch.labels[0].tolist() if label != IGNORED]
    assert learned == list(answers)
    assert learned.count(tokenizer.eos_token_id) == 3  # each answer ends
    written = list(chain.from_iterable(pieces[2:]))
    if kind == "seq2seq":
        assert batch.answer_ids is not None
        assert batch.answer_ids[0].tolist() == written
        assert batch.input_ids[0].tolist() == [*pieces[0], *pieces[1], tokenizer.eos_token_id]
    else:
        assert batch.input_ids[0].tolist() == [tokenizer.bos_token_id, *pieces[0], *pieces[1], *written]


def _piece(tokenizer: Any, segment: Segment) -> list[int]:
    text = segment.text.removesuffix("</s>") if segment.learned else segment.text
    end = [tokenizer.eos_token_id] if segment.learned else []
    return [*tokenizer(text, add_special_tokens=False)["input_ids"], *end]


def test_the_decoder_of_mbart_starts_with_the_language_and_labels_end_with_the_end_token(tmp_path: Path) -> None:
    backbone = Backbone(str(make_checkpoint("mbart", tmp_path / "mbart")))
    tokenizer = backbone.tokenizer
    assert backbone.build().config.decoder_start_token_id == tokenizer.convert_tokens_to_ids("en_XX")
    [row] = Collator(GnerFormat(), backbone).encode([Example(("Ada",), ("O",), ("person",), "toy", "0")])
    assert row.answer[-1] == tokenizer.eos_token_id
    assert tokenizer.convert_tokens_to_ids("en_XX") not in row.answer
    assert row.prompt[-1] == tokenizer.convert_tokens_to_ids("en_XX")


def test_an_answer_that_a_tokenizer_joins_to_the_prompt_is_tokenized_apart(
    checkpoints: dict[str, Path], examples: list[Example]
) -> None:
    """Generation starts from the prompt's tokens, so training must too, wherever the seam falls."""
    backbone = Backbone(str(checkpoints["causal"]))
    backbone.tokenizer.add_tokens(["[/INST] London"])
    batch = Collator(GnerFormat(), backbone)([examples[1]], [0], [True], decode=True)
    prompt = batch.prompt_ids[0].tolist()
    assert batch.input_ids[0, : len(prompt)].tolist() == prompt
    assert (batch.labels[0] != -100).sum() == batch.input_ids.shape[1] - len(prompt)
