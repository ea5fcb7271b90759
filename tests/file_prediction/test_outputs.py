"""Outputs that would overwrite something else are refused."""

from pathlib import Path
from typing import Any

import pytest

from gner.predict import main
from tests.file_prediction.commands import TEXTS, options_of


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--out", "{texts}", "--overwrite"], "is the input"),
        (["--html", "{texts}", "--overwrite"], "is the input"),
        (["--format", "brat", "--out", "{folder}", "--overwrite"], "the input is in"),
        (["--out", "{folder}", "--overwrite"], "is a folder"),
        (["--decoding", "fast"], "There are: BeamSearch"),
        (["--prompt-format", "unner"], "Did you mean `uniner`?"),
        (["--prompt-format", '{{"class_path": "uniner", "init_args": {{"baseline": true}}}}'], "options of UniNer"),
        (["--labels", "("], "at least one visible character"),
        (["--labels-file", "{texts}"], "got both"),
        (["--model", "./nothing"], "there is no folder"),
        (["--devices", "many"], "Expected available devices"),
        (["--batch-size", "0"], "batch_size"),
    ],
)
def test_invalid_options_fail_before_anything_is_written(
    change: list[str], message: str, model: str, texts: Path, capsys: Any
) -> None:
    out = texts.with_name("out.jsonl")
    with pytest.raises(SystemExit) as ended:
        main([*options_of(model, texts, out), *(part.format(texts=texts, folder=texts.parent) for part in change)])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not out.exists() or not out.read_bytes()
    assert texts.read_text(encoding="utf-8").splitlines() == TEXTS


def test_folder_with_other_files_is_not_replaced(model: str, texts: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.md").write_text("precious", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(options_of(model, texts, folder, "--format", "brat", "--overwrite"))
    assert "notes.md" in capsys.readouterr().err
    (folder / "notes.md").unlink()
    for _ in range(2):
        main(options_of(model, texts, folder, "--format", "brat", "--overwrite"))
    assert len(list(folder.glob("*.txt"))) == len(TEXTS)


def test_results_cannot_be_written_into_the_input_folder(model: str, texts: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main(options_of(model, texts.parent, texts.with_name("results.txt")))
    assert "outside the folder of the texts" in capsys.readouterr().err


def test_page_does_not_overwrite_another_file(model: str, texts: Path, tmp_path: Path, capsys: Any) -> None:
    page = tmp_path / "page.html"
    page.write_text("precious", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(options_of(model, texts, tmp_path / "out.jsonl", "--html", str(page)))
    assert "it already exists" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == "precious"
