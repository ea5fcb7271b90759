"""What is odd about the rows of prediction files, though they can be scored."""

from __future__ import annotations

from collections import Counter

from gner.bio import split_tag
from gner.scoring.rows import Row


class Oddities:
    """Looks at rows as they are scored, and says at the end what a reader of the scores should know."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str, str], str] = {}
        self._twice: Counter[str] = Counter()
        self._first_twice: dict[str, tuple[str, str, str]] = {}
        self._unlisted: Counter[tuple[str, str]] = Counter()
        self._first_unlisted: dict[tuple[str, str], Row] = {}

    def add(self, row: Row) -> None:
        """Look at a row."""
        example = row.example
        key = (example.dataset, str(row.raw.get("split", "")), example.id)
        if example.id and key in self._places:
            self._twice[example.dataset] += 1
            self._first_twice.setdefault(example.dataset, (example.id, self._places[key], example.source))
        self._places[key] = example.source
        for entity_type in {kind for _, kind in map(split_tag, example.tags) if kind} - set(example.types):
            self._unlisted[example.dataset, entity_type] += 1
            self._first_unlisted.setdefault((example.dataset, entity_type), row)

    def messages(self) -> list[str]:
        """What there is to know, a paragraph each."""
        found = []
        for dataset, count in self._twice.items():
            name, before, again = self._first_twice[dataset]
            found.append(
                f"{count:,} rows of `{dataset}` are of sentences that occurred before; the first has the id {name} and "
                f"is at {before} and at {again}. Each row is counted, so these scores pool several runs. To compare "
                "runs, score one file at a time, with `--json OUT` for numbers."
            )
        for (dataset, entity_type), count in self._unlisted.items():
            row = self._first_unlisted[dataset, entity_type]
            close = [known for known in row.example.types if known.casefold() == entity_type.casefold()]
            hint = f" It lists `{close[0]}`: types must agree in case." if close else ""
            found.append(
                f"{count:,} rows of `{dataset}` have gold entities of the type `{entity_type}`, which their "
                f"`label_list` does not have, so none can be found; the first is {row.example.source}.{hint}"
            )
        return found
