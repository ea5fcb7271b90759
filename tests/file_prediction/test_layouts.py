"""Results in layouts of other tools, read back by those tools where installed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.file_prediction.layouts import OutputFormat, Result, convert
from tests.file_prediction.rows import LAYOUT, ROWS, row_of


@pytest.fixture
def write(tmp_path: Path) -> Callable[[OutputFormat], Path]:
    def convert_rows(format: OutputFormat) -> Path:
        convert(format, [LAYOUT.read(row) for row in ROWS], tmp_path / "out")
        return tmp_path / "out"

    return convert_rows


def test_conll_has_a_word_and_its_tag_on_each_line(write: Callable[[OutputFormat], Path]) -> None:
    texts = write("conll").read_text(encoding="utf-8").split("\n\n")
    assert texts[0].split("\n")[:4] == ["Ada\tB-person", "Lovelace\tI-person", "did\tO", "n't\tO"]
    assert texts[1].strip().split("\n") == ["New\tB-city name", "York\tI-city name", "City\tI-city name", "!\tO"]


def test_brat_has_offsets_into_its_text_files(write: Callable[[OutputFormat], Path], tmp_path: Path) -> None:
    folder = write("brat")
    assert (folder / "sub" / "a.ann").read_text(encoding="utf-8").splitlines() == [
        "T1\tperson 0 13\tAda  Lovelace",
        "T2\tcity_name 30 36\tLondon",
    ]
    assert (folder / "000003.ann").read_text(encoding="utf-8") == "T1\tcity_name 0 3;4 14\tNew York\u200b City\n"
    for path in folder.rglob("*.ann"):
        text = path.with_suffix(".txt").read_bytes().decode()
        for line in path.read_text(encoding="utf-8").splitlines():
            _, place, shown = line.split("\t")
            spans = [map(int, span.split()) for span in place.split(" ", 1)[1].split(";")]
            assert " ".join(text[start:end] for start, end in spans) == shown
    assert len(list(tmp_path.rglob("*.txt"))) == len(list(folder.rglob("*.txt"))) == len(ROWS)  # none elsewhere


def test_hf_has_the_keys_of_a_pipeline(write: Callable[[OutputFormat], Path]) -> None:
    first = json.loads(write("hf").read_text(encoding="utf-8").splitlines()[0])
    assert first["entities"][0] == {
        "entity_group": "person",
        "score": 0.5,
        "word": "Ada  Lovelace",
        "start": 0,
        "end": 13,
    }


def test_spacy_reads_the_docs_with_their_exact_texts(write: Callable[[OutputFormat], Path]) -> None:
    docs = list(DocBin().from_disk(write("spacy")).get_docs(spacy.blank("xx").vocab))
    assert [doc.text for doc in docs] == [row["text"].replace("\ud83d", "\ufffd") for row in ROWS]
    for doc, row in zip(docs, ROWS, strict=False):
        assert [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] == [
            (entity["start"], entity["end"], entity["label"]) for entity in row["entities"]
        ]


@pytest.mark.parametrize("format", ["conll", "brat", "spacy"])
def test_layouts_can_be_trained_on(format: OutputFormat, tmp_path: Path) -> None:
    name = {"conll": "out.conll", "brat": "out", "spacy": "out.spacy"}[format]
    row = row_of("Ada Lovelace went to London .", (0, 12, "person"), (21, 27, "city"))
    convert(format, [LAYOUT.read(row)], tmp_path / name)
    reader = SourceReader(Source(str(tmp_path / name)))
    [example] = reader.read(reader.part_for("train"))
    assert example.words == ("Ada", "Lovelace", "went", "to", "London", ".")
    assert example.tags == ("B-person", "I-person", "O", "O", "B-city", "O")


@pytest.mark.parametrize("format", ["conll", "brat", "spacy", "hf", "label_studio", "doccano"])
def test_symbolic_link_is_written_through(format: OutputFormat, tmp_path: Path) -> None:
    row = row_of("Ada Lovelace", (0, 12, "person"))
    (tmp_path / "link").symlink_to("target")
    for _ in range(2):
        convert(format, [LAYOUT.read(row)], tmp_path / "link")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "target"]
    assert (tmp_path / "link").is_symlink()


def _offsets(row: dict[str, Any]) -> list[tuple[int, int, str]]:
    return [(entity["start"], entity["end"], entity["label"]) for entity in row["entities"]]


def test_label_studio_gets_a_prediction_for_each_text(write: Callable[[OutputFormat], Path]) -> None:
    tasks = json.loads(write("label_studio").read_text(encoding="utf-8"))
    assert [task["data"]["text"] for task in tasks] == [row["text"] for row in ROWS]
    assert tasks[0] == {
        "data": {"text": ROWS[0]["text"], "id": "sub/a.txt"},
        "predictions": [
            {
                "model_version": "gner",
                "score": 0.5,
                "result": [
                    {
                        "id": "e1",
                        "from_name": "label",
                        "to_name": "text",
                        "type": "labels",
                        "score": 0.5,
                        "value": {"start": 0, "end": 13, "text": "Ada  Lovelace", "labels": ["person"]},
                    },
                    {
                        "id": "e2",
                        "from_name": "label",
                        "to_name": "text",
                        "type": "labels",
                        "score": 0.5,
                        "value": {"start": 30, "end": 36, "text": "London", "labels": ["city name"]},
                    },
                ],
            }
        ],
    }
    assert tasks[1]["predictions"] == [{"model_version": "gner", "result": []}]


def test_label_studio_gets_the_name_of_the_model_and_the_mean_score(tmp_path: Path) -> None:
    row = row_of("Ada saw Bob", (0, 3, "person"), (8, 11, "person"))
    row["entities"][0]["score"] = 1.0
    convert("label_studio", [LAYOUT.read(row)], tmp_path / "out.json", model="runs/x")
    [task] = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert (task["predictions"][0]["model_version"], task["predictions"][0]["score"]) == ("runs/x", 0.75)
    convert("label_studio", [], tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == []


def test_doccano_gets_spans_and_the_other_fields(write: Callable[[OutputFormat], Path]) -> None:
    lines = write("doccano").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {
        "text": ROWS[0]["text"],
        "label": [[0, 13, "person"], [30, 36, "city name"]],
        "id": "sub/a.txt",
    }
    assert [json.loads(line)["text"] for line in lines] == [row["text"] for row in ROWS]


def test_fields_of_a_row_are_kept_beside_those_of_a_layout(tmp_path: Path) -> None:
    row = {
        "label": "gold",
        "label_": 1,
        "text": "note",
        "body": "Ada slept",
        "found_info": {"omissions": 1},
        "found": [],
    }
    result = LAYOUT._replace(column="body", field="found").read(row)
    convert("doccano", [result], tmp_path / "a.jsonl")
    convert("label_studio", [result], tmp_path / "a.json")
    spans = {"text": "Ada slept", "label": [], "label_": "gold", "label__": 1, "text_": "note"}
    assert json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8")) == spans
    data = {"text": "Ada slept", "label": "gold", "label_": 1, "text_": "note"}
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))[0]["data"] == data


@pytest.mark.parametrize("format", ["label_studio", "doccano"])
def test_words_are_joined_for_annotators(format: OutputFormat, tmp_path: Path) -> None:
    entity = {"start": 0, "end": 8, "text": "New York", "label": "x", "score": 1.0}
    row = {"id": 7, "words": ["New York", "is", "big"], "text": "New York is big", "entities": [entity]}
    convert(format, [LAYOUT.read({**row, "entities_tags": ["B-x", "O", "O"]})], tmp_path / "out")
    found = json.loads((tmp_path / "out").read_text(encoding="utf-8").strip("[]\n"))
    expected = {"text": "New York is big", "id": 7}
    assert found.get("data", found) == (expected if "data" in found else {**expected, "label": [[0, 8, "x"]]})


def test_corrected_pre_annotations_are_read_as_they_were(tmp_path: Path) -> None:
    rows = [row for row in ROWS if row["text"] and "\ud83d" not in row["text"]]
    results = [LAYOUT.read(row) for row in rows]
    convert("doccano", results, tmp_path / "train.jsonl")
    convert("label_studio", results, tmp_path / "train.json")
    tasks = json.loads((tmp_path / "train.json").read_text(encoding="utf-8"))
    exported = [{"data": task["data"], "annotations": task["predictions"]} for task in tasks]
    (tmp_path / "train.json").write_text(json.dumps(exported), encoding="utf-8")
    for name, detail in (("train.jsonl", "text with character spans"), ("train.json", "Label Studio")):
        reader = SourceReader(Source(str(tmp_path / name)))
        examples = reader.read("train")
        assert reader.detail("train") == detail
        assert [example.tags for example in examples] == [tuple(result.entities.tags()) for result in results]
        assert reader.reports["train"].notes == []
    spans = [json.loads(line)["label"] for line in (tmp_path / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [[tuple(span) for span in one] for one in spans] == [_offsets(row) for row in rows]


def test_given_words_are_not_split_again() -> None:
    entity = {"start": 0, "end": 8, "text": "New York", "label": "x", "score": 1.0}
    for column in ("words", "tokens"):
        row = {column: ["New York", " ", "is", "big"], "text": "New York   is big", "entities": [entity]}
        result = LAYOUT._replace(column=column).read(row)
        assert isinstance(result, Result)
        assert result.entities.tags() == ["B-x", "O", "O", "O"]


def test_words_that_got_a_text_are_not_split_again(tmp_path: Path) -> None:
    entity = {"start": 0, "end": 4, "text": "\u200bAda", "label": "x", "score": 1.0}
    row = {"words": ["\u200bAda", "didn't"], "text": "\u200bAda didn't", "entities": [entity]}
    convert("conll", [LAYOUT.read({**row, "entities_tags": ["B-x", "O"]})], tmp_path / "out.conll")
    assert (tmp_path / "out.conll").read_text(encoding="utf-8") == "\u200bAda\tB-x\ndidn't\tO\n\n"


def test_a_text_is_split_although_its_row_has_words() -> None:
    result = LAYOUT.read({"text": "Ada didn't", "words": ["Ada", "didn't"], "entities": []})
    assert [word.text for word in result.text.words] == ["Ada", "did", "n't"]
    assert result.others == {"words": ["Ada", "didn't"]}
