"""HTML page of runs side by side, with the sentences in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gner.files import without_nan
from gner.studies.run_comparison import RunComparison, as_values
from gner.web_page import MAX_ITEMS, write_page


def write_run_page(path: Path, compared: RunComparison) -> None:
    """Write one self-contained HTML file; of more than `gner.web_page.MAX_ITEMS` sentences that differ, the first."""
    values = as_values(compared)
    names = [run.name for run in compared.runs]
    differing = values.pop("disagreements")
    shown = [_as_row(sentence, names) for sentence in differing[:MAX_ITEMS]]
    data = {**values, "names": names, "leftOut": len(differing) - len(shown), "sentences": shown}
    write_page(path, "gner.studies/run_page.html", without_nan(data))


def _as_row(sentence: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The fields that the page's script reads: entities by side, with a fault where gold has other ones."""
    gold = {_key(entity) for entity in sentence["gold"]}
    row = {key: sentence[key] for key in ("dataset", "id", "words", "right", "texts")}
    row["gold"] = [[*_key(entity), None] for entity in sentence["gold"]]
    for name in names:
        keys = map(_key, sentence["found"][name])
        row[name] = [[*key, None if key in gold else "wrong"] for key in keys]
    return row


def _key(entity: Mapping[str, Any]) -> tuple[int, int, str]:
    return entity["start"], entity["end"], entity["type"]
