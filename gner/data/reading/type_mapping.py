"""Renames and drops entity types, as the `types` of a source say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gner.bio import OUTSIDE, split_tag, to_entities
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Sentence
from gner.errors import did_you_mean


class TypeMapping:
    """Gives types their new names, and remembers which types there are.

    Args:
        types: The `types` of a source; anything but a mapping leaves types as they are.

    Example:
        >>> mapping = TypeMapping({"PER": "person", "MISC": None, "loc": "place"})
        >>> mapping.rename("PER"), mapping.rename("MISC"), mapping.rename("LOC")
        ('person', None, 'LOC')
        >>> mapping.unknown_keys()
        {'loc': ' Did you mean `LOC`?'}
    """

    def __init__(self, types: Sequence[str] | dict[str, str | None] | None) -> None:
        self._mapping = types if isinstance(types, dict) else {}
        self._met: set[str] = set()

    def rename(self, entity_type: str) -> str | None:
        """The new name of a type; None to drop it."""
        self._met.add(entity_type)
        if entity_type in self._mapping:
            return self._mapping[entity_type]
        return self._mapping.get("*", entity_type)

    def rename_all(self, types: Iterable[str]) -> tuple[str, ...]:
        """The new names of types, each once, without those that are dropped."""
        renamed = (self.rename(entity_type) for entity_type in types)
        return tuple(dict.fromkeys(entity_type for entity_type in renamed if entity_type is not None))

    def apply(self, sentence: Sentence, report: ReadReport) -> Sentence:
        """A sentence with the types of its tags renamed; entities of dropped types become O, and are reported."""
        if not self._mapping:
            return sentence
        for entity in to_entities(sentence.tags):
            if self.rename(entity.type) is None:
                report.add("dropped_type", sentence.place, f"`{entity.type}`")
        return sentence._replace(tags=tuple(self._renamed_tag(tag) for tag in sentence.tags))

    def _renamed_tag(self, tag: str) -> str:
        prefix, entity_type = split_tag(tag)
        renamed = self.rename(entity_type) if entity_type else None
        return f"{prefix}-{renamed}" if renamed is not None else OUTSIDE

    def unknown_keys(self) -> dict[str, str]:
        """Keys of the mapping that no type has, with a hint at what may have been meant."""
        unknown = sorted(self._mapping.keys() - self._met - {"*"})
        return {key: did_you_mean(key, sorted(self._met)) for key in unknown}
