"""The page of texts with their entities."""

import json
from pathlib import Path

from gner.file_prediction.entity_page import write_entity_page
from gner.predict import main as predict
from tests.file_prediction.rows import LAYOUT, ROWS, row_of
from tests.markup import NASTY, check_page, template_of


def test_entity_page_escapes_data(trained: dict[str, Path], tmp_path: Path) -> None:
    source, page = tmp_path / "in.jsonl", tmp_path / "page.html"
    rows = [{"id": nasty, "text": f"{nasty} Ada Lovelace wrote to London"} for nasty in NASTY]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = ["--labels", "person,<img src=x onerror=alert(1)>", "--decoding", "constrained", "--accelerator", "cpu"]
    arguments = ["--model", str(trained["causal"]), *options, str(source), "--out", str(tmp_path / "out")]
    predict([*arguments, "--html", str(page)])
    data = check_page(page.read_text(encoding="utf-8"), template_of("entity_page.html"))
    assert [text["name"] for text in data["texts"]] == NASTY


def test_page_holds_the_texts_and_escapes_them(tmp_path: Path) -> None:
    rows = [row_of("</script><b>Ada</b>", (11, 14, "person")), *ROWS]
    write_entity_page(tmp_path / "page.html", [LAYOUT.read(row) for row in rows])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("</script>") == 2
    start = page.index('id="data">') + len('id="data">')
    data = json.loads(page[start : page.index("</script>", start)])
    assert [text["text"] for text in data["texts"]] == [row["text"] for row in rows]
    assert data["texts"][0]["entities"] == [[11, 14, "person", 0.5]]
    assert data["labels"] == [["person", 2], ["city name", 2]]
