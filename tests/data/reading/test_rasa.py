"""Reading Rasa's training data."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.reading.documents import entities, notes, open_file

NLU = """version: "3.1"
nlu:
- intent: book
  examples: |
    - fly to [Oslo](city)
    - from [NYC]{"entity": "city", "role": "from", "value": "New York"} to [Rome](city:RM)

    - no entity here
- intent: greet
  examples:
  - text: |
      hello [Ada Lovelace](person)
    metadata: {sentiment: good}
  - text: "hi"
- synonym: New York
  examples: |
    - NYC
- lookup: city
  examples: |
    - Oslo
- intent: nested
  examples: |
    - [two][{"entity": "number"}, {"entity": "count"}] of them
"""


def test_examples_are_read_with_their_entities(tmp_path: Path) -> None:
    reader = open_file(tmp_path / "nlu.yml", NLU)
    assert entities(reader) == [
        [("Oslo", "city")],
        [("NYC", "city"), ("Rome", "city")],
        [],
        [("Ada Lovelace", "person")],
        [],
        [("two", "number")],
    ]
    examples = reader.read("all")
    assert examples[1].words == ("from", "NYC", "to", "Rome")
    assert [Path(one.source).name for one in examples] == [f"nlu.yml:{line}" for line in (5, 6, 8, 12, 14, 23)]
    assert examples[0].types == ("city", "number", "person")
    assert reader.detail("all") == "Rasa NLU"
    assert notes(reader) == [("overlapping", "nlu.yml:23, characters 0-3")]


def test_a_folder_of_yaml_is_read(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text("intents: [book]\n")
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "nlu.yml").write_text(NLU)
    reader = SourceReader(Source(str(tmp_path)))
    assert reader.parts == ["train", "test"]
    assert len(reader.read("train")) == 6


def test_yaml_beside_other_data_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "nlu.yml").write_text(NLU)
    (tmp_path / "train.txt").write_text("Ada B-x\nslept O\n")
    assert SourceReader(Source(str(tmp_path))).detail("train").startswith("CoNLL")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nlu:\n- intent: a\n  examples: |\n    - x\n    - [y]{'entity': 'b'}\n", r"nlu.yml:5: expected an entity"),
        ('nlu:\n- intent: a\n  examples: |\n    - [y]{"role": "b"}\n', r"nlu.yml:4: expected the name of an entity"),
        (
            "nlu:\n- intent: a\n  examples: |\n    x\n",
            r"nlu.yml:4: expected an example that starts with `- `, found 'x'",
        ),
        ("nlu:\n- intent: a\n", r"nlu.yml:2: expected `examples: \|` and a list"),
        ("nlu:\n- intent: a\n  examples: [{x: 1}]\n", r"nlu.yml:3: expected an example or its `text`"),
        ("nlu:\n- intent: 'a\n", r"nlu.yml:3: expected YAML, but found unexpected end of stream"),
        ("nlu: 7\n", r"nlu.yml:1: expected a list of intents below `nlu`"),
    ],
)
def test_bad_files_raise_with_the_line(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        open_file(tmp_path / "nlu.yml", content).read("all")
