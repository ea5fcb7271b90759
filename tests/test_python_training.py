"""Training in Python, as docs/training.md has it."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs" / "training.md"


def test_the_documented_run_trains_and_reports_f1(
    checkpoints: dict[str, Path],
    toy_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = DOCS.read_text(encoding="utf-8")
    [code] = re.findall(r"## In Python\n.*?```python\n(.*?)```", text, re.S)
    assert len(code.splitlines()) <= 15
    own = {"google/flan-t5-base": str(checkpoints["seq2seq"]), "my_data": str(toy_root), "recipes": "toy"}
    for documented, ours in own.items():
        assert documented in code
        code = code.replace(documented, ours)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(DOCS), "exec"), {})
    assert re.search(r"^tensor\(0\.\d*\)$", capsys.readouterr().out, re.M)
    assert (tmp_path / "runs" / "toy" / "predictions" / "val_last.jsonl").exists()
