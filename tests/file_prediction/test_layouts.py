"""Results in layouts of other tools, read back by those tools where installed."""

import json
from collections.abc import Callable
from pathlib import Path

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


@pytest.mark.parametrize("format", ["conll", "brat", "spacy", "hf"])
def test_symbolic_link_is_written_through(format: OutputFormat, tmp_path: Path) -> None:
    row = row_of("Ada Lovelace", (0, 12, "person"))
    (tmp_path / "link").symlink_to("target")
    for _ in range(2):
        convert(format, [LAYOUT.read(row)], tmp_path / "link")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "target"]
    assert (tmp_path / "link").is_symlink()


def test_given_words_are_not_split_again() -> None:
    entity = {"start": 0, "end": 8, "text": "New York", "label": "x", "score": 1.0}
    for column in ("words", "tokens"):
        row = {column: ["New York", " ", "is", "big"], "text": "New York   is big", "entities": [entity]}
        result = LAYOUT._replace(column=column).read(row)
        assert isinstance(result, Result)
        assert result.entities.tags() == ["B-x", "O", "O", "O"]
