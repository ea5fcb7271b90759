from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerBase

from gner.data.collate import Collator
from gner.interfaces import Batch
from gner.models import Backbone
from gner.prompting import GnerFormat
from gner.records import Example
from tests.conftest import KINDS


def _batch(folder: Path, examples: list[Example]) -> tuple[Batch, PreTrainedTokenizerBase]:
    backbone = Backbone(str(folder))
    collate = Collator(GnerFormat(), backbone)
    positions = list(range(len(examples)))
    return collate(examples, positions, [True] * len(examples), decode=True), backbone.tokenizer


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_the_answer_and_its_end(kind: str, checkpoints: dict[str, Path], examples: list[Example]) -> None:
    batch, tokenizer = _batch(checkpoints[kind], examples)
    for row, example in zip(batch.labels, examples, strict=True):
        answer = row[row != -100].tolist()
        assert answer[-1] == tokenizer.eos_token_id
        assert tokenizer.eos_token_id not in answer[:-1]
        assert tokenizer.decode(answer[:-1]).strip() == GnerFormat().queries(example)[0].target


@pytest.mark.parametrize("kind", KINDS)
def test_padding_is_masked(kind: str, checkpoints: dict[str, Path], examples: list[Example]) -> None:
    batch, tokenizer = _batch(checkpoints[kind], examples)
    for ids, mask in ((batch.input_ids, batch.attention_mask), (batch.prompt_ids, batch.prompt_mask)):
        assert torch.equal(ids != tokenizer.pad_token_id, mask.bool())


def test_causal_prompts_lie_left_and_are_what_the_loss_reads_before_the_answer(
    checkpoints: dict[str, Path], examples: list[Example]
) -> None:
    batch, tokenizer = _batch(checkpoints["causal"], examples)
    assert batch.prompt_mask[:, -1].all()
    for position, example in enumerate(examples):
        prompt = batch.prompt_ids[position][batch.prompt_mask[position].bool()].tolist()
        whole = batch.input_ids[position][batch.attention_mask[position].bool()].tolist()
        assert whole[: len(prompt)] == prompt
        assert (batch.labels[position][: len(prompt)] == -100).all()
        assert batch.labels[position][len(prompt) : len(whole)].tolist() == whole[len(prompt) :]
        assert tokenizer.decode(prompt, skip_special_tokens=True).strip() == (
            f"[INST] {GnerFormat().queries(example)[0].prompt} [/INST]"
        )


def test_seq2seq_prompts_are_plain(checkpoints: dict[str, Path], examples: list[Example]) -> None:
    batch, tokenizer = _batch(checkpoints["seq2seq"], examples)
    assert batch.prompt_ids is batch.input_ids
    decoded = tokenizer.decode(batch.input_ids[0], skip_special_tokens=True)
    assert decoded == GnerFormat().queries(examples[0])[0].prompt


def test_sizes_count_the_tokens_of_prompt_and_answer(checkpoints: dict[str, Path], examples: list[Example]) -> None:
    for kind in KINDS:
        collate = Collator(GnerFormat(), Backbone(str(checkpoints[kind])))
        batch, _ = _batch(checkpoints[kind], examples)
        prompts, answers = zip(*(size for [size] in collate.sizes(examples)), strict=True)
        assert list(prompts) == batch.prompt_mask.sum(1).tolist()
        assert list(answers) == (batch.labels != -100).sum(1).tolist()
