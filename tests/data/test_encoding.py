"""Prompts, answers and segments become token ids."""

import random
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from gner.data.collate import Collator
from gner.interfaces import IGNORED
from gner.models import Backbone
from gner.prompting import Segment
from tests.conftest import KINDS
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
