"""Model cards."""

import re
from html import unescape
from pathlib import Path

import yaml
from huggingface_hub import ModelCard
from tensorboard.plugin_util import markdown_to_safe_html

from gner.cli import main as run
from gner.export import main
from gner.inference.gner_config import Settings
from gner.inference.loading import load
from gner.inference.model_card import model_card
from tests.markup import NASTY, Elements


def test_model_card_has_types_metrics_and_config_of_the_run(config: Path, tmp_path: Path) -> None:
    run("fit", ["--config", str(config)])
    main(["--ckpt", str(tmp_path / "run"), "--out", str(tmp_path / "my_model")])
    card = ModelCard.load(tmp_path / "my_model" / "README.md")
    assert card.data.library_name == "gner"
    names = {result.metric_name for result in card.data.eval_results}
    assert {"f1", "f1_gner"} <= names
    assert "| toy | person, place |" in card.text
    assert "GNER.from_pretrained('my_model')" in card.text
    start = card.text.index("```yaml\n") + len("```yaml\n")
    written = yaml.safe_load(card.text[start : card.text.index("```", start)])
    assert written["trainer"]["max_steps"] == 4


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
