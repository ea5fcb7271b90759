"""Files of predictions to score."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gner.score import main


def row_of(words: str, tags: str, prediction: str, dataset: str = "toy", **more: object) -> dict[str, Any]:
    """A row of a file of predictions, with words and tags separated by spaces."""
    instance = {"id": "0", "words": words.split(), "labels": tags.split()}
    return {"dataset": dataset, "label_list": ["city"], "instance": instance, "prediction": prediction} | more


ROWS = [
    row_of("in Rome", "O B-city", "in(O) Rome(B-city)", split="test"),
    row_of("in Österby now", "O B-city O", "in(O) sterby(B-city) now(O)"),
    row_of("to Rome ( Italy )", "O B-city O B-city O", "to(O) Rome(I-city) ((O) Italy(O) )(O)"),
    row_of("<b> & </script>", "B-city O O", "<b>(B-city) &(O) </script>(B-city)", "hard </script>", finished=False),
]


def score_file(file: Path, tmp_path: Path, *more: str) -> dict[str, Any]:
    """What ``python -m gner.score --json`` writes."""
    out = tmp_path / "scores.json"
    main([str(file), "--json", str(out), *more])
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def write_rows(path: Path, rows: Iterable[dict[str, Any]] = ROWS) -> Path:
    """Write a file of predictions."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
