"""Sentences that are trained on and validated with, which makes scores say little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lightning.pytorch.utilities.rank_zero import rank_zero_warn

from gner.records import Example


def count_shared(train: Sequence[Example], val: Sequence[Example]) -> dict[str, tuple[int, int]]:
    """For each dataset of the validation that shares sentences with training: how many, and of how many.

    Sentences are the same if their words are.
    """
    trained = {example.words for example in train}
    total = Counter(example.dataset for example in val)
    shared = Counter(example.dataset for example in val if example.words in trained)
    return {dataset: (count, total[dataset]) for dataset, count in shared.items()}


def warn_of_shared(train: Sequence[Example], val: Sequence[Example]) -> None:
    """Warn of datasets whose validation sentences are trained on as well."""
    shared = count_shared(train, val)
    found = [f"{count:,} of {total:,} sentences of `{dataset}`" for dataset, (count, total) in shared.items()]
    if found:
        rank_zero_warn(
            f"Sentences of data.val are trained on too, so val/f1 is higher than it will be on new text: "
            f"{', '.join(found)}."
        )
