"""Reading spaCy's DocBin files."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span

from gner.bio import to_entities
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from gner.records import Example
from tests.data.writers import blank


def _read(path: Path, docs: list[spacy.tokens.Doc], **options: object) -> tuple[list[Example], SourceReader]:
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    reader = SourceReader(Source(str(path), **options))  # type: ignore[arg-type]
    return reader.read(reader.parts[0]), reader


def _entities(example: Example) -> list[tuple[str, str]]:
    return [(" ".join(example.words[one.start : one.end]), one.type) for one in to_entities(example.tags)]


def test_words_and_sentences_are_those_of_spacy(tmp_path: Path) -> None:
    [doc] = blank(["Ada  can't\nstay. She left\u00a0Rome-on-Sea."])
    doc.ents = [doc.char_span(0, 3, "person"), doc.char_span(26, 30, "place")]
    examples, reader = _read(tmp_path / "a.spacy", [doc])
    assert [example.words for example in examples] == [
        ("Ada", "ca", "n't", "stay", "."),
        tuple(token.text for token in list(doc.sents)[1] if not token.is_space),
    ]
    assert [_entities(example) for example in examples] == [[("Ada", "person")], [("Rome", "place")]]
    assert examples[0].source == f"{tmp_path / 'a.spacy'}, document 1"
    assert not reader.reports["all"].notes


def test_words_are_resplit_with_a_given_splitter(tmp_path: Path) -> None:
    [doc] = blank(["Rome-on-Sea"])
    doc.ents = [doc.char_span(0, 11, "place")]
    examples, _ = _read(tmp_path / "a.spacy", [doc], words="treebank")
    assert (examples[0].words, examples[0].tags) == (("Rome-on-Sea",), ("B-place",))


def test_span_groups_are_read_without_entities(tmp_path: Path) -> None:
    [doc] = blank(["the New York Giants won"])
    doc.spans["sc"] = [Span(doc, 1, 4, "team"), Span(doc, 1, 3, "city")]
    examples, reader = _read(tmp_path / "a.spacy", [doc])
    assert _entities(examples[0]) == [("New York Giants", "team")]
    assert reader.reports["all"].counts() == {"overlapping": 1}


def test_a_file_that_is_not_a_docbin_raises(tmp_path: Path) -> None:
    (tmp_path / "a.spacy").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"a.spacy: expected a DocBin that spaCy wrote"):
        reader = SourceReader(Source(str(tmp_path / "a.spacy"), format="docbin"))
        reader.read("all")


def test_without_spacy_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [doc] = blank(["Ada"])
    doc.ents = []
    _read(tmp_path / "a.spacy", [doc], types=["x"])
    monkeypatch.setitem(__import__("sys").modules, "spacy.tokens", None)
    with pytest.raises(UserError, match=r"pip install 'gner\[spacy\]'"):
        SourceReader(Source(str(tmp_path / "a.spacy"))).read("all")


def test_span_groups_beside_entities_are_reported(tmp_path: Path) -> None:
    [doc] = blank(["the New York Giants won"])
    doc.ents = [Span(doc, 1, 4, "team")]
    doc.spans["sc"] = [Span(doc, 1, 4, "team"), Span(doc, 1, 3, "city")]
    examples, reader = _read(tmp_path / "a.spacy", [doc])
    assert _entities(examples[0]) == [("New York Giants", "team")]
    assert reader.reports["all"].counts() == {"duplicate": 1, "unused": 1}
