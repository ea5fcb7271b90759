"""Detects rows of prediction files that can be scored but look wrong: duplicates, and types not listed."""

from __future__ import annotations

from collections import Counter

from gner.bio import split_tag
from gner.scoring.prediction_file import Row


class Oddities:
    """Collects oddities while rows are scored, and describes them at the end.

    Example:
        >>> from gner.records import Example
        >>> oddities = Oddities()
        >>> example = Example(("Ada",), ("B-Person",), ("person",), "toy", "0", source="a.jsonl:1")
        >>> oddities.add(Row(example, ["Ada(B-person)"], True, {}))
        >>> oddities.messages()  # doctest: +ELLIPSIS
        ['1 row of `toy` has gold entities of the type `Person`, ... It lists `person`: types must agree in case.']
    """

    def __init__(self) -> None:
        self._places: dict[tuple[str, str, str | tuple[str, ...]], str] = {}
        self._twice: Counter[str] = Counter()
        self._first_twice: dict[str, tuple[str, str]] = {}
        self._unlisted: Counter[tuple[str, str]] = Counter()
        self._first_unlisted: dict[tuple[str, str], Row] = {}

    def add(self, row: Row) -> None:
        """Examine a row."""
        example = row.example
        key = (example.dataset, str(row.raw.get("split", "")), example.id or example.words)
        before = self._places.get(key)
        if before is None:
            self._places[key] = example.source
        elif example.id or before == example.source or _file(before) != _file(example.source):
            # Within a file, a dataset without ids may well have a sentence twice.
            self._twice[example.dataset] += 1
            self._first_twice.setdefault(example.dataset, (example.source, before))
        for entity_type in {kind for _, kind in map(split_tag, example.tags) if kind} - set(example.types):
            self._unlisted[example.dataset, entity_type] += 1
            self._first_unlisted.setdefault((example.dataset, entity_type), row)

    def messages(self) -> list[str]:
        """A paragraph for each kind of oddity.

        Example:
            >>> from gner.records import Example
            >>> oddities = Oddities()
            >>> for line in (1, 2):
            ...     oddities.add(Row(Example(("Ada",), ("O",), (), "toy", "7", f"a.jsonl:{line}"), [""], True, {}))
            >>> oddities.messages()  # doctest: +ELLIPSIS
            ['1 row of `toy` has the id of an earlier row ...; the first is at a.jsonl:2, ...']
        """
        found = []
        for dataset, count in self._twice.items():
            again, before = self._first_twice[dataset]
            found.append(
                f"{_rows(count, dataset)} the id of an earlier row or, without ids, the words of one in another file; "
                f"the first is at {again}, the earlier one at {before}. Each row is counted, so scores of several runs "
                "over the same sentences are pooled here. To compare runs, score one file at a time, with `--json OUT` "
                "for numbers."
            )
        for (dataset, entity_type), count in self._unlisted.items():
            row = self._first_unlisted[dataset, entity_type]
            close = [known for known in row.example.types if known.casefold() == entity_type.casefold()]
            hint = f" It lists `{close[0]}`: types must agree in case." if close else ""
            found.append(
                f"{_rows(count, dataset)} gold entities of the type `{entity_type}`, which is not in the `label_list`, "
                f"so none of them can be found; the first is at {row.example.source}.{hint}"
            )
        return found


def _rows(count: int, dataset: str) -> str:
    """The start of a message about rows, such as ``2 rows of `x` have``."""
    return f"{count:,} {'row' if count == 1 else 'rows'} of `{dataset}` {'has' if count == 1 else 'have'}"


def _file(source: str) -> str:
    return source.rpartition(":")[0]
