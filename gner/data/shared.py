"""Warns about leakage: validation sentences that are also in the training data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lightning.pytorch.utilities.rank_zero import rank_zero_warn

from gner.records import Example


def count_shared(train: Sequence[Example], val: Sequence[Example]) -> dict[str, tuple[int, int]]:
    """For each validation dataset with leaked sentences, their number and the number of all its sentences.

    Sentences are equal if their words are.

    Example:
        >>> train = [Example(("Ada", "slept"), ("O", "O"), (), "news", "0")]
        >>> val = [*train, Example(("Bob", "slept"), ("O", "O"), (), "news", "1")]
        >>> count_shared(train, val)
        {'news': (1, 2)}
    """
    trained = {example.words for example in train}
    total = Counter(example.dataset for example in val)
    shared = Counter(example.dataset for example in val if example.words in trained)
    return {dataset: (count, total[dataset]) for dataset, count in shared.items()}


def warn_of_shared(train: Sequence[Example], val: Sequence[Example]) -> None:
    """Warn about validation datasets that share sentences with the training data."""
    shared = count_shared(train, val)
    found = [f"{count:,} of {total:,} sentences of `{dataset}`" for dataset, (count, total) in shared.items()]
    if found:
        rank_zero_warn(
            f"Sentences of data.val are trained on too, so val/f1 is higher than it will be on new text: "
            f"{', '.join(found)}."
        )
