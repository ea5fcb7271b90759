"""Batches of several questions a sentence, and each of their rows by itself."""

import random
from copy import copy
from typing import Any

from torch import nn

from gner.decoding.drafter import num_agreed
from gner.decoding.packed_verifier import PackedVerifier
from gner.decoding.verifier import Verifier
from gner.interfaces import Batch
from gner.records import Example
from gner.testing import TinyModel, tiny_model
from tests.conftest import make_example
from tests.prompting.questions import QuestionFormat

_KINDS = ("person", "place", "car", "a work of art", "x")
_TEXTS = (
    "Ada/B-person Lovelace/I-person wrote/O to/O London/B-place ,/O where/O it/O rained/O for/O a/O week/O ./O",
    "nothing/O here/O",
    "Grace/B-person Hopper/I-person met/O Ada/B-person in/O New/B-place York/I-place (/O 1950/O )/O ./O",
)


def examples_with_questions() -> list[Example]:
    """Three sentences with five, one and four types, which differ in length."""
    kinds = (_KINDS, _KINDS[:1], _KINDS[:4])
    return [make_example(text, at, types) for at, (text, types) in enumerate(zip(_TEXTS, kinds, strict=True))]


def model_of_questions(kind: str = "causal", seed: int = 0) -> TinyModel:
    """A tiny model that is asked for each type by itself."""
    return tiny_model(kind, seed, QuestionFormat())


def alone(batch: Batch, row: int) -> Batch:
    """One row of a causal batch, without padding."""
    length = batch.prompt_lengths[row]
    one = copy(batch)
    one.prompt_ids = batch.prompt_ids[row : row + 1, -length:]
    one.prompt_mask = batch.prompt_mask[row : row + 1, -length:]
    one.examples, one.owners, one.prompt_lengths = [batch.row_examples[row]], [0], [length]
    return one


class TokenCounter:
    """Counts what a network reads, padding included.

    Args:
        network: It is watched for as long as it lives.

    Attributes:
        passes: Tokens of each pass.
    """

    def __init__(self, network: nn.Module) -> None:
        self.passes: list[int] = []
        network.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.passes.append(named["input_ids"].numel())

    def taken(self) -> int:
        """Tokens since this was last asked."""
        found, self.passes = sum(self.passes), []
        return found


def write_with_drafts(
    verifier: Verifier | PackedVerifier, targets: list[list[int]], rng: random.Random
) -> tuple[list[list[int]], list[list[float]]]:
    """Write texts with drafts that are right up to a random place; rows end at different times.

    Returns:
        What was written, and log-probabilities.
    """
    written: list[list[int]] = [[] for _ in targets]
    log_probs: list[list[float]] = [[] for _ in targets]
    active = list(range(len(targets)))
    while active:
        drafts = []
        for row in active:
            rest = targets[row][len(written[row]) : -1]
            draft = rest[: rng.randrange(5)] + rng.choices(range(40), k=rng.randrange(3))
            drafts.append(draft[: len(rest)])
        chosen, scores = verifier.check(drafts)
        agreed = [num_agreed(draft, row) for draft, row in zip(drafts, chosen, strict=True)]
        for place, row in enumerate(active):
            assert len(chosen[place]) == len(scores[place]) == len(drafts[place]) + 1
            written[row] += chosen[place][: agreed[place] + 1]
            log_probs[row] += scores[place][: agreed[place] + 1]
        unfinished = [place for place, row in enumerate(active) if len(written[row]) < len(targets[row])]
        if unfinished:
            verifier.keep(unfinished, agreed, [written[row][-1] for row in active])
        active = [active[place] for place in unfinished]
    return written, log_probs
