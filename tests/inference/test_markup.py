"""Scripts, HTML and Markdown in words, types, names and texts are escaped wherever they are shown."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import gradio
import pytest
from huggingface_hub import ModelCard
from tensorboard.plugin_util import markdown_to_safe_html

from gner.inference.gner_config import Settings
from gner.inference.loading import load
from gner.inference.model_card import model_card
from gner.markdown import as_text, fenced
from gner.predict import main as predict
from gner.score import main as score
from gner.serving.gradio_page import make_page
from tests.conftest import MakeModel

PAGES = {"error_page.html": "gner.scoring", "entity_page.html": "gner.file_prediction"}
NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</script><svg onload=alert(1)>",
    "[x](javascript:alert(1))",
    "a|b",
    "`c`",
    "```",
    "**d**",
    "&lt;i&gt;",
    "__DATA__",
    "# e",
]


class _Elements(HTMLParser):
    """The elements of a page, as a browser sees them before scripts run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def _check_page(page: str, template: str) -> Any:
    """Check that data add no element to a page; returns the data."""
    found, empty = _Elements(page), _Elements(template)
    assert found.tags == empty.tags
    assert found.attributes == empty.attributes
    [encoded] = re.findall(r'id="data">(.*?)</script>', page, flags=re.DOTALL)
    return json.loads(encoded)


def _template(name: str) -> str:
    return (resources.files(PAGES[name]) / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_pages_insert_data_as_text(name: str) -> None:
    template = _template(name)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\.href\s*=", template)


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
    data = _check_page(page.read_text(encoding="utf-8"), _template("error_page.html"))
    assert [sentence["words"][0] for sentence in data["sentences"]] == NASTY
    assert list(data["datasets"]) == NASTY


def test_entity_page_escapes_data(trained: dict[str, Path], tmp_path: Path) -> None:
    source, page = tmp_path / "in.jsonl", tmp_path / "page.html"
    rows = [{"id": nasty, "text": f"{nasty} Ada Lovelace wrote to London"} for nasty in NASTY]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = ["--labels", "person,<img src=x onerror=alert(1)>", "--decoding", "constrained", "--accelerator", "cpu"]
    arguments = ["--model", str(trained["causal"]), *options, str(source), "--out", str(tmp_path / "out")]
    predict([*arguments, "--html", str(page)])
    data = _check_page(page.read_text(encoding="utf-8"), _template("entity_page.html"))
    assert [text["name"] for text in data["texts"]] == NASTY


def test_model_card_escapes_data(trained: dict[str, Path]) -> None:
    loaded = load(trained["causal"])
    settings = Settings(loaded.settings.format, {nasty: (nasty, "person") for nasty in NASTY})
    config = {"note": "\n".join(NASTY)}
    written = model_card(loaded._replace(settings=settings, config=config), NASTY[1], adapter_only=False)
    card = ModelCard(written)
    html = markdown_to_safe_html(card.text)
    assert set(_Elements(html).tags) <= {
        "h1",
        "h2",
        "p",
        "a",
        "pre",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    # raw HTML that a renderer would not take for code
    outside = re.sub(r"^(`{3,})\w*\n.*?^\1$", "", card.text, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"<(/?\w+)", outside)) <= {"details", "summary", "/summary", "/details"}
    for nasty in NASTY:
        assert nasty in unescape(outside) or nasty == "# e"


def test_gradio_page_escapes_data(make_model: MakeModel) -> None:
    page = make_page(make_model(), ["person"], NASTY[1])
    titles = [block.value for block in page.blocks.values() if isinstance(block, gradio.Markdown) and block.value]
    assert titles == [f"# {as_text(NASTY[1])}"]
    assert set(_Elements(markdown_to_safe_html(titles[0])).tags) == {"h1"}
    [find] = [one.fn for one in page.fns.values() if one.api_name == "find_entities"]
    with pytest.raises(gradio.Error) as refused:
        find("text", ["person"], 0.0, "<img src=x onerror=alert(1)>")
    assert not _Elements(refused.value.message).tags
    assert "onerror" in unescape(refused.value.message)


@pytest.mark.parametrize("nasty", NASTY)
def test_text_in_markdown_is_escaped(nasty: str) -> None:
    assert unescape(as_text(nasty)) == nasty
    html = markdown_to_safe_html(f"| a |\n|---|\n| {as_text(nasty)} |")
    [cell] = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)
    assert unescape(cell) == nasty
    assert markdown_to_safe_html(fenced(nasty, "text")).count("<pre>") <= 1
