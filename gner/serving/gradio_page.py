"""Local Gradio page to try a model on."""

from __future__ import annotations

import colorsys
import time
import zlib
from collections.abc import Sequence
from html import escape
from typing import Any

from gner.errors import UserError
from gner.inference.model import GNER
from gner.markdown import as_text

_EXAMPLE = "Maria Keller, a painter from Lisbon, avoided Norvik Steel."
_DECODING = ["speculative", "constrained"]


def answer(
    model: GNER, text: str, labels: Sequence[str], threshold: float, decoding: str | None
) -> tuple[dict[str, Any], list[list[Any]], str]:
    """Label a text for the page.

    Returns:
        The text with spans, a row for each entity (text, type, score, start, end), and time and counts.

    Example:
        >>> from gner.inference.result import Entities, TextInfo
        >>> from gner.inference.texts import WordedText
        >>> class Fake:
        ...     def predict_entities(self, text, labels, threshold, decoding):
        ...         found = [{"start": 0, "end": 3, "text": "Ada", "label": "person", "score": 0.98765}]
        ...         return Entities(found, WordedText.join(["Ada"]), TextInfo(num_words=1))
        >>> spans, rows, summary = answer(Fake(), "Ada", ["person"], 0.0, "speculative")
        >>> spans["entities"], rows
        ([{'entity': 'person', 'start': 0, 'end': 3}], [['Ada', 'person', 0.988, 0, 3]])
    """
    started = time.perf_counter()
    found = model.predict_entities(text, labels, threshold=threshold, decoding=decoding)
    seconds = time.perf_counter() - started
    spans = [{"entity": entity["label"], "start": entity["start"], "end": entity["end"]} for entity in found]
    rows = [
        [entity["text"], entity["label"], round(entity["score"], 3), entity["start"], entity["end"]] for entity in found
    ]
    counts = [f"{_count_name(name)}: {number}" for name, number in found.info.as_dict().items()]
    summary = f"{1000 * seconds:,.0f} ms; {', '.join(counts) or 'no words'}"
    return {"text": text, "entities": spans}, rows, summary


def colours(types: Sequence[str]) -> dict[str, str]:
    """A colour for each type, which depends on its name alone; none is red, the colour of errors.

    Example:
        >>> colours(["person", "location"])["location"] == colours(["location"])["location"]
        True
    """
    return {name: _colour(name) for name in types}


def _colour(name: str) -> str:
    hue = 0.1 + 0.8 * (zlib.crc32(name.encode()) / 2**32)  # red is at 0 and 1
    parts = [round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.4, 0.6)]
    return "#" + "".join(f"{part:02x}" for part in parts)


def _count_name(field: str) -> str:
    return field.removeprefix("num_").replace("_", " ")


def make_page(model: GNER, labels: Sequence[str], title: str) -> Any:
    """Make the page, a ``gradio.Blocks``.

    Args:
        model: The model that labels texts.
        labels: Types to start with.
        title: Title and heading of the page: the name of the model.

    Raises:
        UserError: Gradio is not installed.
    """
    gradio = _import_gradio()

    def label(text: str, chosen: list[str], threshold: float, decoding: str | None = None) -> Any:
        """Show the answer or the error."""
        try:
            return answer(model, text or "", chosen or [], threshold, decoding)
        except UserError as error:
            raise gradio.Error(escape(str(error))) from error  # Gradio renders HTML here

    def recolour(chosen: list[str]) -> Any:
        """Colours for types that were added."""
        return gradio.HighlightedText(color_map=colours(chosen or []))

    with gradio.Blocks(title=title, analytics_enabled=False) as page:
        gradio.Markdown(f"# {as_text(title)}")
        text = gradio.Textbox(_EXAMPLE, label="Text", lines=5)
        chips = _type_chips(gradio, list(labels))
        threshold, decoding = _settings(gradio, has_decoding=model.writes)
        button = gradio.Button("Find entities", variant="primary")
        highlighted = gradio.HighlightedText(label="Entities", color_map=colours(labels))
        table = gradio.Dataframe(headers=["entity", "type", "score", "start", "end"], label="Scores", interactive=False)
        took = gradio.Markdown()
        inputs, outputs = [text, chips, threshold], [highlighted, table, took]
        events = [chips.change, threshold.release]
        if decoding is not None:
            inputs.append(decoding)
            events.append(decoding.change)
        button.click(label, inputs, outputs, api_name="find_entities")
        for event in (*events, page.load):
            event(label, inputs, outputs, api_visibility="private")
        chips.change(recolour, chips, highlighted, api_visibility="private")
    return page


def _settings(gradio: Any, *, has_decoding: bool) -> tuple[Any, Any]:
    """A row with the threshold and, unless the model has one way, the decoding."""
    with gradio.Row():
        threshold = gradio.Slider(0, 1, value=0, step=0.01, label="Least score")
        decoding = gradio.Radio(_DECODING, value=_DECODING[0], label="Decoding") if has_decoding else None
    return threshold, decoding


def _type_chips(gradio: Any, types: list[str]) -> Any:
    """What types are chosen with, and added."""
    options = {"multiselect": True, "allow_custom_value": True}
    return gradio.Dropdown(types, value=types, label="Types", info="Write a type and press Enter to add it.", **options)


def _import_gradio() -> Any:
    try:
        import gradio  # noqa: PLC0415
    except ImportError as error:
        raise UserError("Expected Gradio for the page, but it is not installed: pip install 'gner[demo]'.") from error
    return gradio
