"""Warns about training and validation data whose score will mislead: shared sentences, unseen types, no entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lightning.pytorch.utilities.rank_zero import rank_zero_warn

from gner.bio import OUTSIDE, split_tag, to_entities
from gner.data.reading.splits import listed
from gner.errors import close_names
from gner.records import Example


class Shared(NamedTuple):
    """Sentences of a validation dataset that are trained on.

    Attributes:
        number: How many.
        total: Number of all its sentences.
        val: The first.
        train: The training sentence with the same words.
    """

    number: int
    total: int
    val: Example
    train: Example


def find_shared(train: Sequence[Example], val: Sequence[Example]) -> dict[str, Shared]:
    """What each validation dataset shares with the training data; sentences are equal if their words are.

    Example:
        >>> train = [Example(("Ada", "slept"), ("O", "O"), (), "news", "0", "train.txt:1")]
        >>> val = [*train, Example(("Bob", "slept"), ("O", "O"), (), "news", "1", "dev.txt:1")]
        >>> [(dataset, one.number, one.total, one.train.source) for dataset, one in find_shared(train, val).items()]
        [('news', 1, 2, 'train.txt:1')]
    """
    trained: dict[tuple[str, ...], Example] = {}
    for example in train:
        trained.setdefault(example.words, example)
    total = Counter(example.dataset for example in val)
    found: dict[str, Shared] = {}
    for example in val:
        if example.words in trained:
            new = Shared(0, total[example.dataset], example, trained[example.words])
            before = found.get(example.dataset, new)
            found[example.dataset] = before._replace(number=before.number + 1)
    return found


def find_untrained(train: Sequence[Example], val: Sequence[Example]) -> dict[str, Counter[str]]:
    """The types of entities that training never shows, with their numbers, for each dataset of both.

    A dataset that is only validated on has other types on purpose (zero-shot).

    Example:
        >>> train = [Example(("Ada",), ("B-person",), ("person", "city"), "news", "0")]
        >>> val = [Example(("Rome",), ("B-city",), ("person", "city"), dataset, "0") for dataset in ("news", "movies")]
        >>> find_untrained(train, val)
        {'news': Counter({'city': 1})}
    """
    known = _entity_types(train)
    datasets = {example.dataset for example in train}
    found: dict[str, Counter[str]] = {}
    for example in val:
        types = [entity.type for entity in to_entities(example.tags) if entity.type not in known]
        if types and example.dataset in datasets:
            found.setdefault(example.dataset, Counter()).update(types)
    return found


def find_empty(examples: Iterable[Example]) -> list[str]:
    """The datasets without any entity.

    Example:
        >>> find_empty([Example(("Ada",), ("O",), ("person",), "news", "0")])
        ['news']
    """
    has_entity: dict[str, bool] = {}
    for example in examples:
        has_entity[example.dataset] = has_entity.get(example.dataset, False) or any(
            tag != OUTSIDE for tag in example.tags
        )
    return [dataset for dataset, has_one in has_entity.items() if not has_one]


def warn_of_splits(train: Sequence[Example], val: Sequence[Example]) -> None:
    """Warn about shared sentences, types that training never shows, and datasets without entities."""
    shared = find_shared(train, val)
    if shared:
        found = [_describe_shared(dataset, one) for dataset, one in shared.items()]
        is_same = any(one.number == one.total for one in shared.values())
        hint = " A source without splits can be divided: see `split` in docs/data.md." if is_same else ""
        rank_zero_warn(
            f"Sentences of data.val are trained on too, so val/f1 is higher than it will be on new text: "
            f"{', '.join(found)}.{hint}"
        )
    known = sorted(_entity_types(train))
    for dataset, counts in find_untrained(train, val).items():
        names = [_describe_type(kind, number, known) for kind, number in counts.most_common()]
        rank_zero_warn(f"Entities of `{dataset}` in data.val have types that none in data.train has: {listed(names)}.")
    for key, examples in (("data.train", train), ("data.val", val)):
        for dataset in find_empty(examples):
            rank_zero_warn(
                f"No sentence of `{dataset}` in {key} has an entity: is it annotated, and read as it should?"
            )


def _describe_shared(dataset: str, shared: Shared) -> str:
    first = f"{shared.val.source}, trained on as {shared.train.source}"
    return f"{shared.number:,} of {shared.total:,} sentences of `{dataset}` (the first: {first})"


def _describe_type(kind: str, number: int, known: Iterable[str]) -> str:
    close = close_names(kind, known)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    return f"`{kind}` ({number:,} times{hint})"


def _entity_types(examples: Iterable[Example]) -> set[str]:
    tags: set[str] = set()
    for example in examples:
        tags.update(example.tags)
    return {split_tag(tag)[1] for tag in tags if tag != OUTSIDE}
