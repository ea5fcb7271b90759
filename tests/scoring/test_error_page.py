"""The page of errors."""

import json
import re
from pathlib import Path

import pytest

from gner.score import main as score
from tests.markup import NASTY, check_page, template_of
from tests.scoring.predictions import ROWS, score_file


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


def test_page_has_every_sentence_and_its_errors(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    score_file(file, tmp_path, "--html", str(page))
    html = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=", html)  # nothing is loaded from elsewhere
    [encoded] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, flags=re.DOTALL)
    data = json.loads(encoded)
    sentences = data["sentences"]
    assert [sentence["words"] for sentence in sentences] == [row["instance"]["words"] for row in ROWS]
    assert sentences[2]["gold"] == [[1, 2, "city", None], [3, 4, "city", "unlabeled"]]
    assert sentences[3]["predicted"] == [[0, 1, "city", None], [2, 3, "city", "spurious"]]
    assert sentences[1]["report"] == {"substitutions": 1}
    cities = [entity for sentence in sentences for entity in sentence["gold"] if entity[2] == "city"]
    assert data["all"]["types"]["city"]["support"] == len(cities)
    assert data["all"]["types"].keys() == {name for group in data["datasets"].values() for name in group["types"]}


def test_full_page_prefers_errors_and_takes_from_all_datasets(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gner.scoring.error_page.MAX_ITEMS", 2)
    page = tmp_path / "page.html"
    score_file(file, tmp_path, "--html", str(page))
    [encoded] = re.findall(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), flags=re.DOTALL)
    data = json.loads(encoded)
    assert data["leftOut"] == 2
    assert [sentence["dataset"] for sentence in data["sentences"]] == ["toy", "hard </script>"]
    assert "unlabeled" in str(data["sentences"][0]["gold"])
