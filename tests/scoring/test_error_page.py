"""The page of errors."""

import json
from pathlib import Path

from gner.score import main as score
from tests.markup import NASTY, check_page, template_of


def test_error_page_escapes_data(tmp_path: Path) -> None:
    rows = [
        {
            "dataset": nasty,
            "label_list": [nasty],
            "instance": {"id": nasty, "words": [nasty, "x"], "labels": [f"B-{nasty}", "O"]},
            "prediction": f"{nasty}(B-{nasty}) x(O)",
        }
        for nasty in NASTY
    ]
    file, page = tmp_path / "rows.jsonl", tmp_path / "page.html"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    score([str(file), "--html", str(page)])
    data = check_page(page.read_text(encoding="utf-8"), template_of("error_page.html"))
    assert [sentence["words"][0] for sentence in data["sentences"]] == NASTY
    assert list(data["datasets"]) == NASTY
