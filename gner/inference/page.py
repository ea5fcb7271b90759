"""A page that shows texts with their entities."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from gner.files import replacing
from gner.inference.convert import Result
from gner.scoring.page import MAX_SENTENCES


def write_page(path: Path, results: Iterable[Result]) -> None:
    """Write one HTML file that needs nothing else; of more than 20,000 texts it says how many it leaves out."""
    texts: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    num_left_out = 0
    for result in results:
        if len(texts) == MAX_SENTENCES:
            num_left_out += 1
            continue
        found = [[entity["start"], entity["end"], entity["label"], entity["score"]] for entity in result.entities]
        texts.append({"name": str(result.row.get("id", "")), "text": result.text.text, "entities": found})
        counts.update(entity["label"] for entity in result.entities)
    data = {"texts": texts, "labels": counts.most_common(), "leftOut": num_left_out}
    page = (resources.files("gner.inference") / "page.html").read_text(encoding="utf-8")
    # "<" is escaped so that no text in the data can end the script element; the rest is ASCII for odd surrogates
    encoded = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    with replacing(path) as file:
        file.write(page.replace("__DATA__", encoded, 1))
