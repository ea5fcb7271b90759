"""Reading CSV and TSV tables."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError

ADA = (("Ada", "slept"), ("B-per", "O"))
ROME = (("Rome",), ("B-geo",))
KAGGLE = "Sentence #,Word,POS,Tag\nSentence: 1,Ada,NNP,B-per\n,slept,VBD,O\nSentence: 2,Rome,NNP,B-geo\n"


def _open(path: Path, content: str | bytes, **options: object) -> SourceReader:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return SourceReader(Source(str(path), **options))  # type: ignore[arg-type]


def _read(path: Path, content: str | bytes, **options: object) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    reader = _open(path, content, **options)
    return [(example.words, example.tags) for example in reader.read(reader.parts[0])]


@pytest.mark.parametrize(
    "content",
    [
        KAGGLE,
        KAGGLE.replace(",", "\t"),
        "\ufeff" + KAGGLE.replace(",", ";").replace("\n", "\r\n"),
        ",sentence_idx,word,tag\n0,1.0,Ada,B-per\n1,1.0,slept,O\n2,2.0,Rome,B-geo\n",
        "doc,sent_id,token,pos,ner\na,1,Ada,X,B-per\na,1,slept,X,O\nb,1,Rome,X,B-geo\n",
        "token,label\nAda,B-per\nslept,O\n\nRome,B-geo\n",
        "token,label\nAda,B-per\nslept,O\n,\nRome,B-geo\n",
        "text,labels\nAda slept,B-per O\nRome,B-geo\nRome x,B-geo O\n",
        'sentence,word_labels\nAda slept,"B-per,O"\nRome,B-geo\nRome x,"B-geo,O"\n',
        "Sentence #,Sentence,POS,Tag\nSentence: 1,Ada slept,\"['NNP', 'VBD']\",\"['B-per', 'O']\"\n"
        "Sentence: 2,Rome,['NNP'],['B-geo']\nSentence: 3,Rome x,\"['NNP', 'X']\",\"['B-geo', 'O']\"\n",
    ],
    ids=["Kaggle", "tabs", "Excel", "numbers", "documents", "blank", "commas", "sentences", "labels", "lists"],
)
def test_common_layouts_are_read(content: str, tmp_path: Path) -> None:
    read = _read(tmp_path / "x.csv", content)
    assert read[:2] == [ADA, ROME]
    assert read[2:] in ([], [(("Rome", "x"), ("B-geo", "O"))])


def test_the_columns_are_logged_and_places_have_lines(tmp_path: Path) -> None:
    reader = _open(tmp_path / "x.csv", KAGGLE)
    examples = reader.read("all")
    assert [example.source for example in examples] == [f"{tmp_path / 'x.csv'}:{line}" for line in (2, 4)]
    assert examples[0].types == ("geo", "per")
    assert reader.detail("all") == ("a CSV table (words in `Word`, tags in `Tag`, sentences by `Sentence #`, IOB2)")
    assert not reader.reports["all"].notes


def test_a_file_of_excel_is_read_as_cp1252_and_counted(tmp_path: Path) -> None:
    content = KAGGLE.replace("slept", "Zoë’s").encode("cp1252")
    reader = _open(tmp_path / "x.csv", content)
    assert reader.read("all")[0].words == ("Ada", "Zoë’s")
    assert [(note.kind, note.place) for note in reader.reports["all"].notes] == [("decoded", f"{tmp_path / 'x.csv'}:3")]


def test_damaged_utf_8_is_not_taken_for_cp1252(tmp_path: Path) -> None:
    content = KAGGLE.replace("slept", "Zoë’s").encode() + b",\xff,X,O\n"
    with pytest.raises(UserError, match=r"x.csv:5: expected UTF-8, found the byte 0xff"):
        _read(tmp_path / "x.csv", content)


def test_words_may_hold_separators_and_quotes(tmp_path: Path) -> None:
    content = 'Sentence #,Word,Tag\n1,"1,000",O\n,"""",O\n,"a ""b""",B-x\n'
    assert _read(tmp_path / "x.csv", content) == [(("1,000", '"', 'a "b"'), ("O", "O", "B-x"))]
    content = 'sent_id\tword\ttag\n1\t"\tO\n1\tAda\tB-per\n1\t"\tO\n2\t"\tO\n'
    assert _read(tmp_path / "x.tsv", content)[0] == (('"', "Ada", '"'), ("O", "B-per", "O"))


def test_columns_can_be_set(tmp_path: Path) -> None:
    content = "Satz;Wort;Art;NER-Typ;x\n1;Ada;NN;B-per;O\n1;slept;VB;O;O\n2;Rome;NN;B-geo;O\n"
    columns = {"words": "Wort", "tags": "NER-Typ", "sentences": 1}
    assert _read(tmp_path / "x.csv", content, columns=columns) == [ADA, ROME]
    with pytest.raises(UserError, match=r"x.csv:1: expected a first row that names the columns"):
        _read(tmp_path / "x.csv", content, columns=columns | {"sentences": "No"}, format="csv")


def test_the_column_with_entities_is_read_of_several(tmp_path: Path) -> None:
    content = "sent_id,word,tag,label\n1,Ada,NNP,B-per\n1,slept,VBD,O\n2,Rome,NNP,B-geo\n"
    assert _read(tmp_path / "x.csv", content) == [ADA, ROME]


def test_numbers_of_tags_get_names(tmp_path: Path) -> None:
    content = 'tokens,ner_tags\n"[""Ada"", ""slept""]","[1, 0]"\n'
    assert _read(tmp_path / "x.csv", content, tag_names=["O", "B-per"]) == [ADA]


def test_blank_words_are_counted(tmp_path: Path) -> None:
    reader = _open(tmp_path / "x.csv", KAGGLE + ",,X,O\n")
    assert [example.words for example in reader.read("all")] == [ADA[0], ROME[0]]
    assert [(note.kind, note.place) for note in reader.reports["all"].notes] == [("blank", f"{tmp_path / 'x.csv'}:5")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (KAGGLE + ",x,X\n", r"x.csv:5: expected 4 cells, as in the first row, found 3: ' \| x \| X'"),
        (KAGGLE + ",,X,B-per\n", r"x.csv:5: expected a word and a tag in `Word` and `Tag`, found '' and 'B-per'"),
        (KAGGLE + ',"x,X,O\n', r"x.csv:5: expected cells separated by ',', but unexpected end of data"),
        (KAGGLE + ',"x,X,O\n,",X,O\n', r"x.csv:5: expected a word, found .* of several lines. Is there a quote"),
        (KAGGLE + ",x,X,per\n", r"x.csv:5: `per` is not a tag"),
        ("Word,Tag\nAda,B-per\nslept,O\n", r"expected blank rows between sentences or a column that numbers them"),
        ("Ada,B-per\nslept,O\n", r"x.csv:1: expected a first row that names the columns .* found \['Ada', 'B-per'\]"),
        (
            "text,labels\nRome x,O O\nRome y,O O\nAda slept,O\n",
            r"x.csv:4: expected a tag for each word, found 2 words",
        ),
        ("tokens,tags\n['Ada' 'x'],['O' 'B-x']\n", r"x.csv:2: expected a list with commas.*as NumPy prints it"),
    ],
)
def test_bad_files_raise_with_the_line(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _read(tmp_path / "x.csv", content, format="csv")
