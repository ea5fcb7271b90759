"""The page holds what its script reads."""

import json
import re
from pathlib import Path

from gner.studies.finished_run import read_runs
from gner.studies.run_comparison import compare_runs
from gner.studies.run_page import write_run_page
from tests.studies.conftest import Simulated


def test_sentences_that_differ_have_all_sides(simulated: Simulated, tmp_path: Path) -> None:
    compared = compare_runs(read_runs([str(simulated.study.file)]), 20, seed=0)
    write_run_page(tmp_path / "runs.html", compared)
    page = (tmp_path / "runs.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert found
    data = json.loads(found[1])
    assert data["names"] == [run.name for run in compared.runs]
    assert data["leftOut"] == 0
    for sentence in data["sentences"]:
        gold = {tuple(entity[:3]) for entity in sentence["gold"]}
        for name in data["names"]:
            faults = {tuple(entity[:3]): entity[3] for entity in sentence[name]}
            assert all((fault is None) == (entity in gold) for entity, fault in faults.items())
            assert (name in sentence["right"]) == (faults.keys() == gold)
