"""Which columns of CoNLL files are read, settled once for a source."""

import re
from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError

Sentences = list[tuple[str, str]]


def _write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / f"{name}.tsv").write_text(content.replace(" ", "\t"), encoding="utf-8")
    return folder


def _read(source: SourceReader, part: str) -> Sentences:
    return [(" ".join(one.words), " ".join(one.tags)) for one in source.read(part)]


def test_numbers_with_a_gap_are_no_words_in_any_split(tmp_path: Path) -> None:
    train = "1 Ada B-person\n2 met O\n\n1 Bob B-person\n"
    reader = SourceReader(Source(str(_write(tmp_path, train=train, dev="1 In O\n3 York B-place\n"))))
    assert _read(reader, "train") == [("Ada met", "B-person O"), ("Bob", "B-person")]
    assert _read(reader, "dev") == [("In York", "O B-place")]
    for part in ("train", "dev"):
        assert "column 1 has numbers, column 2 the words" in reader.detail(part)


@pytest.mark.parametrize(
    "numbers",
    ["1 2 3 4", "7 8 9 10", "0 1 0 1", "1 1 2 2", "1-1 1-2 2-1 2-2", "3.1 3.2 4.1 4.2"],
)
def test_columns_of_numbers_are_skipped(numbers: str, tmp_path: Path) -> None:
    one, two, three, four = numbers.split()
    content = f"{one} Ada B-person\n{two} met O\n\n{three} Bob B-person\n{four} left O\n"
    assert _read(SourceReader(Source(str(_write(tmp_path, train=content)))), "train") == [
        ("Ada met", "B-person O"),
        ("Bob left", "B-person O"),
    ]


def test_numbers_of_sentences_and_words_are_skipped_together(tmp_path: Path) -> None:
    content = "12 1 Ada B-person\n12 2 met O\n\n13 1 Bob B-person\n13 2 left O\n"
    assert _read(SourceReader(Source(str(_write(tmp_path, train=content)))), "train")[1] == ("Bob left", "B-person O")


def test_numbers_that_count_nothing_are_asked_about(tmp_path: Path) -> None:
    folder = _write(tmp_path, train="1999 CD B-year\n7 CD O\n\n12 CD O\n3 CD O\n")
    with pytest.raises(UserError, match=r"train.tsv: expected words, but column 1 has only numbers.*\{words: 1\}"):
        SourceReader(Source(str(folder)))
    reader = SourceReader(Source(str(folder), columns={"words": 1}))
    assert _read(reader, "train")[0] == ("1999 7", "B-year O")


def test_identifiers_are_asked_about(tmp_path: Path) -> None:
    folder = _write(tmp_path, train="s1-1 Ada B-person\ns1-2 met O\n\ns2-1 Bob B-person\n")
    with pytest.raises(UserError, match=r"column 1 may have identifiers, such as 's1-1'.*\{words: 2\}"):
        SourceReader(Source(str(folder)))
    assert _read(SourceReader(Source(str(folder), columns={"words": 2})), "train")[1] == ("Bob", "B-person")


def test_prefixes_and_types_in_two_columns_are_asked_about(tmp_path: Path) -> None:
    folder = _write(tmp_path, train="Ada B person\nLovelace I person\nmet O O\nBob B person\n")
    with pytest.raises(UserError, match=r"prefixes such as `B` in column 2 and types in column 3"):
        SourceReader(Source(str(folder)))


def test_numbers_alone_are_words(tmp_path: Path) -> None:
    assert _read(SourceReader(Source(str(_write(tmp_path, train="1 B-id\n2 O\n")))), "train") == [("1 2", "B-id O")]


def test_files_that_count_words_are_not_mixed_with_files_that_do_not(tmp_path: Path) -> None:
    counted = "1 Ada B-person\n2 met O\n3 Bob B-person\n"
    folder = _write(tmp_path, train="Ada NNP B-person\nmet VBD O\n", dev=counted)
    with pytest.raises(UserError, match=r"dev.tsv: column 1 counts the words here, and holds words in .*train.tsv"):
        SourceReader(Source(str(folder)))


@pytest.mark.parametrize(
    ("content", "tags", "note"),
    [
        ("Uni B-org O O\nof I-org O O\nYork I-org B-place O\n", "B-org I-org I-org", "column 2.*not.* column 3"),
        ("Uni O O B-org\nof O O I-org\nYork O B-place I-org\n", "B-org I-org I-org", "column 4.*not.* column 3"),
        (
            "Uni O B-org O\nof O I-org B-org\nYork B-org I-org I-org\n",
            "B-org I-org I-org",
            "3, the outermost; not .* 2, 4",
        ),
    ],
    ids=["first", "last", "middle"],
)
def test_the_outermost_of_nested_tags_is_read(content: str, tags: str, note: str, tmp_path: Path) -> None:
    reader = SourceReader(Source(str(_write(tmp_path, train=content))))
    assert _read(reader, "train") == [("Uni of York", tags)]
    assert re.search(note, reader.detail("train"))


def test_tags_of_two_kinds_are_asked_about(tmp_path: Path) -> None:
    folder = _write(tmp_path, train="Ada B-person O\nmet O B-event\n")
    with pytest.raises(UserError, match=r"one column of entity tags, found columns 2 and 3.*\{tags: 3\}"):
        SourceReader(Source(str(folder)))
    assert _read(SourceReader(Source(str(folder), columns={"tags": 3})), "train") == [("Ada met", "O B-event")]


def test_a_header_names_columns_and_is_no_word(tmp_path: Path) -> None:
    content = "TOKEN FINE COARSE LINK\nAda B-person.writer B-person _\nmet O O _\n\nBob B-person.poet B-person _\n"
    reader = SourceReader(Source(str(_write(tmp_path, train=content, dev=content)), columns={"tags": "COARSE"}))
    for part in ("train", "dev"):
        assert _read(reader, part) == [("Ada met", "B-person O"), ("Bob", "B-person")]
    assert "the first row names the columns" in reader.detail("train")
    with pytest.raises(UserError, match="from 1 to 4, or one of TOKEN, FINE, COARSE, LINK, got `NER`"):
        SourceReader(Source(str(tmp_path), columns={"words": "TOKEN", "tags": "NER"}))


@pytest.mark.parametrize(
    ("row", "message"),
    [("x\tO\tO", "found 3: 'x O O'"), ("x", "found 1: 'x'"), ("New York\tB-place\tO", "found 3")],
)
def test_rows_with_another_number_of_columns_are_refused(row: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text(f"Ada\tB-person\nmet\tO\n{row}\nBob\tB-person\n")
    with pytest.raises(UserError, match=f"train.tsv:3: expected 2 columns separated by tabs.*{message}"):
        SourceReader(Source(str(tmp_path))).read("train")


def test_spaces_within_words_are_refused_in_files_separated_by_spaces(tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text("Ada _ O B-person\nLast Name _ O I-person\nleft _ O O\n")
    with pytest.raises(UserError, match=r"train.conll:2: expected 4 columns separated by spaces.*found 5"):
        SourceReader(Source(str(tmp_path))).read("train")


def test_a_blank_word_is_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("Ada\tB-person\n \tO\nmet\tO\n")
    reader = SourceReader(Source(str(tmp_path)))
    assert _read(reader, "train") == [("Ada met", "B-person O")]
    assert [(note.kind, note.place) for note in reader.reports["train"].notes] == [
        ("blank", f"{tmp_path / 'train.tsv'}:2")
    ]


def test_comments_are_no_words_wherever_they_are(tmp_path: Path) -> None:
    content = "# Vitamin O\nAda B-person\n# sent_id = 3\nmet O\n\n# plan B-person\n# B-place\nBob B-person\n"
    (tmp_path / "train.conll").write_text(content)
    assert _read(SourceReader(Source(str(tmp_path))), "train") == [
        ("Ada met", "B-person O"),
        ("# Bob", "B-place B-person"),
    ]
