"""Results are written in order, by any number of processes, and a run resumes."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gner.file_prediction.inputs import Input
from gner.file_prediction.run import Blocks, StreamSink
from gner.predict import main
from tests.file_prediction.commands import TEXTS, options_of, rows_of, start
from tests.processes import wait_for_session


def test_existing_field_is_not_overwritten(model: str, tmp_path: Path, capsys: Any) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "Ada", "entities": ["gold"]}\n', encoding="utf-8")
    with pytest.raises(SystemExit):
        main(options_of(model, source, tmp_path / "out.jsonl"))
    assert "in.jsonl:1: the record already has a field `entities`" in capsys.readouterr().err
    main(options_of(model, source, tmp_path / "out.jsonl", "--field", "found", "--overwrite"))
    [row] = rows_of(tmp_path / "out.jsonl")
    assert row["entities"] == ["gold"]
    assert row["found"] is not None


@pytest.mark.slow
def test_results_are_independent_of_the_number_of_processes(model: str, texts: Path, tmp_path: Path) -> None:
    main(options_of(model, texts, tmp_path / "one.jsonl", "--block-size", "3"))
    process = start(*options_of(model, texts, tmp_path / "two.jsonl", "--block-size", "3", "--devices", "2"))
    assert process.wait() == 0, process.stderr.read()[-3000:]  # type: ignore[union-attr]
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


@pytest.mark.parametrize("num_lines", [pytest.param(1, marks=pytest.mark.slow), 17])
def test_killed_run_resumes(num_lines: int, model: str, texts: Path, tmp_path: Path) -> None:
    texts.write_text("\n".join(TEXTS * 20), encoding="utf-8")
    main(options_of(model, texts, tmp_path / "whole.jsonl"))
    out = tmp_path / "out.jsonl"
    process = start(*options_of(model, texts, out, "--block-size", "1"))
    while not out.exists() or out.read_bytes().count(b"\n") < num_lines:
        assert process.poll() is None, process.stderr.read()[-3000:]  # type: ignore[union-attr]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_session(process.pid)
    assert num_lines <= out.read_bytes().count(b"\n") < len(TEXTS) * 20
    main(options_of(model, texts, out))
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_run_does_not_resume_with_other_texts_or_options(model: str, texts: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out.jsonl"
    main(options_of(model, texts, out))
    with pytest.raises(SystemExit):
        main(options_of(model, texts, out))
    assert "it already exists" in capsys.readouterr().err
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "Ada"}\n{"text": "b"}\nnonsense\n', encoding="utf-8")
    with pytest.raises(SystemExit):
        main(options_of(model, bad, tmp_path / "bad_out.jsonl", "--block-size", "1"))
    assert "bad.jsonl:3" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(options_of(model, bad, tmp_path / "bad_out.jsonl", "--threshold", "0.5"))
    assert "threshold was 0.0, is 0.5" in capsys.readouterr().err
    mended = '{"text": "Ada"}\n{"text": "b"}\n{"text": "c"}\n'
    bad.write_text(mended.replace('"b"', '"changed"'), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(options_of(model, bad, tmp_path / "bad_out.jsonl"))
    assert "differs from the one already processed" in capsys.readouterr().err
    bad.write_text(mended, encoding="utf-8")
    main(options_of(model, bad, tmp_path / "bad_out.jsonl"))
    assert [row["text"] for row in rows_of(tmp_path / "bad_out.jsonl")] == ["Ada", "b", "c"]


@pytest.mark.parametrize("changed", [0, 3])
def test_run_does_not_resume_if_a_processed_text_was_changed(
    changed: int, model: str, tmp_path: Path, capsys: Any
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = [{"text": text, "n": float("nan")} for text in ("Ada", "b", "London", "d")]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows) + "nonsense\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(options_of(model, source, out, "--block-size", "1"))
    rows[changed]["text"] = "other"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(options_of(model, source, out))
    message = capsys.readouterr().err
    assert f"text {changed + 1} ({source}:{changed + 1}) differs from the one already processed" in message
    source.write_text("".join(json.dumps(row) + "\n" for row in rows[: max(changed, 1)]), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(options_of(model, source, out))
    assert "Cannot resume after 4 results" in capsys.readouterr().err
    source.write_text('{"text": "Ada", "n": ' + "[" * 700 + "]" * 700 + "}\n", encoding="utf-8")
    with pytest.raises(SystemExit):  # can be read, but not written
        main(options_of(model, source, out))
    assert "text 1 " in (message := capsys.readouterr().err)
    assert "differs from the one already processed" in message


@pytest.mark.slow
def test_error_on_one_rank_ends_all_ranks(model: str, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    rows = [{"text": "Ada", **({"entities": 1} if number == 5 else {})} for number in range(12)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    process = start(*options_of(model, source, tmp_path / "out.jsonl", "--block-size", "1", "--devices", "2"))
    assert process.stderr is not None
    errors = process.stderr.read().decode()
    assert process.wait() == 2
    assert "in.jsonl:6: the record already has a field `entities`" in errors
    assert "Traceback" not in errors
    assert len(rows_of(tmp_path / "out.jsonl")) == 5


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
    assert [row["text"] for row in rows_of(tmp_path / "out")] == ["one", "two", "three"]


@pytest.mark.slow
def test_sigterm_ends_the_run_which_can_be_resumed(model: str, texts: Path, tmp_path: Path) -> None:
    texts.write_text("\n".join(TEXTS * 50), encoding="utf-8")
    out = tmp_path / "out.jsonl"
    process = start(*options_of(model, texts, out, "--block-size", "1"))
    while not out.exists() or not out.read_bytes():
        assert process.poll() is None, process.stderr.read()[-3000:]  # type: ignore[union-attr]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(timeout=900) != 0
    main(options_of(model, texts, out))
    assert [row["text"] for row in rows_of(out)] == TEXTS * 50


@pytest.mark.parametrize(("size", "num_done"), [(1, 0), (3, 0), (3, 4), (7, 40), (100, 5)])
def test_blocks_hold_the_texts_that_have_no_result(size: int, num_done: int, texts: Path) -> None:
    blocks = Blocks(Input(str(texts)).resolve(), size)
    blocks.resume(num_done, ())
    found = list(blocks)
    assert [record.text for block in found for record in block] == TEXTS[num_done:]
    assert all(len(block) == size for block in found[:-1])


def test_a_stream_gets_whole_lines_at_once(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("before\n", encoding="utf-8")
    sink = StreamSink(path)
    assert sink.open() == 0 and list(sink.done()) == []
    sink.append(["ü", "{}"])
    assert path.read_text(encoding="utf-8") == "before\nü\n{}\n"
    sink.close()
