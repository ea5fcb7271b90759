"""``python -m gner.predict --model`` end to end."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from gner import GNER
from gner.predict import main
from tests.file_prediction.commands import TEXTS, options_of, rows_of, start, write_texts


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A file with a text on each line."""
    return write_texts(tmp_path)


@pytest.fixture
def model(trained: dict[str, Path]) -> str:
    """A model that knows its training data by heart."""
    return str(trained["causal"])


def test_every_line_gets_one_result_in_order(model: str, texts: Path, tmp_path: Path) -> None:
    main(options_of(model, texts, tmp_path / "out.jsonl", "--block-size", "7"))
    rows = rows_of(tmp_path / "out.jsonl")
    assert [row["text"] for row in rows] == TEXTS
    found = GNER.from_pretrained(model).predict_entities(TEXTS, ["person", "place"], decoding="constrained")
    assert [[(e["start"], e["end"], e["label"]) for e in row["entities"]] for row in rows] == [
        [(e["start"], e["end"], e["label"]) for e in entities] for entities in found
    ]
    assert any(row["entities"] for row in rows)
    assert not list(tmp_path.glob("*.run.json"))


def test_words_get_tags_and_rows_keep_their_fields(model: str, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    words = ["Ada", "Lovelace", "", "wrote", "to", "London", "."]
    source.write_text(json.dumps({"id": 7, "words": words, "tags": ["x"]}) + "\n", encoding="utf-8")
    main(options_of(model, source, tmp_path / "out.jsonl"))
    [row] = rows_of(tmp_path / "out.jsonl")
    assert row["id"] == 7
    assert row["tags"] == ["x"]
    assert row["text"] == " ".join(words)
    assert row["entities_tags"] == ["B-person", "I-person", "O", "O", "O", "B-place", "O"]
    assert row["text"][row["entities"][0]["start"] : row["entities"][0]["end"]] == "Ada Lovelace"


@pytest.mark.parametrize("name", ["in.txt.gz", "in.jsonl.gz", "in.tsv.gz", "in.jsonl"])
def test_compressed_files_are_read(name: str, model: str, tmp_path: Path) -> None:
    contents = {"in.txt.gz": "Ada\nLondon\n", "in.tsv.gz": "id\ttext\n1\tAda\n2\tLondon\n"}
    content = contents.get(name, '{"text": "Ada"}\n{"text": "London"}\n')
    (tmp_path / name).write_bytes(gzip.compress(content.encode()))
    main(options_of(model, tmp_path / name, tmp_path / "out"))
    assert [row["text"] for row in rows_of(tmp_path / "out")] == ["Ada", "London"]


def test_odd_files_give_a_clear_error(model: str, tmp_path: Path, capsys: Any) -> None:
    deep = '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}"
    truncated = gzip.compress(("Ada\n" * 10_000).encode())[:-20]
    contents = {"deep.jsonl": (deep.encode(), "nested too deep"), "cut.gz": (truncated, "expected a whole gzip file")}
    for name, (content, message) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SystemExit) as ended:
            main(options_of(model, tmp_path / name, tmp_path / f"{name}.out"))
        assert ended.value.code == 2
        assert message in capsys.readouterr().err


def test_row_without_a_text_has_no_entities(model: str, tmp_path: Path) -> None:
    table = pyarrow.table({"id": [1, 2], "text": pyarrow.array(["Ada", None], pyarrow.string())})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    main(options_of(model, tmp_path / "in.parquet", tmp_path / "out"))
    found = rows_of(tmp_path / "out")
    assert [row["text"] for row in found] == ["Ada", None]
    assert found[1]["entities"] == []


def test_closed_pipe_ends_the_run_without_an_error_message(model: str, texts: Path) -> None:
    texts.write_text("\n".join(TEXTS * 200), encoding="utf-8")
    process = start("--model", model, "--accelerator", "cpu", "--block-size", "8", str(texts), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["text"] == TEXTS[0]
    process.stdout.close()
    assert process.wait() == 141
    assert b"Broken pipe" not in process.stderr.read()


def test_standard_input_is_answered_line_by_line(model: str) -> None:
    process = start("--model", model, "--accelerator", "cpu", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for text in ("Ada Lovelace", "", "London"):
        process.stdin.write(f"{text}\n".encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["text"] == text  # before the next line is written
    process.stdin.close()
    assert process.wait() == 0


def test_types_are_read_from_a_file(model: str, texts: Path, tmp_path: Path) -> None:
    plain, described = tmp_path / "label.txt", tmp_path / "labels.json"
    plain.write_text("person\n\nplace\n", encoding="utf-8")
    described.write_text('{"person": "a human", "place": null}', encoding="utf-8")
    for file in (plain, described):
        out = tmp_path / f"{file.name}.jsonl"
        main(["--model", model, "--labels-file", str(file), str(texts), "--out", str(out), "--accelerator", "cpu"])
        assert len(rows_of(out)) == len(TEXTS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('["person", "place"]', None),
        ('\ufeff{"person": "a human"}', None),
        ('{"person": ', "expected types, one a line"),
    ],
)
def test_label_file_is_a_list_an_object_or_lines(
    content: str, message: str | None, model: str, texts: Path, capsys: Any
) -> None:
    file, out = texts.with_name("labels.json"), texts.with_name("out.jsonl")
    file.write_text(content, encoding="utf-8")
    options = ["--model", model, "--labels-file", str(file), "--decoding", "constrained", "--accelerator", "cpu"]
    if message is None:
        main([*options, str(texts), "--out", str(out)])
        assert {entity["label"] for row in rows_of(out) for entity in row["entities"]} <= {"person", "place"}
        assert any(row["entities"] for row in rows_of(out))
        return
    with pytest.raises(SystemExit):
        main([*options, str(texts), "--out", str(out)])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["--model", "none", "missing.txt"]])
def test_help_and_a_missing_input_do_not_take_the_time_to_load_torch(arguments: list[str]) -> None:
    code = "import sys, gner.predict as command\ntry: command.main(sys.argv[1:])\n"
    code += "finally: assert 'torch' not in sys.modules"
    ended = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert "AssertionError" not in ended.stderr
    assert "usage: " in ended.stdout or "Expected texts in missing.txt" in ended.stderr
