"""Merged parts are what one process writes, and nothing else is merged."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gner.predict import main
from tests.file_prediction.commands import REPOSITORY, TEXTS, options_of, start
from tests.processes import wait_for_session

COUNT = 3
FORMATS = ["jsonl", "conll", "brat", "spacy", "hf", "label_studio", "doccano"]


def _part(out: Path, index: int) -> Path:
    return out.with_name(f"{out.name.removesuffix('.jsonl')}.part-{index:05}-of-{COUNT:05}.jsonl")


def _contents(path: Path) -> dict[str, bytes]:
    """The bytes of a file, or of each file in a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files if file.is_file()}


@pytest.fixture
def label(model: str, texts: Path, tmp_path: Path) -> Callable[..., Path]:
    """Labels some shards."""

    def run(*indices: int, more: tuple[str, ...] = ()) -> Path:
        out = tmp_path / "out.jsonl"
        for index in indices:
            main(options_of(model, texts, out, "--shards", str(COUNT), "--shard", str(index), *more))
        return out

    return run


@pytest.mark.parametrize("format", FORMATS)
def test_merged_parts_are_the_bytes_of_one_process(
    format: str, model: str, texts: Path, tmp_path: Path, label: Callable[..., Path]
) -> None:
    one, page = tmp_path / "one" / "out.jsonl", tmp_path / "one" / "page.html"
    main(options_of(model, texts, one, "--format", format, "--html", str(page)))
    out = label(2, 0, 1)
    main(["--merge", str(out), "--format", format, "--html", str(tmp_path / "page.html")])
    assert _contents(out) == _contents(one)
    assert (tmp_path / "page.html").read_bytes() == page.read_bytes()
    assert all(_part(out, index).exists() for index in range(COUNT))


@pytest.mark.slow
def test_killed_part_resumes(model: str, texts: Path, tmp_path: Path, capsys: Any) -> None:
    texts.write_text("\n".join(TEXTS * 20), encoding="utf-8")
    main(options_of(model, texts, tmp_path / "one.jsonl"))
    out = tmp_path / "out.jsonl"
    part = ["--shards", str(COUNT), "--shard"]
    process = start(*options_of(model, texts, out, *part, "1", "--block-size", "1"))
    while not _part(out, 1).exists() or _part(out, 1).read_bytes().count(b"\n") < 17:
        assert process.poll() is None, process.stderr.read()[-3000:]  # type: ignore[union-attr]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_session(process.pid)
    for index in "02":
        main(options_of(model, texts, out, *part, index))
    with pytest.raises(SystemExit) as ended:
        main(["--merge", str(out)])
    assert ended.value.code == 2
    assert "but shard 1 is unfinished" in capsys.readouterr().err
    main(options_of(model, texts, out, *part, "1"))
    assert "Resuming after" in capsys.readouterr().err
    main(["--merge", str(out)])
    assert out.read_bytes() == (tmp_path / "one.jsonl").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["torchrun", "srun"])
def test_processes_of_a_launcher_label_a_part_each(launcher: str, model: str, texts: Path, tmp_path: Path) -> None:
    options = options_of(model, texts, tmp_path / "out.jsonl", "--shard", "auto")
    if launcher == "torchrun":
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        subprocess.run([*command, "-m", "gner.predict", *options], check=True, cwd=REPOSITORY, timeout=300)
    else:  # what srun sets in each task
        for task in "01":
            variables = {"SLURM_PROCID": task, "SLURM_NTASKS": "2", "SLURM_JOB_NAME": "ner", "SLURM_LOCALID": task}
            assert start(*options, env={**os.environ, **variables}).wait() == 0
    main(options_of(model, texts, tmp_path / "one.jsonl"))
    main(["--merge", str(tmp_path / "out.jsonl")])
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


def test_more_shards_than_texts(model: str, texts: Path, tmp_path: Path) -> None:
    texts.write_text("Ada\nLondon\n", encoding="utf-8")
    out = tmp_path / "out.conll"
    for index in range(COUNT):
        main(options_of(model, texts, out, "--shards", str(COUNT), "--shard", str(index)))
    main(["--merge", str(out)])
    assert out.read_bytes().count(b"\n") == 2


def test_missing_parts_and_other_runs_are_not_merged(label: Callable[..., Path], tmp_path: Path, capsys: Any) -> None:
    def refused(*more: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["--merge", str(tmp_path / "out.jsonl"), *more])
        assert ended.value.code == 2
        assert not (tmp_path / "out.jsonl").exists()
        return str(capsys.readouterr().err)

    assert "there are none" in refused()
    out = label(1)
    assert "shard 0 is missing, shard 2 is missing" in refused()
    label(0)
    label(2, more=("--threshold", "0.5"))
    assert "threshold is 0.0 in shard 0 and 0.5 in shard 2" in refused()
    label(2, more=("--overwrite",))
    whole = _part(out, 1).read_bytes()
    lines = whole.splitlines(keepends=True)
    for changed, message in [
        (b"".join(lines[:-1]), "found 14 texts, but 13 are the share of the 39 in all parts"),
        (whole + lines[-1] * 2, "found 15 texts, but 14 are the share of the 42"),
        (whole[:-1], "expected complete lines"),
    ]:
        _part(out, 1).write_bytes(changed)
        assert message in refused()
    _part(out, 1).write_bytes(whole)
    (tmp_path / "out.part-00000-of-00008.jsonl").touch()
    assert "parts of 3 and 8 shards" in refused()
    (tmp_path / "out.part-00000-of-00008.jsonl").unlink()
    assert "is that of --merge" in refused("--html", str(out))
    main(["--merge", str(out)])
    with pytest.raises(SystemExit):
        main(["--merge", str(out)])
    assert "it already exists" in capsys.readouterr().err
    main(["--merge", str(out), "--overwrite"])


def test_parts_whose_texts_differ_in_number_are_not_merged(
    label: Callable[..., Path], texts: Path, capsys: Any
) -> None:
    out = label(0)
    texts.write_text("\n".join(TEXTS * 2), encoding="utf-8")
    label(1, 2)
    with pytest.raises(SystemExit):
        main(["--merge", str(out)])
    assert "not the same for all shards" in capsys.readouterr().err
