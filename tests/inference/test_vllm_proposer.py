"""The drafter inside vLLM, driven as vLLM drives it: with the token ids of rows that come, go and change places."""

import random
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gner.data.batch_maker import make_batch_maker
from gner.decoding import Greedy
from gner.inference.gner_config import Settings
from gner.inference.loading import Loaded, load, load_empty
from gner.inference.vllm_proposer import DraftProposer, make_drafts
from gner.prompting import GnerFormat, UniNerFormat
from gner.records import Example
from gner.testing import TinyModel

MOST_TOKENS = 256


def _proposer(folder: Path, num_drafted: int = 16) -> DraftProposer:
    return DraftProposer(
        SimpleNamespace(
            model_config=SimpleNamespace(model=str(folder), max_model_len=MOST_TOKENS),
            speculative_config=SimpleNamespace(num_speculative_tokens=num_drafted),
        )
    )


def _answers(loaded: Loaded, examples: Sequence[Example]) -> list[tuple[list[int], list[int]]]:
    """The prompt of each example, and what greedy search writes."""
    format = loaded.settings.format
    maker = make_batch_maker(format, loaded.backbone)
    model = TinyModel(loaded.network, loaded.backbone.tokenizer, format, maker)  # type: ignore[arg-type]
    batch = maker.for_decoding(examples)
    with torch.inference_mode():
        written = Greedy().generate(model, batch)
    prompts = [row.prompt for row in maker.encode(examples)]
    return [(prompt, one.token_ids) for prompt, one in zip(prompts, written, strict=True)]


class Engine:
    """Takes drafts as vLLM does: those that a network agrees with, whose answers are known, and the next token."""

    def __init__(self, proposer: DraftProposer, answers: Sequence[tuple[list[int], list[int]]], seed: int) -> None:
        self._proposer = proposer
        self._rng = random.Random(seed)
        self._waiting = list(answers)
        self._open: list[tuple[list[int], list[int], list[int], list[int]]] = []  # prompt, answer, written, draft
        self.num_steps = 0
        self.written: list[list[int]] = []

    def run(self, most_rows: int = 3) -> None:
        while self._waiting or self._open:
            while self._waiting and len(self._open) < most_rows:
                self._open.append((*self._waiting.pop(0), [], []))
            self._rng.shuffle(self._open)
            self._step()

    def _step(self) -> None:
        tokens = np.zeros((len(self._open) + 2, MOST_TOKENS), dtype=np.int32)
        sampled: list[list[int]] = []
        lengths = np.zeros(len(self._open) + 2, dtype=np.int32)
        for row, (prompt, answer, written, draft) in enumerate(self._open):
            is_idle = self._rng.random() < 0.2  # a prompt that is being read, or a row that was not scheduled
            new = [] if is_idle else self._verify(answer, written, draft)
            written.extend(new)
            all_tokens = prompt + written
            tokens[row, : len(all_tokens)], lengths[row] = all_tokens, len(all_tokens)
            sampled.append(new)
        drafts = self._proposer.propose(sampled, lengths, tokens, slot_mappings=None)
        self.num_steps += sum(map(bool, sampled))
        assert len(drafts) == len(self._open)
        still_open = []
        for (prompt, answer, written, draft), new, proposed in zip(self._open, sampled, drafts, strict=True):
            assert len(proposed) <= 16
            if len(written) == len(answer):
                self.written.append(written)
            else:
                still_open.append((prompt, answer, written, proposed if new else draft))
        self._open = still_open

    def _verify(self, answer: list[int], written: list[int], draft: list[int]) -> list[int]:
        rest = answer[len(written) :]
        verified = draft[: self._rng.choice([len(draft), len(draft), 2])]  # there may be no room for all of it
        agreed = 0
        while agreed < min(len(verified), len(rest) - 1) and verified[agreed] == rest[agreed]:
            agreed += 1
        return rest[: agreed + 1]


@pytest.mark.parametrize("seed", range(4))
def test_drafts_save_most_steps_of_a_trained_model(
    seed: int, trained: dict[str, Path], examples: list[Example]
) -> None:
    """Rows may have equal prompts."""
    answers = _answers(load(trained["causal"]), examples + examples[:2])
    engine = Engine(_proposer(trained["causal"]), answers * 3, seed)
    engine.run()
    assert sorted(engine.written) == sorted(answer for _, answer in answers * 3)
    assert engine.num_steps < 0.4 * sum(map(len, engine.written))


def test_what_was_written_is_expected_again(trained: dict[str, Path], examples: list[Example]) -> None:
    answers = _answers(load(trained["causal"]), examples)
    proposer = _proposer(trained["causal"])
    steps = []
    for _ in range(2):
        engine = Engine(proposer, answers, seed=0)
        engine.run()
        steps.append(engine.num_steps)
    assert steps[1] < steps[0]


def test_answers_that_are_no_answers_are_drafted_too(trained: dict[str, Path], examples: list[Example]) -> None:
    """Whatever a network writes, drafts are only drafts."""
    rng = random.Random(0)
    answers = [
        (prompt, [rng.randrange(300) for _ in range(40)]) for prompt, _ in _answers(load(trained["causal"]), examples)
    ]
    engine = Engine(_proposer(trained["causal"]), answers, seed=1)
    engine.run()
    assert sorted(engine.written) == sorted(answer for _, answer in answers)


def test_other_prompts_and_formats_get_no_drafts(trained: dict[str, Path], examples: list[Example]) -> None:
    loaded = load_empty(trained["causal"])
    [(prompt, answer), *_] = _answers(load(trained["causal"]), examples)
    drafts = make_drafts(loaded)
    assert drafts.step([(np.array([7, 8, 9]), [9])], limit=8) == [[]]
    [draft] = drafts.step([(np.array(prompt + answer[:1]), answer[:1])], limit=8)
    assert len(draft) == 8
    settings = vars(loaded.settings)
    uniner = make_drafts(loaded._replace(settings=Settings(**settings | {"format": UniNerFormat()})))
    assert uniner.step([(np.array(prompt + answer[:1]), answer[:1])], limit=8) == [[]]


@pytest.mark.parametrize("causal_template", ["plain", "auto", "<<{prompt}>>"])
def test_prompts_are_read_in_any_template(
    causal_template: str, trained: dict[str, Path], examples: list[Example]
) -> None:
    loaded = load(trained["causal"], format=GnerFormat(None, causal_template=causal_template))
    for prompt, _ in _answers(loaded, examples):
        [draft] = make_drafts(loaded).step([(np.array([*prompt, 5]), [5])], limit=64)
        assert draft


def test_drafts_end_where_the_positions_end(trained: dict[str, Path], examples: list[Example]) -> None:
    [(prompt, answer), *_] = _answers(load(trained["causal"]), examples)
    proposer = _proposer(trained["causal"])
    proposer._most_tokens = len(prompt) + 4
    tokens = np.array([prompt + answer[:1]])
    [draft] = proposer.propose([answer[:1]], [len(prompt) + 1], tokens)
    assert len(draft) == 2
