"""Decides which entity types the sentences of a source offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from gner.bio import split_tag, tags_of, to_entities
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Sentence
from gner.errors import UserError, did_you_mean

OPEN_TYPES = 100
"""The most types that a prompt can list; of a source with more, and no list of them, each sentence offers its own."""
_NUM_COMMON = 10


def count_types(sentences: Iterable[Sentence]) -> Counter[str]:
    """Number of entities of each type."""
    of_tags: Counter[str] = Counter()
    for sentence in sentences:
        of_tags.update(sentence.tags)
    starts = {tag: number for tag, number in of_tags.items() if tag[0] == "B"}
    return Counter({split_tag(tag)[1]: number for tag, number in starts.items()})


def check_types(sentences: Iterable[Sentence], types: Sequence[str]) -> None:
    """Check that all entities have one of the configured types.

    Raises:
        UserError: One has another type.
    """
    known = set(tags_of(types))
    for sentence in sentences:
        if not known.issuperset(sentence.tags):
            other = next(split_tag(tag)[1] for tag in sentence.tags if tag not in known)
            hint = did_you_mean(other, types)
            raise UserError(
                f"{sentence.place}: the type `{other}` is not in the `types` of the source, which are "
                f"{', '.join(types)}.{hint} Add it, or set `types` to a mapping that renames it, or drops it: "
                f"{{{other}: null}}."
            )


def with_used_types(types: Sequence[str], sentences: Iterable[Sentence], report: ReadReport) -> tuple[str, ...]:
    """The declared types, followed by undeclared ones of entities in alphabetical order, which are reported."""
    known = set(types)
    added: dict[str, str] = {}
    for sentence in sentences:
        for entity in to_entities(sentence.tags):
            if entity.type not in known:
                if entity.type not in added:
                    added[entity.type] = f"`{entity.type}`.{did_you_mean(entity.type, types)}".removesuffix(".")
                report.add("unknown_type", sentence.place, added[entity.type])
    return (*types, *sorted(added))


def offered_types(sentence: Sentence, types: Sequence[str], common: Sequence[str]) -> tuple[str, ...]:
    """The types that one sentence offers.

    Args:
        sentence: The sentence.
        types: The types for sentences without a list of their own; empty if they are too many.
        common: In that case, the types for sentences without entities.
    """
    if sentence.types is not None:
        return sentence.types
    return tuple(types) or tuple(dict.fromkeys(entity.type for entity in to_entities(sentence.tags))) or tuple(common)


def common_types(counts: Counter[str]) -> tuple[str, ...]:
    """The most frequent types, in alphabetical order."""
    most = sorted(counts, key=lambda entity_type: (-counts[entity_type], entity_type))[:_NUM_COMMON]
    return tuple(sorted(most))
