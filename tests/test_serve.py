"""``python -m gner.serve``; the service itself is tested in tests/serving/test_entity_api.py."""

import sys

import pytest

from gner.serve import ServeOptions, main


def test_it_listens_on_this_machine_only() -> None:
    assert ServeOptions(model="x").host == "127.0.0.1"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--port", "80"], "Expected --port from 1024 to 65535, got 80."),
        (["--batch-size", "0"], "Expected --batch-size >= 1, got 0."),
        (["--batch-wait", "nan"], "Expected --batch-wait >= 0, got nan."),
        (["--max-types", "0"], "Expected `max_types` >= 1, got 0."),
    ],
)
def test_options_out_of_range_end_with_a_message(
    option: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--model", "x", *option])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_without_litserve_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "gner.serving.entity_api", raising=False)
    monkeypatch.setitem(sys.modules, "litserve", None)
    with pytest.raises(SystemExit):
        main(["--model", "x"])
    assert "pip install 'gner[serve]'" in capsys.readouterr().err
