"""Tables of scores."""

import json
from pathlib import Path

import pytest
import rich
from rich.console import Console

from gner.records import Counts
from gner.score import main
from gner.scoring import Tally, entity_scores
from gner.scoring.bootstrap import Interval, Intervals
from gner.scoring.table import F1Intervals, as_values, dataset_tables
from tests.scoring.predictions import row_of, score_file


def test_narrow_terminal_shows_names_and_figures(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rich, "_console", Console(width=80))
    main([str(file), "--bootstrap", "20", "--per-type"])
    printed = capsys.readouterr().out
    for text in ("toy", "hard </script>", "strict", "official", "0.8571", "100.00", "average"):
        assert text in printed
    assert "…" not in printed


def test_each_way_to_count_of_a_format_has_its_line_and_its_values() -> None:
    tally = Tally(["theirs", "theirs_loose"])
    tally.official |= {"theirs": Counts(1, 1, 1), "theirs_loose": Counts(1, 2, 4)}
    scores = entity_scores({"toy": tally})
    of_toy = Intervals({"toy": Interval(0.2, 0.4)}, average=Interval(0.1, 0.5))
    intervals = F1Intervals(of_toy, {"theirs": of_toy, "theirs_loose": of_toy})
    table, _ = dataset_tables(scores, intervals)
    assert [*table.columns[1].cells][:3] == ["strict", "official", "loose"]
    values = as_values(scores, intervals)
    for part, low in ((values["datasets"]["toy"], 0.2), (values["average"], 0.1)):
        assert part["f1_theirs"] == pytest.approx(1) and part["precision_theirs_loose"] == pytest.approx(0.5)
        assert part["support_theirs_loose"] == 4
        assert part["f1_theirs_loose_interval"][0] == low


def test_names_are_not_read_as_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = row_of("in Rome", "O B-city[x]", "in(O) Rome(B-city[x])", "toy[/b]", label_list=["city[x]"])
    file = tmp_path / "p.jsonl"
    file.write_text(json.dumps(row), encoding="utf-8")
    main([str(file), "--per-type"])
    printed = capsys.readouterr().out
    assert "toy[/b]" in printed
    assert "city[x]" in printed


def test_dataset_may_be_named_average(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    rows = [row_of("Rome", "B-city", f"Rome({tag})", name) for tag, name in (("B-city", "average"), ("O", "toy"))]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    scores = score_file(file, tmp_path, "--bootstrap", "5")
    assert scores["datasets"]["average"]["f1_interval"] == [1, 1]
    assert scores["average"]["f1_interval"] == [0.5, 0.5]


def test_what_it_took_to_read_texts_is_told_in_the_terms_of_the_format() -> None:
    headings = []
    for lists_strings in (False, True):
        _, table = dataset_tables(entity_scores({"toy": Tally()}, lists_strings), None)
        headings.append([column.header for column in table.columns][1:])
    assert headings == [["omissions", "additions", "substitutions"], ["not found", "unknown types", "unparsed"]]
