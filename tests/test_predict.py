"""``python -m gner.predict --model`` end to end."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from gner import GNER
from gner.predict import main
from tests.processes import wait_for_session

REPOSITORY = Path(__file__).parents[1]
TEXTS = [
    "Ada Lovelace wrote to London .",
    "",
    "nothing to see here",
    "Grace Hopper met Ada in New York ( 1950 ) .",
    "London calling",
] * 8


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def model(trained: dict[str, Path]) -> str:
    return str(trained["causal"])


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _options(model: str, texts: Path, out: Path, *more: str) -> list[str]:
    labels = ["--labels", "person, place", "--decoding", "constrained", "--accelerator", "cpu"]
    return ["--model", model, *labels, str(texts), "--out", str(out), *more]


def _start(*options: str, **more: Any) -> "subprocess.Popen[bytes]":
    command = ["timeout", "-k", "3", "900", sys.executable, "-m", "gner.predict", *options]
    return subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, start_new_session=True, **more)


def test_every_line_gets_one_result_in_order(model: str, texts: Path, tmp_path: Path) -> None:
    main(_options(model, texts, tmp_path / "out.jsonl", "--block-size", "7"))
    rows = _rows(tmp_path / "out.jsonl")
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
    main(_options(model, source, tmp_path / "out.jsonl"))
    [row] = _rows(tmp_path / "out.jsonl")
    assert row["id"] == 7
    assert row["tags"] == ["x"]
    assert row["text"] == " ".join(words)
    assert row["entities_tags"] == ["B-person", "I-person", "O", "O", "O", "B-place", "O"]
    assert row["text"][row["entities"][0]["start"] : row["entities"][0]["end"]] == "Ada Lovelace"


def test_existing_field_is_not_overwritten(model: str, tmp_path: Path, capsys: Any) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "Ada", "entities": ["gold"]}\n', encoding="utf-8")
    with pytest.raises(SystemExit):
        main(_options(model, source, tmp_path / "out.jsonl"))
    assert "in.jsonl:1: the record already has a field `entities`" in capsys.readouterr().err
    main(_options(model, source, tmp_path / "out.jsonl", "--field", "found", "--overwrite"))
    [row] = _rows(tmp_path / "out.jsonl")
    assert row["entities"] == ["gold"]
    assert row["found"] is not None


def test_results_are_independent_of_the_number_of_processes(model: str, texts: Path, tmp_path: Path) -> None:
    main(_options(model, texts, tmp_path / "one.jsonl", "--block-size", "3"))
    process = _start(*_options(model, texts, tmp_path / "two.jsonl", "--block-size", "3", "--devices", "2"))
    assert process.wait() == 0, process.stderr.read()[-3000:]  # type: ignore[union-attr]
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


@pytest.mark.parametrize("num_lines", [pytest.param(1, marks=pytest.mark.slow), 17])
def test_killed_run_resumes(num_lines: int, model: str, texts: Path, tmp_path: Path) -> None:
    texts.write_text("\n".join(TEXTS * 20), encoding="utf-8")
    main(_options(model, texts, tmp_path / "whole.jsonl"))
    out = tmp_path / "out.jsonl"
    process = _start(*_options(model, texts, out, "--block-size", "1"))
    while not out.exists() or out.read_bytes().count(b"\n") < num_lines:
        assert process.poll() is None, process.stderr.read()[-3000:]  # type: ignore[union-attr]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_session(process.pid)
    assert num_lines <= out.read_bytes().count(b"\n") < len(TEXTS) * 20
    main(_options(model, texts, out))
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_run_does_not_resume_with_other_texts_or_options(model: str, texts: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out.jsonl"
    main(_options(model, texts, out))
    with pytest.raises(SystemExit):
        main(_options(model, texts, out))
    assert "it already exists" in capsys.readouterr().err
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "Ada"}\n{"text": "b"}\nnonsense\n', encoding="utf-8")
    with pytest.raises(SystemExit):
        main(_options(model, bad, tmp_path / "bad_out.jsonl", "--block-size", "1"))
    assert "bad.jsonl:3" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(_options(model, bad, tmp_path / "bad_out.jsonl", "--threshold", "0.5"))
    assert "threshold was 0.0, is 0.5" in capsys.readouterr().err
    mended = '{"text": "Ada"}\n{"text": "b"}\n{"text": "c"}\n'
    bad.write_text(mended.replace('"b"', '"changed"'), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(_options(model, bad, tmp_path / "bad_out.jsonl"))
    assert "differs from the one already processed" in capsys.readouterr().err
    bad.write_text(mended, encoding="utf-8")
    main(_options(model, bad, tmp_path / "bad_out.jsonl"))
    assert [row["text"] for row in _rows(tmp_path / "bad_out.jsonl")] == ["Ada", "b", "c"]


@pytest.mark.parametrize("changed", [0, 3])
def test_run_does_not_resume_if_a_processed_text_was_changed(
    changed: int, model: str, tmp_path: Path, capsys: Any
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = [{"text": text, "n": float("nan")} for text in ("Ada", "b", "London", "d")]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows) + "nonsense\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(_options(model, source, out, "--block-size", "1"))
    rows[changed]["text"] = "other"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(_options(model, source, out))
    message = capsys.readouterr().err
    assert f"text {changed + 1} ({source}:{changed + 1}) differs from the one already processed" in message
    source.write_text("".join(json.dumps(row) + "\n" for row in rows[: max(changed, 1)]), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(_options(model, source, out))
    assert "Cannot resume after 4 results" in capsys.readouterr().err
    source.write_text('{"text": "Ada", "n": ' + "[" * 700 + "]" * 700 + "}\n", encoding="utf-8")
    with pytest.raises(SystemExit):  # can be read, but not written
        main(_options(model, source, out))
    assert "text 1 " in (message := capsys.readouterr().err)
    assert "differs from the one already processed" in message


@pytest.mark.parametrize("name", ["in.txt.gz", "in.jsonl.gz", "in.tsv.gz", "in.jsonl"])
def test_compressed_files_are_read(name: str, model: str, tmp_path: Path) -> None:
    contents = {"in.txt.gz": "Ada\nLondon\n", "in.tsv.gz": "id\ttext\n1\tAda\n2\tLondon\n"}
    content = contents.get(name, '{"text": "Ada"}\n{"text": "London"}\n')
    (tmp_path / name).write_bytes(gzip.compress(content.encode()))
    main(_options(model, tmp_path / name, tmp_path / "out"))
    assert [row["text"] for row in _rows(tmp_path / "out")] == ["Ada", "London"]


def test_odd_files_give_a_clear_error(model: str, tmp_path: Path, capsys: Any) -> None:
    deep = '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}"
    truncated = gzip.compress(("Ada\n" * 10_000).encode())[:-20]
    contents = {"deep.jsonl": (deep.encode(), "nested too deep"), "cut.gz": (truncated, "expected a whole gzip file")}
    for name, (content, message) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SystemExit) as ended:
            main(_options(model, tmp_path / name, tmp_path / f"{name}.out"))
        assert ended.value.code == 2
        assert message in capsys.readouterr().err


def test_row_without_a_text_has_no_entities(model: str, tmp_path: Path) -> None:
    table = pyarrow.table({"id": [1, 2], "text": pyarrow.array(["Ada", None], pyarrow.string())})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    main(_options(model, tmp_path / "in.parquet", tmp_path / "out"))
    found = _rows(tmp_path / "out")
    assert [row["text"] for row in found] == ["Ada", None]
    assert found[1]["entities"] == []


def test_closed_pipe_ends_the_run_without_an_error_message(model: str, texts: Path) -> None:
    texts.write_text("\n".join(TEXTS * 200), encoding="utf-8")
    process = _start("--model", model, "--accelerator", "cpu", "--block-size", "8", str(texts), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["text"] == TEXTS[0]
    process.stdout.close()
    assert process.wait() == 141
    assert b"Broken pipe" not in process.stderr.read()


def test_streams_links_and_pipes_are_written_through(model: str, texts: Path, tmp_path: Path) -> None:
    expected = tmp_path / "expected.jsonl"
    main(_options(model, texts, expected, "--html", str(tmp_path / "expected.html")))
    printed, pipe, link = tmp_path / "printed", tmp_path / "pipe", tmp_path / "link.html"
    printed.write_text("before\n", encoding="utf-8")
    (tmp_path / "target.html").write_text("old", encoding="utf-8")
    link.symlink_to(tmp_path / "target.html")
    with printed.open("ab") as file:
        assert _start(*_options(model, texts, Path("/dev/stdout")), stdout=file).wait() == 0
    assert printed.read_text(encoding="utf-8") == "before\n" + expected.read_text(encoding="utf-8")
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as threads:
        read = threads.submit(pipe.read_bytes)
        try:
            main(_options(model, texts, pipe))
        finally:
            if not read.done():  # nobody opened the pipe: unblock its reader
                os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))
        assert read.result() == expected.read_bytes()
    assert pipe.is_fifo()
    main(_options(model, texts, tmp_path / "out", "--html", str(link), "--overwrite"))
    assert link.is_symlink()
    assert (tmp_path / "target.html").read_bytes() == (tmp_path / "expected.html").read_bytes()


def test_standard_input_is_answered_line_by_line(model: str) -> None:
    process = _start("--model", model, "--accelerator", "cpu", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for text in ("Ada Lovelace", "", "London"):
        process.stdin.write(f"{text}\n".encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["text"] == text  # before the next line is written
    process.stdin.close()
    assert process.wait() == 0


@pytest.mark.parametrize("format", ["conll", "brat", "spacy", "hf", "label_studio", "doccano"])
def test_other_layouts_are_written_at_the_end(format: str, model: str, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    main(_options(model, texts, out, "--format", format, "--html", str(tmp_path / "page.html")))
    assert {path.name for path in tmp_path.iterdir()} == {"out", "page.html", "texts.txt"}
    assert out.is_dir() == (format == "brat")
    with pytest.raises(SystemExit):
        main(_options(model, texts, out, "--format", format))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--out", "{texts}", "--overwrite"], "is the input"),
        (["--html", "{texts}", "--overwrite"], "is the input"),
        (["--format", "brat", "--out", "{folder}", "--overwrite"], "the input is in"),
        (["--out", "{folder}", "--overwrite"], "is a folder"),
        (["--decoding", "fast"], "There are: BeamSearch"),
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
        main([*_options(model, texts, out), *(part.format(texts=texts, folder=texts.parent) for part in change)])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not out.exists() or not out.read_bytes()
    assert texts.read_text(encoding="utf-8").splitlines() == TEXTS


def test_types_are_read_from_a_file(model: str, texts: Path, tmp_path: Path) -> None:
    plain, described = tmp_path / "label.txt", tmp_path / "labels.json"
    plain.write_text("person\n\nplace\n", encoding="utf-8")
    described.write_text('{"person": "a human", "place": null}', encoding="utf-8")
    for file in (plain, described):
        out = tmp_path / f"{file.name}.jsonl"
        main(["--model", model, "--labels-file", str(file), str(texts), "--out", str(out), "--accelerator", "cpu"])
        assert len(_rows(out)) == len(TEXTS)


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
        assert {entity["label"] for row in _rows(out) for entity in row["entities"]} <= {"person", "place"}
        assert any(row["entities"] for row in _rows(out))
        return
    with pytest.raises(SystemExit):
        main([*options, str(texts), "--out", str(out)])
    assert message in capsys.readouterr().err


def test_folder_with_other_files_is_not_replaced(model: str, texts: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.md").write_text("precious", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(_options(model, texts, folder, "--format", "brat", "--overwrite"))
    assert "notes.md" in capsys.readouterr().err
    (folder / "notes.md").unlink()
    for _ in range(2):
        main(_options(model, texts, folder, "--format", "brat", "--overwrite"))
    assert len(list(folder.glob("*.txt"))) == len(TEXTS)


def test_results_cannot_be_written_into_the_input_folder(model: str, texts: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main(_options(model, texts.parent, texts.with_name("results.txt")))
    assert "outside the folder of the texts" in capsys.readouterr().err


def test_page_does_not_overwrite_another_file(model: str, texts: Path, tmp_path: Path, capsys: Any) -> None:
    page = tmp_path / "page.html"
    page.write_text("precious", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(_options(model, texts, tmp_path / "out.jsonl", "--html", str(page)))
    assert "it already exists" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == "precious"


@pytest.mark.slow
def test_error_on_one_rank_ends_all_ranks(model: str, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    rows = [{"text": "Ada", **({"entities": 1} if number == 5 else {})} for number in range(12)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    process = _start(*_options(model, source, tmp_path / "out.jsonl", "--block-size", "1", "--devices", "2"))
    assert process.stderr is not None
    errors = process.stderr.read().decode()
    assert process.wait() == 2
    assert "in.jsonl:6: the record already has a field `entities`" in errors
    assert "Traceback" not in errors
    assert len(_rows(tmp_path / "out.jsonl")) == 5


def test_stream_resumes_only_with_the_same_texts(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def run(*lines: str) -> None:
        with (tmp_path / "stdin").open("w+") as stream:
            stream.write("".join(f"{line}\n" for line in lines))
            stream.seek(0)
            monkeypatch.setattr(sys, "stdin", stream)
            main(["--model", model, "--accelerator", "cpu", "-", "--out", str(tmp_path / "out"), "--block-size", "1"])

    good = [json.dumps({"text": text}) for text in ("one", "two", "three")]
    with pytest.raises(SystemExit):
        run(*good[:2], "nonsense")
    with pytest.raises(SystemExit):
        run('{"text": "other"}', '{"text": "lines"}', good[2])
    assert "differs from the one already processed" in capsys.readouterr().err
    run(*good)
    assert [row["text"] for row in _rows(tmp_path / "out")] == ["one", "two", "three"]


@pytest.mark.slow
def test_sigterm_ends_the_run_which_can_be_resumed(model: str, texts: Path, tmp_path: Path) -> None:
    texts.write_text("\n".join(TEXTS * 50), encoding="utf-8")
    out = tmp_path / "out.jsonl"
    process = _start(*_options(model, texts, out, "--block-size", "1"))
    while not out.exists() or not out.read_bytes():
        assert process.poll() is None, process.stderr.read()[-3000:]  # type: ignore[union-attr]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(timeout=900) != 0
    main(_options(model, texts, out))
    assert [row["text"] for row in _rows(out)] == TEXTS * 50
