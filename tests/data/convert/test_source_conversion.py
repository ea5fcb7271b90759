"""``python -m gner.data.convert`` as a user calls it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gner.data.convert.__main__ import main
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from tests.data.convert.corpora import TARGETS, essence, write_rows, write_sentences
from tests.data.writers import WRITERS

FILES = {"jsonl": ".jsonl", "gner": ".txt", "conll": ".conll", "hf": ".parquet", "spacy": ".spacy"}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def _run(capsys: Any, *arguments: object) -> str:
    main([str(argument) for argument in arguments])
    return str(capsys.readouterr().out)


def _refused(capsys: Any, *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("gner: ")
    return str(message)


@pytest.mark.parametrize("to", TARGETS)
def test_each_split_has_a_file_and_a_line(tmp_path: Path, capsys: Any, to: str) -> None:
    source, out = tmp_path / "in", tmp_path / "new" / "out"
    source.mkdir()
    WRITERS["conll with spaces"](source)
    shown = _run(capsys, source, "--out", out, "--to", to).splitlines()
    assert shown[:2] == [
        f"{source} (train): CoNLL (space separated, IOB2)",
        f"  Sentences: 3, entities: 5, in {out / 'train'}{FILES[to]}",
    ]
    assert len(shown) == 6
    expected = {f"{split}{FILES[to]}" for split in ("train", "dev", "test")} | {"report.md"}
    labels = {"label.txt"} if to in ("gner", "conll", "spacy") else set()
    assert {path.name for path in out.iterdir()} == expected | labels
    assert not list(tmp_path.rglob("*.unfinished"))


def test_jsonl_is_the_default_and_tags_become_iob2(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "eng.testa").write_text("Ada NNP I-PER\nBob NNP B-PER\n\nOslo NNP I-LOC\n", encoding="utf-8")
    shown = _run(capsys, tmp_path / "eng.testa", "--out", tmp_path / "out")
    assert "IOB1; converted to IOB2" in shown
    assert essence(tmp_path / "out") == {
        "dev": [
            (("Ada", "Bob"), ("B-PER", "B-PER"), ("LOC", "PER"), "0"),
            (("Oslo",), ("B-LOC",), ("LOC", "PER"), "1"),
        ]
    }


@pytest.mark.parametrize("to", TARGETS)
def test_a_source_without_splits_becomes_train(tmp_path: Path, capsys: Any, to: str) -> None:
    write_sentences(tmp_path / "news.jsonl", "Ada/B-person", "Rome/B-place")
    _run(capsys, tmp_path / "news.jsonl", "--out", tmp_path / "out", "--to", to)
    assert (tmp_path / "out" / f"train{FILES[to]}").is_file()
    assert essence(tmp_path / "out") == {"train": essence(tmp_path / "news.jsonl")["all"]}


def test_one_split_can_be_selected(tmp_path: Path, capsys: Any) -> None:
    source = tmp_path / "in"
    source.mkdir()
    WRITERS["saved"](source)
    _run(capsys, source, "--out", tmp_path / "out", "--split", "validation")
    assert essence(tmp_path / "out") == {"dev": essence(source)["validation"]}


def test_a_file_is_converted_without_those_beside_it(tmp_path: Path, capsys: Any) -> None:
    write_sentences(tmp_path / "in" / "train.jsonl", "Ada/B-person")
    write_sentences(tmp_path / "in" / "dev.jsonl", "Rome/B-place")
    _run(capsys, tmp_path / "in" / "train.jsonl", "--out", tmp_path / "out")
    assert essence(tmp_path / "out") == {"train": [(("Ada",), ("B-person",), ("person", "place"), "0")]}


def test_options_are_those_of_a_source(tmp_path: Path, capsys: Any) -> None:
    source = tmp_path / "in.jsonl"
    write_rows(source, [{"w": ["a", "b", "c"], "t": [1, 3, 4]}])
    options = ["--columns", "words=w", "tags=t", "--tag-names", "O", "B-x", "I-x", "B-y", "I-z"]
    options += ["--types", "x=thing", "y=", "--invalid-tags", "repair", "--format", "words"]
    shown = _run(capsys, source, "--out", tmp_path / "out", *options)
    assert "Entities of types that `types` maps to null, left out: 1" in shown
    assert "Tags that continue no entity of their type, read as its start: 1" in shown
    [(words, tags, types, _)] = essence(tmp_path / "out")["train"]
    assert (words, tags, types) == (("a", "b", "c"), ("B-thing", "O", "B-z"), ("thing", "z"))


def test_the_report_has_all_places_and_is_not_read(tmp_path: Path, capsys: Any) -> None:
    spans = {"text": "in London-based", "spans": [{"start": 3, "end": 9, "label": "place"}]}
    write_rows(tmp_path / "in" / "train.jsonl", [spans, spans])
    (tmp_path / "in" / "more.jsonl").write_text("[")
    with pytest.warns(UserWarning, match="are not used"):
        shown = _run(capsys, tmp_path / "in", "--out", tmp_path / "out")
    assert "Spans that start or end within a word, widened to whole words: 2; the first: " in shown
    assert "Files that belong to no split, not converted: more.jsonl" in shown
    assert f"All places: {tmp_path / 'out' / 'report.md'}" in shown
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    for line in (1, 2):
        assert f"train.jsonl:{line}, characters 3-9: `London` (place) is part of `London-based`" in report
    reader = SourceReader(Source(str(tmp_path / "out")))
    assert (reader.parts, reader.unread()) == (["train"], [])


def test_what_cannot_be_read_is_named_and_nothing_is_written(tmp_path: Path, capsys: Any) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    WRITERS["conll with tabs"](source)
    with (source / "dev.txt").open("a", encoding="utf-8") as file:
        file.write("\nbroken\n")
    (source / "test.txt").write_text("", encoding="utf-8")
    message = _refused(capsys, source, "--out", out, "--types", "person", "place")
    assert f"The split dev of {source} cannot be read: {source / 'dev.txt'}:13: expected 4 columns" in message
    assert f"The split test of {source} cannot be read: {source} (test): expected sentences" in message
    assert "Nothing was written. To convert the others, use --split NAME." in message
    assert not out.exists()
    _run(capsys, source, "--out", out, "--types", "person", "place", "--split", "train")
    assert list(essence(out)) == ["train"]


def test_a_single_broken_file_is_one_message(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "a.conll").write_text("Ada O\nslept B-\n\nAda O\nBob I-x\n" * 3, encoding="utf-8")
    message = _refused(capsys, tmp_path / "a.conll", "--out", tmp_path / "out")
    assert f"{tmp_path / 'a.conll'}:2: `B-` is not a tag" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.jsonl"], "Expected the file or folder nothing.jsonl, but it does not exist."),
        (["{}", "--split", "third"], "expected a split called third"),
        (["{}", "--columns", "words"], "Expected NAME=VALUE, got `words`. Set --columns."),
        (["{}", "--types", "person"], "train.jsonl:1: the type `place` is not in the `types`"),
    ],
)
def test_errors_are_one_message(arguments: list[str], message: str, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "in").mkdir()
    WRITERS["words"](tmp_path / "in")
    given = [argument.format(tmp_path / "in") for argument in arguments]
    assert message in _refused(capsys, *given, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path, capsys: Any) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    WRITERS["words"](source)
    _run(capsys, source, "--out", out, "--to", "conll")
    before = {path: path.read_bytes() for path in out.iterdir()}
    assert f"Expected a new folder for --out, but {out} has files" in _refused(capsys, source, "--out", out)
    (source / "dev.jsonl").write_text("[")
    _refused(capsys, source, "--out", out, "--overwrite")
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    (source / "dev.jsonl").unlink()
    _run(capsys, source, "--out", out, "--overwrite")
    assert {path.name for path in out.iterdir()} == {"train.jsonl", "test.jsonl", "report.md"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_the_module_is_a_command(tmp_path: Path) -> None:
    write_sentences(tmp_path / "in.jsonl", "Ada/B-person")
    command = [sys.executable, "-m", "gner.data.convert", "in.jsonl", "--out", "out"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "out" / "train.jsonl").is_file()
