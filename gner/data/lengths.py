"""Sentences that are longer than the config allows, or than a backbone can read or write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from lightning.pytorch.utilities.rank_zero import rank_zero_warn

from gner.bio import OUTSIDE
from gner.data.batch_maker import BatchMaker
from gner.errors import UserError
from gner.interfaces import Kind, Positions, TokenizerOwner
from gner.records import Example


class TokenLimits(NamedTuple):
    """The longest training examples in tokens, as the config has them.

    Attributes:
        max_input: Of a prompt; for a causal backbone of prompt and answer together.
        max_answer: Of an answer; not used for a causal backbone.

        kind: Of the backbone.

    Example:
        >>> sizes = [[(90, 40)], [(50, 20), (101, 1)]]  # a sentence with one row, and one with two
        >>> [TokenLimits(100, 50, kind).fitting(sizes) for kind in (Kind.SEQ2SEQ, Kind.CAUSAL)]
        [[True, False], [False, False]]
    """

    max_input: int
    max_answer: int
    kind: Kind

    def fitting(self, sizes: Sequence[Sequence[tuple[int, int]]]) -> list[bool]:
        """Which sentences are short enough, given the tokens of prompt and answer of each one's rows."""
        return [all(self._fits(*size) for size in rows) for rows in sizes]

    def _fits(self, prompt: int, answer: int) -> bool:
        if self.kind is Kind.CAUSAL:
            return prompt + answer <= self.max_input
        return prompt <= self.max_input and answer <= self.max_answer

    def check(
        self, examples: Sequence[Example], sizes: Sequence[Sequence[tuple[int, int]]], split: str, collate: BatchMaker
    ) -> list[bool]:
        """Which sentences of a split are short enough; logs how many are not, and where the first is.

        Args:
            examples: The sentences.
            sizes: Tokens of prompt and answer of each one's rows.
            split: For the message.
            collate: Counts tokens, to see whether the list of types is to blame.

        Raises:
            UserError: All training sentences are too long.
        """
        fitting = self.fitting(sizes)
        if all(fitting):
            return fitting
        first = examples[fitting.index(False)]
        [shortest] = collate.sizes([replace(first, words=("a",), tags=(OUTSIDE,))])
        limits = f"data.max_input_tokens={self.max_input} or data.max_answer_tokens={self.max_answer}"
        where = f"The first is {first.source}.{blame_types(first, shortest, self.max_input)}"
        if split == "train" and not any(fitting):
            raise UserError(f"No training sentence is left: all are longer than {limits}. {where}")
        fate = "they are left out of training" if split == "train" else "they are kept whole, so that no entity is lost"
        number = f"{fitting.count(False):,} of {len(examples):,} sentences"
        rank_zero_warn(f"{split}: {number} are longer than {limits}; {fate}. {where}")
        return fitting


def blame_types(example: Example, shortest: Sequence[tuple[int, int]], most: int) -> str:
    """Blame the list of types if a prompt is too long with a single word; empty if the sentence is to blame.

    Args:
        example: A sentence that is too long.
        shortest: Tokens of prompt and answer of each row of a sentence of one word with the same types.
        most: The most tokens of a prompt.

    Example:
        >>> example = Example(("Ada", "slept"), ("O", "O"), ("person", "city"), "news", "0", "a.jsonl:1")
        >>> blame_types(example, [(700, 3)], most=640)  # doctest: +ELLIPSIS
        ' Its 2 types alone take 700 tokens of the prompt. Raise data.max_input_tokens, or offer fewer types ...'
        >>> blame_types(example, [(40, 3)], most=640)
        ''
    """
    prompt = max(prompt for prompt, _ in shortest)
    if prompt <= most:
        return ""
    return (
        f" Its {len(example.types):,} types alone take {prompt:,} tokens of the prompt. Raise data.max_input_tokens, "
        "or offer fewer types with `types` of the source, which renames and drops them, or shorten their descriptions."
    )


def check_positions(
    backbone: TokenizerOwner, examples: Sequence[Example], sizes: Sequence[Sequence[tuple[int, int]]], split: str
) -> None:
    """Refuse sentences that need more positions than there are.

    Args:
        backbone: What reads them.
        examples: The sentences of a split.
        sizes: Tokens of their prompts and answers, one or more of each sentence.
        split: For the message.

    Raises:
        UserError: There are some; the message has the place of the first and how many there are.

    Example:
        >>> from gner.testing import make_examples
        >>> from gner.models import Backbone, FromScratch
        >>> short = Backbone(FromScratch("llama", vocab_size=300, config={"max_position_embeddings": 64}))
        >>> check_positions(short, make_examples()[:2], [[(20, 10)], [(50, 20)]], "dev")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: toy.txt:1: the sentence needs 70 tokens with its prompt and answer, but the backbone ...
    """
    positions = backbone.positions
    joint = backbone.kind is Kind.CAUSAL
    needs = [_largest_excess(rows, positions, joint=joint) for rows in sizes]
    over = [index for index, need in enumerate(needs) if need is not None]
    if over:
        first = over[0]
        raise UserError(
            f"{examples[first].source}: the sentence needs {needs[first]}{_others(len(over) - 1, split)}. Split "
            "these sentences, or set model.backbone to a model with a longer context."
        )


def _others(number: int, split: str) -> str:
    return f"; so do {number:,} others of {split}" if number else ""


def _largest_excess(rows: Sequence[tuple[int, int]], positions: Positions, *, joint: bool) -> str | None:
    """The same for the longest of a sentence's rows."""
    needs = [_excess(*size, positions, joint=joint) for size in sorted(rows, key=sum, reverse=True)]
    return next((need for need in needs if need is not None), None)


def _excess(prompt: int, answer: int, positions: Positions, *, joint: bool) -> str | None:
    """What a sentence needs beyond what there is, or None if it fits."""
    if joint:
        parts = [(prompt + answer, "with its prompt and answer", positions.answer)]
    else:
        parts = [(prompt, "with its prompt", positions.prompt), (answer, "for its answer", positions.answer)]
    for size, what, most in parts:
        if most is not None and size > most:
            return f"{size} tokens {what}, but the backbone reads at most {most}"
    return None
