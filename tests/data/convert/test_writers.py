"""What is written in any format is read again as it was."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import datasets
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin

from gner.errors import UserError
from tests.conftest import SHARED_DATA
from tests.data.convert.corpora import TARGETS, TYPES, convert, essence, write_rows, write_sentences
from tests.data.writers import WRITERS

WORDS = [
    "#",
    "#a=b",
    "# id",
    "#newdoc",
    '"',
    "'",
    "\\",
    "[",
    "{",
    "//",
    "<b>",
    "-",
    "O",
    "B-person",
    "token",
    "123",
    "1",
]
WORDS += [
    "New York",
    "a  b",
    "a\u00a0b",
    "a\u2028b",
    "a\x85b",
    "\u200b",
    "\ufeffx",
    "e\u0301",
    "東京",
    "👩\u200d🔬",
    "\x01",
]
SPACES = ["\u00a0", "\u3000", "\u2028", "\x85", "\x0b", "\x1f"]
"""Words for CoNLL and JSON, whitespace for spaCy."""


def _write_odd_words(folder: Path, words: list[str]) -> None:
    """Each word alone, at the start, at the end and inside of entities, in two splits."""
    for split in ("train", "dev"):
        rows = [{"words": words, "tags": ["O"] * len(words), "types": TYPES}]
        for number, word in enumerate(words):
            kind = TYPES[number % len(TYPES)]
            rows.append({"words": [word], "tags": ["O"], "types": TYPES})
            rows.append({"words": [word, "x"], "tags": [f"B-{kind}", f"I-{kind}"], "types": TYPES})
            rows.append({"words": ["x", word, word], "tags": [f"B-{kind}", f"B-{kind}", "O"], "types": TYPES})
        write_rows(folder / f"{split}.jsonl", rows)


@pytest.mark.parametrize("to", TARGETS)
def test_odd_words_are_read_as_they_were(tmp_path: Path, to: str) -> None:
    _write_odd_words(tmp_path / "in", WORDS)
    convert(tmp_path / "in", tmp_path / "out", to)
    assert essence(tmp_path / "out") == essence(tmp_path / "in")


@pytest.mark.parametrize("to", ["jsonl", "gner", "conll", "hf"])
def test_words_of_whitespace_are_kept(tmp_path: Path, to: str) -> None:
    _write_odd_words(tmp_path / "in", SPACES)
    convert(tmp_path / "in", tmp_path / "out", to)
    assert essence(tmp_path / "out") == essence(tmp_path / "in")


@pytest.mark.parametrize("to", ["jsonl", "conll", "hf", "spacy"])
def test_the_start_of_a_document_may_be_a_word(tmp_path: Path, to: str) -> None:
    write_sentences(tmp_path / "in" / "train.jsonl", "-DOCSTART-/O", "-DOCSTART-/B-person x/O", "-DOCSTART--/O Ada/O")
    convert(tmp_path / "in", tmp_path / "out", to)
    assert essence(tmp_path / "out") == essence(tmp_path / "in")


@pytest.mark.parametrize("first", ["#hash", "#a=b", "\ufeffx"])
@pytest.mark.parametrize("to", TARGETS)
def test_the_first_word_of_a_file_may_look_like_something_else(tmp_path: Path, to: str, first: str) -> None:
    write_sentences(tmp_path / "in" / "train.jsonl", f"{first}/O {first}/B-person", f"{first}/O {first}/B-place")
    convert(tmp_path / "in", tmp_path / "out", to)
    assert essence(tmp_path / "out") == essence(tmp_path / "in")


@pytest.mark.parametrize(
    ("to", "word", "reason"),
    [
        ("gner", "-DOCSTART-", "which starts a document there"),
        ("gner", "a\tb", "with a tab"),
        ("gner", " a", "a space at its end"),
        ("conll", "a\tb", "with a tab"),
        ("conll", "a\nb", "a line end"),
        ("conll", "a ", "a space at its end"),
        ("spacy", "\u00a0", "whitespace, which is no word for spaCy"),
    ],
)
def test_a_word_that_a_format_cannot_hold_is_refused_with_its_place(
    tmp_path: Path, to: str, word: str, reason: str
) -> None:
    path = tmp_path / "in" / "train.jsonl"
    write_rows(path, [{"words": ["Ada"], "tags": ["B-x"]}, {"words": ["x", word], "tags": ["O", "O"]}])
    with pytest.raises(UserError, match=reason) as caught:
        convert(tmp_path / "in", tmp_path / "out", to)
    assert str(caught.value).startswith(f"{path}:2, word 2: expected words that")
    assert not (tmp_path / "out").exists()
    for exact in ("jsonl", "hf"):
        convert(tmp_path / "in", tmp_path / exact, exact)
        assert essence(tmp_path / exact) == essence(tmp_path / "in")


@pytest.mark.parametrize("to", ["jsonl", "hf"])
def test_sentences_keep_types_of_their_own(tmp_path: Path, to: str) -> None:
    write_sentences(tmp_path / "in" / "train.jsonl", "Ada/B-person", types=["place", "person"])
    write_sentences(tmp_path / "in" / "dev.jsonl", "Ada/B-person", "it/O", types=["person", "event"])
    convert(tmp_path / "in", tmp_path / "out", to)
    assert essence(tmp_path / "out") == essence(tmp_path / "in")


@pytest.mark.parametrize("to", ["gner", "conll", "spacy"])
def test_types_of_their_own_are_refused_where_there_is_one_list(tmp_path: Path, to: str) -> None:
    write_sentences(tmp_path / "in" / "train.jsonl", "Ada/B-person", types=["place", "person"])
    write_sentences(tmp_path / "in" / "dev.jsonl", "Ada/B-person", types=["person", "event"])
    with pytest.raises(UserError, match="This format has one list of types") as caught:
        convert(tmp_path / "in", tmp_path / "out", to)
    assert str(caught.value).startswith(f"{tmp_path / 'in' / 'dev.jsonl'}:1: expected the types of")
    convert(tmp_path / "in", tmp_path / "out", to, types=["person", "place"])
    assert essence(tmp_path / "out") == essence(tmp_path / "in", types=["person", "place"])


@pytest.mark.parametrize("source", WRITERS)
@pytest.mark.parametrize("to", TARGETS)
def test_every_format_becomes_every_other(tmp_path: Path, source: str, to: str) -> None:
    (tmp_path / "in").mkdir()
    WRITERS[source](tmp_path / "in")
    convert(tmp_path / "in", tmp_path / "out", to)
    before, after = essence(tmp_path / "in"), essence(tmp_path / "out")
    assert list(after.values()) == list(before.values())
    assert list(after) == ["train", "dev", "test"]


@pytest.mark.parametrize("to", TARGETS)
def test_long_sentences_stay_whole(tmp_path: Path, to: str) -> None:
    sentence = " ".join(["This/O is/O Ada/B-person ./O"] * 50)
    write_sentences(tmp_path / "in" / "train.jsonl", sentence, "It/O is/O ./O")
    convert(tmp_path / "in", tmp_path / "out", to)
    assert essence(tmp_path / "out") == essence(tmp_path / "in")


_TEXT = st.text(min_size=1, max_size=4).filter(lambda word: word.strip(" \t\r\n"))
_TAG = st.sampled_from(["O", "O", "B-person", "B-zoo animal"])
_SENTENCE = st.lists(st.tuples(_TEXT, _TAG), min_size=1, max_size=5)


@pytest.mark.parametrize("to", ["jsonl", "gner", "conll", "spacy"])
@given(sentences=st.lists(_SENTENCE, min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_any_words_are_read_as_they_were_or_refused_with_their_place(
    to: str, sentences: list[list[tuple[str, str]]]
) -> None:
    rows = [
        {"words": [word for word, _ in one], "tags": [tag for _, tag in one], "types": TYPES[:2]} for one in sentences
    ]
    with TemporaryDirectory() as name:
        source, out = Path(name, "in"), Path(name, "out")
        write_rows(source / "train.jsonl", rows)
        try:
            convert(source, out, to)
        except UserError as error:
            assert to != "jsonl"
            assert str(source / "train.jsonl") in str(error) or "cannot be read" in str(error)
        else:
            assert essence(out) == essence(source)


def test_rows_have_their_data_set_and_place(tmp_path: Path) -> None:
    path = tmp_path / "news" / "train.conll"
    path.parent.mkdir()
    path.write_text("Ada NNP I-PER\n\nBob NNP I-PER\nEve NNP B-PER\n", encoding="utf-8")
    convert(tmp_path / "news", tmp_path / "out")
    lines = (tmp_path / "out" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[1]) == {
        "words": ["Bob", "Eve"],
        "tags": ["B-PER", "B-PER"],
        "types": ["PER"],
        "dataset": "news",
        "id": "1",
        "place": f"{path}:3",
    }


def test_tables_open_with_their_library(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    WRITERS["words"](tmp_path / "in")
    convert(tmp_path / "in", tmp_path / "out", "hf")
    found = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(table) for name, table in found.items()} == {"train": 3, "validation": 2, "test": 1}
    names = found["train"].features["ner_tags"].feature.names
    assert names == ["O", "B-person", "I-person", "B-place", "I-place"]
    row = found["train"][0]
    assert [names[tag] for tag in row["ner_tags"][:3]] == ["B-person", "I-person", "O"]
    assert row["place"] == f"{tmp_path / 'in' / 'train.jsonl'}:1"


def test_documents_open_with_their_library(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    WRITERS["words"](tmp_path / "in")
    convert(tmp_path / "in", tmp_path / "out", "spacy")
    first, *_ = DocBin().from_disk(tmp_path / "out" / "train.spacy").get_docs(spacy.blank("en").vocab)
    assert first.text == "Ada Lovelace wrote to London ."
    assert [(one.text, one.label_) for one in first.ents] == [("Ada Lovelace", "person"), ("London", "place")]
    assert len(list(first.sents)) == 1
    assert all(
        doc.has_annotation("ENT_IOB")
        for doc in DocBin().from_disk(tmp_path / "out" / "dev.spacy").get_docs(first.vocab)
    )


def test_columns_are_numbered_only_where_needed(tmp_path: Path) -> None:
    write_sentences(tmp_path / "in" / "train.jsonl", "Ada/B-person #win/O")
    write_sentences(tmp_path / "odd" / "train.jsonl", "Ada/B-person -DOCSTART-/O")
    convert(tmp_path / "in", tmp_path / "out", "conll")
    convert(tmp_path / "odd", tmp_path / "numbered", "conll")
    assert (tmp_path / "out" / "train.conll").read_text() == "Ada\tB-person\n#win\tO\n\n"
    assert (tmp_path / "numbered" / "train.conll").read_text() == "1\tAda\tB-person\n2\t-DOCSTART-\tO\n\n"


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the corpora are not here")
@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize(
    "name",
    [
        *("crossner_ai", "crossner_literature", "crossner_science"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("mit-movie", "mit-restaurant")),
    ],
)
def test_corpora_are_read_as_they_were(tmp_path: Path, name: str, to: str) -> None:
    convert(SHARED_DATA / name, tmp_path / "out", to)
    assert essence(tmp_path / "out") == essence(SHARED_DATA / name)
