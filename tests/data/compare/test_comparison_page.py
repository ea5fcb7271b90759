"""The page of disagreements."""

import re
from pathlib import Path
from typing import Any

import pytest

from gner.data.compare.annotated import Annotated
from gner.data.compare.comparison_page import write_comparison_page
from gner.data.compare.pairing import Pairs
from gner.data.compare.ranking import TagsElsewhere, rank
from gner.data.compare.summary import summarize
from gner.records import Entity
from tests.data.compare.annotations import annotated
from tests.markup import NASTY, check_page, template_of


def _write(path: Path, *pairs: tuple[Annotated, Annotated], names: tuple[str, str] = ("a", "b")) -> Any:
    differing = rank(pairs, TagsElsewhere(a for a, _ in pairs))
    write_comparison_page(path, names, differing, summarize(Pairs(list(pairs), [], []), differing))
    return check_page(path.read_text(encoding="utf-8"), template_of("comparison_page.html"))


def test_texts_add_no_element(tmp_path: Path) -> None:
    pairs = [(Annotated((nasty,), (), nasty), Annotated((nasty,), (Entity(0, 1, nasty),), nasty)) for nasty in NASTY]
    data = _write(tmp_path / "page.html", *pairs, names=(NASTY[0], NASTY[1]))
    assert [sentence["words"][0] for sentence in data["sentences"]] == NASTY


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert not re.search(r"(src|href)=", template_of("comparison_page.html"))


def test_entities_have_their_kind_and_score(tmp_path: Path) -> None:
    a = annotated("Ada left Oslo", Entity(0, 1, "person"), Entity(2, 3, "city"), place="a:1")
    b = annotated("Ada left Oslo", Entity(0, 1, "person", 0.9), Entity(1, 3, "city", float("nan")), place="b:7")
    [sentence] = _write(tmp_path / "page.html", (a, b), (a, a))["sentences"]
    assert sentence["A"] == [[0, 1, "person", None, None], [2, 3, "city", "borders", None]]
    assert sentence["B"] == [[0, 1, "person", None, 0.9], [1, 3, "city", "borders", None]]
    assert sentence["places"] == ["a:1", "b:7"]


def test_the_most_harmful_are_on_a_full_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.data.compare.comparison_page.MAX_ITEMS", 1)
    b = (annotated("Ada", Entity(0, 1, "person", score), place=str(score)) for score in (0.2, 0.8))
    data = _write(tmp_path / "page.html", *((annotated("Ada"), one) for one in b))
    assert data["leftOut"] == 1
    assert data["sentences"][0]["places"][1] == "0.8"
