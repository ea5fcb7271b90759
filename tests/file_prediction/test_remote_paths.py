"""Inputs and outputs at URLs give the bytes of local ones, and nothing there is overwritten."""

import gzip
import importlib.util
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow
import pyarrow.parquet
import pytest

from gner.errors import UserError
from gner.file_prediction.remote_paths import Target, file_name, local_input, local_output, upload
from gner.predict import main
from tests.file_prediction.commands import TEXTS, options_of, start
from tests.processes import wait_for_session

OUT = "memory://bucket/results/out.jsonl"


@pytest.fixture
def bucket() -> Iterator[Any]:
    """An object store in memory."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the cache of the user is for the command."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "gner" / "predict"


def _predict(model: str, texts: str, out: str, *more: str) -> None:
    options = options_of(model, Path("IN"), Path("OUT"), *more)
    main([{"IN": texts, "OUT": out}.get(option, option) for option in options])


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def _message(capsys: Any, *command: Any) -> str:
    """What a command that is refused says."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        _predict(*command)
    assert ended.value.code == 2
    return str(capsys.readouterr().err)


def _write(name: str, path: Path) -> None:
    """A file with two texts, in the layout that its name says."""
    if name.endswith(".parquet"):
        pyarrow.parquet.write_table(pyarrow.table({"text": ["Ada", "London"]}), path)
        return
    content = {"csv": "text\nAda\nLondon\n", "jsonl": '{"text": "Ada"}\n{"text": "London"}\n'}
    text = content.get(name.split(".")[1], "Ada\nLondon\n").encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.jsonl", "a.csv.gz", "a.parquet"])
def test_bytes_are_those_of_a_local_run(name: str, model: str, bucket: Any, work: Path, tmp_path: Path) -> None:
    _write(name, tmp_path / name)
    bucket.put_file(str(tmp_path / name), f"/bucket/{name}")
    main(options_of(model, tmp_path / name, tmp_path / "out.jsonl"))
    _predict(model, f"memory://bucket/{name}", OUT)
    assert bucket.cat_file(OUT) == (tmp_path / "out.jsonl").read_bytes()
    assert _files(work) == [name]  # the copy of the input


def test_converted_results_and_page_are_uploaded(
    model: str, texts: Path, bucket: Any, work: Path, tmp_path: Path
) -> None:
    out, page = tmp_path / "out.conll", tmp_path / "page.html"
    main(options_of(model, texts, out, "--format", "conll", "--html", str(page)))
    there = (f"file://{tmp_path}/new/out.conll", "--format", "conll", "--html", "memory://bucket/page.html")
    _predict(model, f"file://{texts}", *there)
    assert (tmp_path / "new" / "out.conll").read_bytes() == out.read_bytes()
    assert bucket.cat_file("/bucket/page.html") == page.read_bytes()
    assert _files(work) == ["texts.txt"]


@pytest.mark.slow
def test_killed_run_resumes_and_uploads_the_same_bytes(
    model: str, texts: Path, work: Path, tmp_path: Path, capsys: Any
) -> None:
    texts.write_text("\n".join(TEXTS * 20), encoding="utf-8")
    main(options_of(model, texts, tmp_path / "one.jsonl"))
    out = tmp_path / "store" / "out.jsonl"
    url = f"file://{out}"
    options = options_of(model, Path("IN"), Path("OUT"), "--block-size", "1")
    options = [{"IN": f"file://{texts}", "OUT": url}.get(option, option) for option in options]
    process, local = start(*options), local_output(url, None)
    while not local.exists() or local.read_bytes().count(b"\n") < 17:
        assert process.poll() is None, process.stderr.read()[-3000:]  # type: ignore[union-attr]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_session(process.pid)
    assert not out.exists()
    main(options)
    assert "Resuming after" in capsys.readouterr().err
    assert out.read_bytes() == (tmp_path / "one.jsonl").read_bytes()
    assert _files(work) == ["texts.txt"]


@pytest.mark.usefixtures("work")
def test_parts_are_uploaded_and_merged(model: str, texts: Path, bucket: Any, tmp_path: Path, capsys: Any) -> None:
    main(options_of(model, texts, tmp_path / "one.jsonl"))
    for index in "10":
        _predict(model, str(texts), OUT, "--shards", "2", "--shard", index, "--work", str(tmp_path / "work"))
        if index == "1":
            with pytest.raises(SystemExit):
                main(["--merge", OUT])
            assert "Expected 2 finished parts of memory://bucket/results/out.jsonl, but shard 0 is missing" in (
                capsys.readouterr().err
            )
    name = "/bucket/results/out.part-0000{}-of-00002.jsonl"
    stamps = [f"{name.format(index)}.done.json" for index in range(2)]
    assert sorted(bucket.ls("/bucket/results", detail=False)) == sorted([*map(name.format, range(2)), *stamps])
    assert _files(tmp_path / "work") == []
    _predict(model, str(texts), OUT, "--shards", "2", "--shard", "0", "--work", str(tmp_path / "another-machine"))
    assert "out.part-00000-of-00002.jsonl is finished." in capsys.readouterr().err
    other = (model, str(texts), OUT, "--shards", "2", "--shard", "0", "--threshold", "0.5")
    assert "already exists" in _message(capsys, *other)
    main(["--merge", OUT])
    assert bucket.cat_file(OUT) == (tmp_path / "one.jsonl").read_bytes()
    with pytest.raises(SystemExit):
        main(["--merge", OUT])
    assert f"Expected to write {OUT}, but it already exists" in capsys.readouterr().err


def test_part_that_was_finished_but_not_uploaded_is_uploaded(
    model: str, texts: Path, bucket: Any, work: Path, tmp_path: Path
) -> None:
    part = ("--shards", "2", "--shard", "0")
    local = local_output(OUT, None)
    main(options_of(model, texts, local, *part))  # what is there when a run is killed before it uploads
    _predict(model, str(texts), OUT, *part)
    found = [path.rpartition(".part-")[2] for path in bucket.find("/bucket")]
    assert found == ["00000-of-00002.jsonl", "00000-of-00002.jsonl.done.json"]
    assert _files(work) == []


def test_nothing_is_overwritten_unless_asked(model: str, texts: Path, bucket: Any, work: Path, capsys: Any) -> None:
    bucket.pipe_file("/bucket/results/out.jsonl", b"precious")
    bucket.pipe_file("/bucket/a.txt", b"Ada\n")
    assert "already exists. Name another, or give --overwrite" in _message(capsys, model, str(texts), OUT)
    assert bucket.cat_file(OUT) == b"precious"
    same = "memory://bucket/a.txt"
    assert f"{same} is the input" in _message(capsys, model, same, same, "--overwrite")
    assert "Expected a folder on this machine" in _message(capsys, model, same, OUT, "--format", "brat", "--overwrite")
    _predict(model, same, OUT, "--overwrite")
    assert bucket.cat_file(OUT).count(b"\n") == 1


def test_errors_name_the_url(model: str, texts: Path, bucket: Any, work: Path, capsys: Any) -> None:
    bucket.pipe_file("/bucket/bad.jsonl", b'{"text": "Ada"}\n[]\n')
    cases = {
        "memory://bucket/bad.jsonl": "memory://bucket/bad.jsonl:2: expected a JSON object",
        "memory://bucket/none.txt": "Expected a file at memory://bucket/none.txt, but there is none",
        "memory://bucket": "is a folder",
        "nosuch://bucket/a.txt": "Protocol not known: nosuch",
    }
    for url, message in cases.items():
        assert message in _message(capsys, model, url, "memory://bucket/results/new.jsonl")
    assert "Protocol not known: nosuch" in _message(capsys, model, str(texts), "nosuch://bucket/out.jsonl")


@pytest.mark.skipif(importlib.util.find_spec("s3fs") is not None, reason="s3fs is installed")
def test_a_missing_package_is_named() -> None:
    with pytest.raises(UserError, match="Install s3fs"):
        local_input("s3://bucket/a.txt", None)


def test_a_changed_object_is_copied_again(bucket: Any, tmp_path: Path) -> None:
    url = "memory://bucket/a.txt"
    bucket.pipe_file("/bucket/a.txt", b"Ada")
    first = Path(local_input(url, tmp_path))
    assert local_input(url, tmp_path) == str(first)
    bucket.pipe_file("/bucket/a.txt", b"Bob")
    assert Path(local_input(url, tmp_path)).read_text(encoding="utf-8") == "Bob"
    assert first.read_text(encoding="utf-8") == "Ada"  # which another process may read


def test_an_interrupted_upload_is_repeated(bucket: Any, tmp_path: Path) -> None:
    target = Target("memory://bucket/out", tmp_path / "out")
    target.local.write_text("all", encoding="utf-8")
    target.put()
    bucket.pipe_file("/bucket/out", b"al")  # what a store without atomic uploads keeps
    target.check()
    upload([target])
    assert bucket.cat_file("/bucket/out") == b"all"
    with pytest.raises(UserError, match="already exists"):
        target.check()
    assert not list(tmp_path.iterdir())


def test_a_failed_upload_keeps_the_file_for_the_next(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder", encoding="utf-8")
    target = Target(f"file://{tmp_path}/store/out", tmp_path / "out")
    target.local.write_text("all", encoding="utf-8")
    with pytest.raises(UserError, match="store/out cannot be read or written: "):
        upload([target])
    (tmp_path / "store").unlink()
    upload([target])
    assert (tmp_path / "store" / "out").read_text(encoding="utf-8") == "all"
    assert _files(tmp_path) == ["out"]


def test_a_folder_is_no_file() -> None:
    with pytest.raises(UserError, match="Expected the URL of a file"):
        file_name("s3://bucket/folder/")
