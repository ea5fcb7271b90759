"""``python -m gner.score`` end to end."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gner.score import main
from tests.conftest import SHARED_DATA
from tests.scoring.predictions import row_of, score_file, write_rows
from tests.scoring.released_scorer import official_scores


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "predictions.jsonl")


def test_scores_are_printed_and_written(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = score_file(file, tmp_path, "--per-type", "--bootstrap", "50")
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
        score_file(SHARED_DATA / "generations_sample.jsonl", tmp_path, "--aligner", aligner)["datasets"]
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
    robust = score_file(sample, tmp_path, "--tags", str(tags))["datasets"]
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
    official = score_file(sample, tmp_path, "--tags", str(tags), "--aligner", "official")["datasets"]
    rows = [json.loads(line) for line in tags.read_text(encoding="utf-8").splitlines()]
    for name, scores in official.items():
        of_dataset = [row for row in rows if row["dataset"] == name]
        sentences = [(row["instance"]["words"], row["instance"]["labels"], row["tags"]) for row in of_dataset]
        expected = official_scores(sentences)
        assert (scores["precision_gner"], scores["recall_gner"], scores["f1_gner"]) == pytest.approx(
            expected, abs=1e-12
        )


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
    rows = [row_of("in Rome", "O B-city", "in(O) Rome(B-city)", split=str(number)) for number in range(3000)]
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
