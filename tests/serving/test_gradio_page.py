"""The local Gradio page."""

from html import unescape

import gradio
import pytest
from gradio_client import Client
from tensorboard.plugin_util import markdown_to_safe_html

from gner.markdown import as_text
from gner.serving.gradio_page import answer, colours, make_page
from tests.conftest import MakeModel
from tests.markup import NASTY, Elements

TEXT = "🙂 Ada Lovelace wrote to London ."


def test_answer_has_spans_rows_and_counts(make_model: MakeModel) -> None:
    model = make_model()
    shown, rows, took = answer(model, TEXT, ["person", "place"], 0.0, "constrained")
    found = model.predict_entities(TEXT, ["person", "place"], decoding="constrained")
    assert found
    assert shown["text"] == TEXT
    assert [TEXT[span["start"] : span["end"]] for span in shown["entities"]] == [entity["text"] for entity in found]
    assert [row[0] for row in rows] == [entity["text"] for entity in found]
    assert "words: 7" in took


def test_page_answers_over_loopback(make_model: MakeModel) -> None:
    page = make_page(make_model(), ["person", "place"], "toy")
    _, address, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, share=False)
    try:
        client = Client(address, verbose=False)
        shown, table, took = client.predict(TEXT, ["person", "place"], 0.0, "constrained", api_name="/find_entities")
        assert "".join(part["token"] for part in shown) == TEXT
        assert {part["class_or_confidence"] for part in shown} & {"person", "place"}
        assert table["headers"] == ["entity", "type", "score", "start", "end"]
        assert "ms" in took
        with pytest.raises(Exception, match="at least one visible character"):
            client.predict(TEXT, [" "], 0.0, "constrained", api_name="/find_entities")
    finally:
        page.close()


def test_gradio_page_escapes_data(make_model: MakeModel) -> None:
    page = make_page(make_model(), ["person"], NASTY[1])
    titles = [block.value for block in page.blocks.values() if isinstance(block, gradio.Markdown) and block.value]
    assert titles == [f"# {as_text(NASTY[1])}"]
    assert set(Elements(markdown_to_safe_html(titles[0])).tags) == {"h1"}
    [find] = [one.fn for one in page.fns.values() if one.api_name == "find_entities"]
    with pytest.raises(gradio.Error) as refused:
        find("text", ["person"], 0.0, "<img src=x onerror=alert(1)>")
    assert not Elements(refused.value.message).tags
    assert "onerror" in unescape(refused.value.message)


def test_the_page_answers_when_it_is_opened(make_model: MakeModel) -> None:
    page = make_page(make_model(), ["person", "place"], "toy")
    opened = [one for one in page.fns.values() if any(event == "load" for _, event in one.targets)]
    assert [one.fn for one in opened] == [one.fn for one in page.fns.values() if one.api_name == "find_entities"]


def test_a_type_has_the_same_colour_whatever_the_others_and_none_is_red() -> None:
    names = [f"type {number}" for number in range(200)]
    for name, colour in colours(names).items():
        assert colours([name]) == {name: colour}
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        assert red <= max(green, blue) * 1.8


def test_type_names_are_at_the_entities(make_model: MakeModel) -> None:
    page = make_page(make_model(), ["person"], "toy")
    [shown] = [block for block in page.blocks.values() if isinstance(block, gradio.HighlightedText)]
    assert shown.show_inline_category
    assert not shown.show_legend
    assert shown.color_map == colours(["person"])
