"""``python -m gner.demo``."""

from pathlib import Path
from typing import Any

import gradio
import pytest

from gner.demo import main

Launched = list[tuple[gradio.Blocks, dict[str, Any]]]


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Launched:
    """Pages that were opened, each with the options of its server, which is not started."""
    pages: Launched = []
    monkeypatch.setattr(gradio.Blocks, "launch", lambda page, **options: pages.append((page, options)))
    return pages


@pytest.fixture
def model(trained: dict[str, Path]) -> list[str]:
    return ["--model", str(trained["causal"]), "--device", "cpu"]


def test_page_listens_on_this_machine_only(launched: Launched, model: list[str]) -> None:
    main(model)
    main([*model, "--host", "0.0.0.0", "--port", "80"])
    (_, here), (_, anywhere) = launched
    assert here == {"server_name": "127.0.0.1", "server_port": 7860, "share": False}
    assert anywhere == {"server_name": "0.0.0.0", "server_port": 80, "share": False}


def test_the_page_starts_with_the_types_that_are_named_or_else_those_of_the_model(
    launched: Launched, model: list[str]
) -> None:
    main(model)
    main([*model, "--labels", "year, actor,"])
    chosen = []
    for page, _ in launched:
        chosen += [block.value for block in page.blocks.values() if isinstance(block, gradio.Dropdown)]
    assert chosen == [["person", "place"], ["year", "actor"]]


def test_a_model_of_others_is_asked_in_a_named_format(launched: Launched, model: list[str], capsys: Any) -> None:
    main([*model, "--prompt-format", "uniner"])
    assert len(launched) == 1
    with pytest.raises(SystemExit):
        main([*model, "--prompt-format", "unner"])
    assert "Did you mean `uniner`?" in capsys.readouterr().err


def test_a_model_that_is_not_there_ends_with_a_message(launched: Launched, capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--model", "./nothing"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("gner: ")
    assert not launched


def test_the_title_names_the_model_and_not_its_path(launched: Launched, model: list[str]) -> None:
    main(model)
    [(page, _)] = launched
    assert page.title == Path(model[1]).name
