"""Sentences that are longer than a backbone can read or write."""

from __future__ import annotations

from collections.abc import Sequence

from gner.errors import UserError
from gner.interfaces import Kind, Positions, TokenizerOwner
from gner.records import Example


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
    """
    positions = backbone.positions
    joint = backbone.kind is Kind.CAUSAL
    needs = [_largest_excess(rows, positions, joint=joint) for rows in sizes]
    over = [index for index, need in enumerate(needs) if need is not None]
    if over:
        raise UserError(
            f"{examples[over[0]].source}: the sentence needs {needs[over[0]]}; so do {len(over) - 1} others of "
            f"{split}. Split these sentences, or set model.backbone to a model with a longer context."
        )


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
