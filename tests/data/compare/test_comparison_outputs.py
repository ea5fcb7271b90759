"""The table and the lines of disagreements."""

import json
from pathlib import Path

from rich.console import Console

from gner.data.compare.comparison_outputs import table_of, write_lines
from gner.data.compare.ranking import Differing, TagsElsewhere, rank
from gner.records import Entity
from tests.data.compare.annotations import annotated


def _differing() -> list[Differing]:
    a = annotated("[b]Ada[/b] left New York", Entity(0, 1, "person"), Entity(3, 4, "city"), place="a.txt:3")
    b = annotated("[b]Ada[/b] left New York", Entity(2, 4, "city", 0.9), place="b.jsonl:1")
    return rank([(a, b)], TagsElsewhere([a]))


def test_a_line_has_all_of_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    write_lines(path, _differing())
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "score": 0.9,
        "words": ["[b]Ada[/b]", "left", "New", "York"],
        "a": {"place": "a.txt:3", "tags": ["B-person", "O", "O", "B-city"]},
        "b": {"place": "b.jsonl:1", "tags": ["O", "O", "B-city", "I-city"]},
        "disagreements": [
            {
                "kind": "only_a",
                "a": {"start": 0, "end": 1, "text": "[b]Ada[/b]", "type": "person", "score": None},
                "b": None,
                "a_elsewhere": 0,
            },
            {
                "kind": "borders",
                "a": {"start": 3, "end": 4, "text": "York", "type": "city", "score": None},
                "b": {"start": 2, "end": 4, "text": "New York", "type": "city", "score": 0.9},
                "a_elsewhere": 0,
            },
        ],
    }


def test_the_table_shows_texts_as_they_are() -> None:
    console = Console(width=160, record=True)
    console.print(table_of(_differing()))
    shown = " ".join(console.export_text().split())
    assert "a.txt:3: [b]Ada[/b] left New York [b]Ada[/b] (person) – York (city) New York (city) 0.900" in shown


def test_a_sentence_with_many_disagreements_is_cut() -> None:
    entities = [Entity(number, number + 1, "x") for number in range(8)]
    differing = rank([(annotated("a b c d e f g h", *entities), annotated("a b c d e f g h"))], TagsElsewhere([]))
    console = Console(width=160, record=True)
    console.print(table_of([differing[0]]))
    assert "and 3 more" in console.export_text()
