"""Parts of an input are disjoint, together they are the whole, and each is written by a process of its own."""

import csv
import gzip
import json
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from gner.errors import UserError
from gner.file_prediction.inputs import Input
from gner.file_prediction.shards import InputPart, Shard, find_parts, find_shard
from gner.predict import main
from tests.file_prediction.commands import TEXTS, options_of, rows_of

SOME = TEXTS[:7]


def _write(folder: Path, name: str) -> Path:
    path = folder / name
    rows = [{"text": text, "n": number} for number, text in enumerate(SOME)]
    if name == "in.parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif name == "in.csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["text", "n"], *([row["text"], row["n"]] for row in rows)])
    elif name == "in":
        path.mkdir()
        for row in rows:
            (path / f"{row['n']}.txt").write_text(row["text"], encoding="utf-8")
    else:
        lines = (
            "".join(json.dumps(row) + "\n" for row in rows)
            if "jsonl" in name
            else "".join(f"{text}\n" for text in SOME)
        )
        path.write_bytes(gzip.compress(lines.encode()) if name.endswith(".gz") else lines.encode())
    return path


@pytest.mark.parametrize("name", ["in.txt", "in.txt.gz", "in.jsonl", "in.csv", "in.parquet", "in"])
@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_parts_taken_in_turn_are_the_whole(name: str, count: int, tmp_path: Path) -> None:
    whole = Input(str(_write(tmp_path, name))).resolve()
    parts = [InputPart(whole, Shard(index, count)) for index in range(count)]
    records = [list(part.records()) for part in parts]
    in_turn = [record for record in chain.from_iterable(zip_longest(*records)) if record is not None]
    assert in_turn == list(whole.records())
    assert [record.text for record in in_turn] == SOME
    for part, own in zip(parts, records, strict=True):
        assert len(own) == part.shard.share(len(SOME))
        assert part.num_records() in (None, len(own))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"SLURM_PROCID": "2", "SLURM_NTASKS": "4"}, Shard(2, 4)),
        ({"RANK": "1", "WORLD_SIZE": "8", "SLURM_PROCID": "0", "SLURM_NTASKS": "2"}, Shard(1, 8)),
        ({"WORLD_SIZE": "8"}, None),
    ],
)
def test_launchers_number_the_parts(variables: dict[str, str], expected: Shard | None, monkeypatch: Any) -> None:
    for name in ("RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert find_shard(None, None) is None  # only when asked
    if expected is not None:
        assert find_shard(None, "auto") == expected
        return
    with pytest.raises(UserError, match="torchrun or srun"):
        find_shard(None, "auto")


def test_part_files_are_found(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    for name in ("out.part-00001-of-00002.jsonl.run.json", "out.part-00000-of-00002.jsonl", "other.part-00000-of-3"):
        (tmp_path / name).touch()
    assert find_parts(out) == [Shard(0, 2), Shard(1, 2)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--shards", "2"], "--shards and --shard together"),
        (["--shard", "1"], "--shards and --shard together"),
        (["--shards", "2", "--shard", "2"], "from 0 to 1, got 2"),
        (["--shards", "2", "--shard", "-1"], "from 0 to 1, got -1"),
        (["--shards", "0", "--shard", "0"], "at least 1"),
        (["--shards", "2", "--shard", "auto"], "no --shards with --shard auto"),
        (["--shards", "2", "--shard", "0", "--format", "conll"], "with --merge"),
        (["--shards", "2", "--shard", "0", "--out", "/dev/stdout"], "Expected a file for --out"),
        (["--shards", "2", "--shard", "0", "--num-nodes", "2"], "one machine for each --shard"),
    ],
)
def test_parts_that_cannot_be_are_refused(
    change: list[str], message: str, model: str, texts: Path, capsys: Any
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*options_of(model, texts, texts.with_name("out.jsonl")), *change])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_finished_part_is_left_alone_when_its_command_is_given_again(
    model: str, texts: Path, tmp_path: Path, capsys: Any
) -> None:
    options = options_of(model, texts, tmp_path / "out.jsonl", "--shards", "3", "--shard", "1")
    main(options)
    path = tmp_path / "out.part-00001-of-00003.jsonl"
    assert [row["text"] for row in rows_of(path)] == TEXTS[1::3]
    written = path.stat().st_mtime_ns
    capsys.readouterr()
    main(options)
    assert "is finished" in capsys.readouterr().err
    assert path.stat().st_mtime_ns == written
    with pytest.raises(SystemExit):
        main([*options, "--threshold", "0.5"])
    assert "it already exists" in capsys.readouterr().err
    main([*options, "--threshold", "0.5", "--overwrite"])
    assert path.stat().st_mtime_ns > written
    assert sorted(one.name for one in tmp_path.iterdir()) == [path.name, f"{path.name}.done.json", "texts.txt"]
