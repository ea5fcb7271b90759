"""Model cards."""

import re
from html import unescape
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard
from tensorboard.plugin_util import markdown_to_safe_html

from gner.cli import main as run
from gner.export import main
from gner.inference.gner_config import Settings
from gner.inference.loading import load
from gner.inference.model_card import model_card
from gner.prompting import Format, GnerFormat
from tests.markup import NASTY, Elements
from tests.prompting.questions import QuestionFormat


def test_model_card_has_types_metrics_and_config_of_the_run(config: Path, tmp_path: Path) -> None:
    run("fit", ["--config", str(config)])
    facts = ["--license", "apache-2.0", "--languages", "en", "de"]
    main(["--ckpt", str(tmp_path / "run"), "--out", str(tmp_path / "my_model"), *facts])
    card = ModelCard.load(tmp_path / "my_model" / "README.md")
    assert card.data.library_name == "gner"
    assert card.data.pipeline_tag is None  # a pipeline of the hub would not read what it writes
    assert (card.data.license, card.data.language) == ("apache-2.0", ["en", "de"])
    assert "| place | " in card.text
    assert "The longest sentence of training has" in card.text
    names = {result.metric_name for result in card.data.eval_results}
    assert {"f1", "f1_gner"} <= names
    assert "| toy | person, place |" in card.text
    assert "GNER.from_pretrained('my_model')" in card.text
    start = card.text.index("```yaml\n") + len("```yaml\n")
    written = yaml.safe_load(card.text[start : card.text.index("```", start)])
    assert written["trainer"]["max_steps"] == 4


@pytest.mark.parametrize(
    ("format", "way"),
    [
        (GnerFormat(), "by writing every word back with its tag ([GNER]"),
        (GnerFormat(context_window=0), "from text that it writes in the prompt format `GnerFormat`"),
        (QuestionFormat(), "by listing their strings, in the prompt format `QuestionFormat`"),
    ],
)
def test_a_card_says_how_the_model_writes_and_whose_metrics_there_are(
    format: Format, way: str, trained: dict[str, Path]
) -> None:
    card = model_card(load(trained["causal"], format=format), "model", adapter_only=False)
    assert f"Finds entities in text {way}" in card
    assert f"`f1_{format.scorer}` as the published scorer of the format counts" in card
    assert ("every word" in card) is ("every word" in way)


def test_model_card_escapes_data(trained: dict[str, Path]) -> None:
    loaded = load(trained["causal"])
    settings = Settings(loaded.settings.format, {nasty: (nasty, "person") for nasty in NASTY})
    config = {"note": "\n".join(NASTY)}
    written = model_card(loaded._replace(settings=settings, config=config), NASTY[1], adapter_only=False)
    card = ModelCard(written)
    html = markdown_to_safe_html(card.text)
    assert set(Elements(html).tags) <= {
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
