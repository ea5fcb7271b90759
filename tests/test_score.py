"""``python -m gner.score`` end to end."""

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import rich
from rich.console import Console

from gner.score import main
from tests.conftest import SHARED_DATA
from tests.test_metrics import official_scores


def _row(words: str, tags: str, prediction: str, dataset: str = "toy", **more: object) -> dict[str, Any]:
    instance = {"id": "0", "words": words.split(), "labels": tags.split()}
    return {"dataset": dataset, "label_list": ["city"], "instance": instance, "prediction": prediction} | more


ROWS = [
    _row("in Rome", "O B-city", "in(O) Rome(B-city)", split="test"),
    _row("in Österby now", "O B-city O", "in(O) sterby(B-city) now(O)"),
    _row("to Rome ( Italy )", "O B-city O B-city O", "to(O) Rome(I-city) ((O) Italy(O) )(O)"),
    _row("<b> & </script>", "B-city O O", "<b>(B-city) &(O) </script>(B-city)", "hard </script>", finished=False),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def _score(file: Path, tmp_path: Path, *more: str) -> dict[str, Any]:
    out = tmp_path / "scores.json"
    main([str(file), "--json", str(out), *more])
    return json.loads(out.read_text(encoding="utf-8"))


def test_scores_are_printed_and_written(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = _score(file, tmp_path, "--per-type", "--bootstrap", "50")
    toy, hard = scores["datasets"]["toy"], scores["datasets"]["hard </script>"]
    assert scores["aligner"] == "robust"
    assert (toy["precision"], toy["recall"], toy["support"]) == (1.0, 0.75, 4)
    assert (toy["precision_gner"], toy["recall_gner"]) == (pytest.approx(1), pytest.approx(0.5))
    assert toy["types"]["city"]["support"] == 4
    assert (toy["unlabeled"], toy["substitutions"], toy["omissions"]) == (0.25, 100, 0)
    assert (hard["f1"], hard["runaways"]) == (pytest.approx(2 / 3), 1)
    assert scores["average"]["f1"] == pytest.approx((toy["f1"] + hard["f1"]) / 2)
    low, high = toy["f1_interval"]
    assert 0 <= low <= toy["f1"] <= high <= 1
    printed = capsys.readouterr().out
    for text in ("toy", "average", "city", f"{toy['f1']:.4f}", f"{toy['f1_gner']:.4f}"):
        assert text in printed


def test_official_aligner_gives_official_tags(file: Path, tmp_path: Path) -> None:
    tags = tmp_path / "tags.jsonl"
    scores = _score(file, tmp_path, "--aligner", "official", "--tags", str(tags))
    rows = [json.loads(line) for line in tags.read_text(encoding="utf-8").splitlines()]
    assert [{**row, "tags": None} for row in rows] == [{**row, "tags": None} for row in ROWS]
    assert [row["tags"] for row in rows[:3]] == [["O", "B-city"], ["O", "O", "O"], ["O", "I-city", "O", "O", "O"]]
    assert scores["datasets"]["toy"]["recall"] == 0.5


def test_robust_tags_are_valid(file: Path, tmp_path: Path) -> None:
    tags = tmp_path / "tags.jsonl"
    _score(file, tmp_path, "--tags", str(tags))
    rows = [json.loads(line) for line in tags.read_text(encoding="utf-8").splitlines()]
    assert [row["tags"] for row in rows[1:3]] == [["O", "B-city", "O"], ["O", "B-city", "O", "O", "O"]]


def test_tokenizer_enables_back_tokenization(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "predictions.jsonl"
    file.write_text(json.dumps(_row("in Rome", "O B-city", "in(O) Rome(B-city)")), encoding="utf-8")
    scores = _score(file, tmp_path, "--tokenizer", str(checkpoints["causal"]), "--aligner", "official")
    assert scores["average"]["f1_gner"] == pytest.approx(1)
    assert scores["tokenizer"] == str(checkpoints["causal"])


def test_page_has_every_sentence_and_its_errors(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    _score(file, tmp_path, "--html", str(page))
    html = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=", html)  # nothing is loaded from elsewhere
    [encoded] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, flags=re.DOTALL)
    sentences = json.loads(encoded)["sentences"]
    assert [sentence["words"] for sentence in sentences] == [row["instance"]["words"] for row in ROWS]
    assert sentences[2]["gold"] == [[1, 2, "city", None], [3, 4, "city", "unlabeled"]]
    assert sentences[3]["predicted"] == [[0, 1, "city", None], [2, 3, "city", "spurious"]]
    assert sentences[1]["report"] == {"substitutions": 1}


def test_narrow_terminal_shows_names_and_figures(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rich, "_console", Console(width=80))
    main([str(file), "--bootstrap", "20", "--per-type"])
    printed = capsys.readouterr().out
    for text in ("toy", "hard </script>", "strict", "official", "0.8571", "100.00", "average"):
        assert text in printed
    assert "…" not in printed


def test_names_are_not_read_as_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = _row("in Rome", "O B-city[x]", "in(O) Rome(B-city[x])", "toy[/b]", label_list=["city[x]"])
    file = tmp_path / "p.jsonl"
    file.write_text(json.dumps(row), encoding="utf-8")
    main([str(file), "--per-type"])
    printed = capsys.readouterr().out
    assert "toy[/b]" in printed
    assert "city[x]" in printed


def test_dataset_may_be_named_average(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    rows = [_row("Rome", "B-city", f"Rome({tag})", name) for tag, name in (("B-city", "average"), ("O", "toy"))]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    scores = _score(file, tmp_path, "--bootstrap", "5")
    assert scores["datasets"]["average"]["f1_interval"] == [1, 1]
    assert scores["average"]["f1_interval"] == [0.5, 0.5]


def test_outputs_do_not_overwrite_inputs_or_each_other(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_bytes()
    for arguments in (["--tags", str(file)], ["--json", "x", "--html", "x"]):
        with pytest.raises(SystemExit):
            main([str(file), *arguments])
        assert "Expected another file for --" in capsys.readouterr().err
    assert file.read_bytes() == before
    tags = tmp_path / "tags.jsonl"
    tags.write_text("precious", encoding="utf-8")
    file.write_bytes(before + b"{")
    with pytest.raises(SystemExit):
        main([str(file), "--tags", str(tags)])
    assert tags.read_text(encoding="utf-8") == "precious"
    assert {path.name for path in tmp_path.iterdir()} == {"tags.jsonl", "predictions.jsonl"}


def test_lone_surrogate_survives(tmp_path: Path) -> None:
    file, tags = tmp_path / "p.jsonl", tmp_path / "tags.jsonl"
    file.write_text(json.dumps(_row("\ud83d Rome", "O B-city", "\ud83d(O) Rome(B-city)")), encoding="utf-8")
    _score(file, tmp_path, "--tags", str(tags), "--html", str(tmp_path / "page.html"))
    assert json.loads(tags.read_text(encoding="utf-8"))["instance"]["words"] == ["\ud83d", "Rome"]


def test_full_page_prefers_errors_and_takes_from_all_datasets(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gner.scoring.error_page.MAX_ITEMS", 2)
    page = tmp_path / "page.html"
    _score(file, tmp_path, "--html", str(page))
    [encoded] = re.findall(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), flags=re.DOTALL)
    data = json.loads(encoded)
    assert data["leftOut"] == 2
    assert [sentence["dataset"] for sentence in data["sentences"]] == ["toy", "hard </script>"]
    assert "unlabeled" in str(data["sentences"][0]["gold"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl"], "missing.jsonl"),
        (["empty.jsonl"], "empty.jsonl: expected predictions"),
        (["bad.jsonl"], "bad.jsonl:1: expected a JSON object, found int"),
        (["bad.jsonl", "--bootstrap", "0"], "0 does not conform to restriction v>0"),
        (["bad.jsonl", "--seed", "-1"], "-1 does not conform to restriction v>=0"),
        (["empty.jsonl", "--tokenizer", "no/such/folder"], "Expected a tokenizer's name or folder, got no/such/folder"),
    ],
)
def test_invalid_input_exits_with_a_message(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.jsonl").touch()
    Path("bad.jsonl").write_text("1\n", encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_scoring_does_not_import_torch(file: Path) -> None:
    code = "import sys; from gner.score import main; main(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, str(file)], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="no real generations here")
def test_robust_is_not_below_official_on_real_generations(tmp_path: Path) -> None:
    robust, official = (
        _score(SHARED_DATA / "generations_sample.jsonl", tmp_path, "--aligner", aligner)["datasets"]
        for aligner in ("robust", "official")
    )
    for name, scores in robust.items():
        assert scores["f1"] >= official[name]["f1"]
        assert scores["f1_gner"] == official[name]["f1_gner"]


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="no real generations here")
@pytest.mark.skipif(sys.version_info < (3, 11), reason="nervaluate needs Python 3.11")
def test_scores_of_real_generations_equal_those_of_other_scorers(tmp_path: Path) -> None:
    from nervaluate.evaluator import Evaluator  # noqa: PLC0415 - not there on Python 3.10

    tags = tmp_path / "tags.jsonl"
    sample = SHARED_DATA / "generations_sample.jsonl"
    robust = _score(sample, tmp_path, "--tags", str(tags))["datasets"]
    rows = [json.loads(line) for line in tags.read_text(encoding="utf-8").splitlines()]
    for name, scores in robust.items():
        of_dataset = [row for row in rows if row["dataset"] == name]
        gold, predicted = [row["instance"]["labels"] for row in of_dataset], [row["tags"] for row in of_dataset]
        types = of_dataset[0]["label_list"]
        others = Evaluator(gold, predicted, tags=types, loader="list").evaluate()["overall"]
        for key, view in (
            ("f1", "strict"),
            ("f1_exact", "exact"),
            ("f1_partial", "partial"),
            ("f1_ent_type", "ent_type"),
        ):
            assert scores[key] == pytest.approx(others[view].f1, abs=1e-12)
    official = _score(sample, tmp_path, "--tags", str(tags), "--aligner", "official")["datasets"]
    rows = [json.loads(line) for line in tags.read_text(encoding="utf-8").splitlines()]
    for name, scores in official.items():
        of_dataset = [row for row in rows if row["dataset"] == name]
        sentences = [(row["instance"]["words"], row["instance"]["labels"], row["tags"]) for row in of_dataset]
        expected = official_scores(sentences)
        assert (scores["precision_gner"], scores["recall_gner"], scores["f1_gner"]) == pytest.approx(
            expected, abs=1e-12
        )


def test_duplicate_sentences_are_reported(file: Path, tmp_path: Path, capsys: Any) -> None:
    for seed in (1, 2):
        rows = [_row("in Rome", "O B-city", "in(O) Rome(B-city)", split="test"), _row("x", "O", "x(O)", split="dev")]
        (tmp_path / f"{seed}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    main([str(tmp_path / "1.jsonl")])
    assert "Note" not in capsys.readouterr().err
    main([str(tmp_path / "1.jsonl"), str(tmp_path / "2.jsonl")])
    message = capsys.readouterr().err
    assert "2 rows of `toy` have the id of an earlier row" in message
    first, again = (f"{tmp_path / name}:1" for name in ("1.jsonl", "2.jsonl"))
    assert f"the first is at {again}, the earlier one at {first}." in message
    assert "To compare runs, score one file at a time" in message
    main([str(tmp_path / "1.jsonl"), str(tmp_path / "1.jsonl")])
    assert "2 rows of `toy` have the id of an earlier row" in capsys.readouterr().err


def test_duplicates_without_ids_are_reported_across_files(tmp_path: Path, capsys: Any) -> None:
    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        row = _row(text, "O", f"{text}(O)")
        del row["instance"]["id"]
        (tmp_path / name).write_text(f"{json.dumps(row)}\n" * 2, encoding="utf-8")
    main([str(tmp_path / "a"), str(tmp_path / "c")])
    assert "Note" not in capsys.readouterr().err
    main([str(tmp_path / name) for name in "abc"])
    assert "2 rows of `toy` have the id of an earlier row or, without ids, the words" in capsys.readouterr().err


def test_gold_types_missing_from_the_label_list_are_reported(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "x.jsonl"
    rows = [_row("in Rome", "O B-City", "in(O) Rome(B-city)"), _row("a b", "B-river O", "a(O) b(O)", split="x")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    main([str(path)])
    message = capsys.readouterr().err
    assert "1 row of `toy` has gold entities of the type `City`, which is not in the `label_list`" in message
    assert "It lists `city`" in message
    assert "of the type `river`" in message


def test_outputs_may_be_streams_and_links(file: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    main([str(file), "--json", str(link)])
    assert link.is_symlink()
    command = [sys.executable, "-m", "gner.score", str(file), "--json", "/dev/stdout"]
    printed = subprocess.run(command, capture_output=True, check=True, text=True, cwd=Path(__file__).parents[1])
    assert printed.stdout == target.read_text(encoding="utf-8")  # the tables would spoil it
    assert "dataset" in printed.stderr
    assert json.loads(printed.stdout)["aligner"] == "robust"


def test_closed_pipe_ends_scoring_without_an_error_message(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [_row("in Rome", "O B-city", "in(O) Rome(B-city)", split=str(number)) for number in range(3000)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [sys.executable, "-m", "gner.score", str(path), "--tags", "/dev/stdout"]
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": Path(__file__).parents[1]}
    with subprocess.Popen(command, **options) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["tags"] == ["O", "B-city"]
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_gzip_is_read_and_deeply_nested_rows_raise(file: Path, tmp_path: Path, capsys: Any) -> None:
    main([str(file), "--json", str(tmp_path / "plain.json")])
    packed, deep = tmp_path / "rows.jsonl.gz", tmp_path / "deep.jsonl"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    main([str(packed), "--json", str(tmp_path / "packed.json")])
    assert (tmp_path / "packed.json").read_bytes() == (tmp_path / "plain.json").read_bytes()
    row = json.dumps(_row("in Rome", "O B-city", "in(O) Rome(B-city)"))
    for levels in (800, 980, 100_000):  # what can be read cannot always be written
        deep.write_text(row[:-1] + ', "x": ' + "[" * levels + "]" * levels + "}\n", encoding="utf-8")
        with pytest.raises(SystemExit):
            main([str(deep), "--tags", str(tmp_path / "tags.jsonl")])
        assert re.search(r"deep\.jsonl:1: .* nested too deep", capsys.readouterr().err)
        assert not (tmp_path / "tags.jsonl").exists()
