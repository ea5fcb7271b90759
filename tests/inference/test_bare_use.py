"""The code of a model card runs with transformers alone, and finds what `gner` finds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gner import GNER
from gner.inference.bare_use import bare_use
from gner.inference.gner_config import Settings
from gner.inference.loading import load
from gner.prompting import GnerFormat, UniNerFormat
from tests.conftest import KINDS

SENTENCE = "Grace Hopper met Ada in New York ( 1950 ) ."


@pytest.mark.parametrize("kind", KINDS)
def test_it_finds_what_gner_finds(kind: str, trained: dict[str, Path]) -> None:
    code = bare_use(load(trained[kind]), str(trained[kind]))
    assert code is not None
    code = re.sub(r"(?<=sentence = )'[^']*'", repr(SENTENCE), code)
    code += "\nimport sys\nassert 'gner' not in sys.modules"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found = [(label, " ".join(words)) for label, words in eval(ended.stdout)]
    model = GNER.from_pretrained(trained[kind], device="cpu", words="whitespace")
    expected = [(entity["label"], entity["text"]) for entity in model.predict_entities(SENTENCE)]
    assert found == expected == [("person", "Grace Hopper"), ("person", "Ada"), ("place", "New York")]


@pytest.mark.parametrize("format", [UniNerFormat(), GnerFormat(context_window=0)])
def test_other_answers_have_none(format: UniNerFormat | GnerFormat, trained: dict[str, Path]) -> None:
    loaded = load(trained["causal"])
    assert bare_use(loaded._replace(settings=Settings(format, {"toy": ("person",)})), "model") is None
