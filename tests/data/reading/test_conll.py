"""Reading CoNLL files."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError

ADA = (("Ada", "slept"), ("B-PER", "O"))
ROME = (("Rome",), ("B-LOC",))


def _read(path: Path, content: str, **options: object) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    path.write_text(content, encoding="utf-8")
    reader = SourceReader(Source(str(path), **options))  # type: ignore[arg-type]
    return [(example.words, example.tags) for example in reader.read(reader.parts[0])]


@pytest.mark.parametrize(
    "content",
    [
        "-DOCSTART- -X- -X- O\n\nAda NNP B-NP B-PER\nslept VBD B-VP O\n\nRome NNP B-NP B-LOC\n\n",
        "-DOCSTART-\tO\n\nAda\tB-PER\nslept\tO\n\nRome\tB-LOC",
        "\ufeffAda  B-PER\r\nslept O \r\n\r\n\r\nRome B-LOC\r\n",
        "# id 5239d808-f300\tdomain=en\nAda _ _ B-PER\nslept _ _ O\n\n\n# id 5\tdomain=en\nRome _ _ B-LOC\n",
        "# sent_id = weblog-1\n# text = Ada slept O\nAda\tB-PER\nslept\tO\n\n# text = Rome\nRome\tB-LOC\n",
        "Ada S-PER\nslept O\n\nRome S-LOC\n",
        "Ada U-PER\nslept O\n\nRome U-LOC\n",
        "Ada I-PER\nslept O\n\nRome I-LOC\n",
    ],
    ids=["2003", "tabs", "Windows", "MultiCoNER", "CoNLL-U", "BIOES", "BILOU", "IOB1"],
)
def test_common_dialects_are_read(content: str, tmp_path: Path) -> None:
    assert _read(tmp_path / "x.conll", content) == [ADA, ROME]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("# O\n1 O\nRome B-LOC\n", (("#", "1", "Rome"), ("O", "O", "B-LOC"))),
        ("Rome B-LOC\n#1 O\n# O\n", (("Rome", "#1", "#"), ("B-LOC", "O", "O"))),
        ("New York\tB-LOC\n", (("New York",), ("B-LOC",))),
        ("x\tB-Restaurant Name\n", (("x",), ("B-Restaurant Name",))),
        ("北 B-LOC\n京 E-LOC\n", (("北", "京"), ("B-LOC", "I-LOC"))),
        ("北 B-LOC\n海 M-LOC\n道 E-LOC\n", (("北", "海", "道"), ("B-LOC", "I-LOC", "I-LOC"))),
        ("a\u2028b B-LOC\n", (("a\u2028b",), ("B-LOC",))),
        ("\u00a0\tO\nRome\tB-LOC\n", (("\u00a0", "Rome"), ("O", "B-LOC"))),
        ("Rome\tB-LOC\n#a=b\tO\n# text = Rome\n", (("Rome", "#a=b"), ("B-LOC", "O"))),
    ],
)
def test_odd_words(content: str, expected: object, tmp_path: Path) -> None:
    assert _read(tmp_path / "x.txt", content, format="conll") == [expected]


def test_columns_can_be_named_by_number(tmp_path: Path) -> None:
    content = "1\tAda\tB-PER\t-\tann\n2\tslept\tO\t-\tann\n"
    columns = {"words": "2", "tags": "3"}
    assert _read(tmp_path / "x.iob2", content, format="conll", columns=columns) == [ADA]
    with pytest.raises(UserError, match=r"columns\.words"):
        _read(tmp_path / "x.iob2", content, format="conll", columns={"words": "form"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Ada B-PER\nslept\n", r"x.conll:2: expected 2 columns separated by spaces"),
        ("Ada\tB-PER\nslept O\n", r"x.conll:2: expected 2 columns separated by tabs"),
        ("Ada B-PER\nslept X\n", r"x.conll:2: `X` is not a tag"),
        ("Ada\t\tO\n\t\tB-PER\n", r"x.conll:2: expected a word and a tag, found an empty column"),
        ("Ada I-PER\nx O\nBob B-PER\n", r"(?s)not IOB2 in 1 of 1 sentences:.*x.conll:1: .*not IOB1 .*x.conll:3: "),
    ],
)
def test_bad_files_raise_with_the_line(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _read(tmp_path / "x.conll", content, format="conll")


def test_a_named_scheme_is_enforced(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tags are not IOB2"):
        _read(tmp_path / "x.conll", "Ada I-PER\n", scheme="IOB2")


GERMEVAL = "#\thttp://x.org\t[2009-10-17]\n1\tAda\tB-PER\tO\n2\tslept\tO\tO\n\n#\thttp://y.org\n1\tRome\tB-LOC\tB-PER\n"


@pytest.mark.parametrize(
    "content", [GERMEVAL, *(f"{n} Ada B-PER\n{n + 1} slept O\n\n{n} Rome B-LOC\n" for n in (0, 1))]
)
def test_word_numbers_are_not_taken_for_words(content: str, tmp_path: Path) -> None:
    assert _read(tmp_path / "x.tsv", content) == [ADA, ROME]


def test_the_choice_of_columns_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text(GERMEVAL)
    reader = SourceReader(Source(str(tmp_path / "x.tsv")))
    assert "column 1 has numbers, column 2 the words" in reader.detail("all")
    assert "tags of column 3, the outermost; not those of column 4" in reader.detail("all")


def test_chunk_tags_are_not_taken_for_outer_entities(tmp_path: Path) -> None:
    content = "Ada NNP B-NP B-PER\nslept VBD B-VP O\n\nRome NNP B-NP B-LOC\n"
    assert _read(tmp_path / "x.txt", content) == [ADA, ROME]
    assert _read(tmp_path / "x.txt", "It PRP B-NP O\n", types=["x"]) == [(("It",), ("O",))]


@pytest.mark.parametrize("columns", [{"words": 2, "tags": 3}, {"tags": 3}, None])
def test_tags_need_not_be_in_the_last_column(columns: dict[str, int] | None, tmp_path: Path) -> None:
    content = "# text = Ada slept\n1\tAda\tB-PER\t-\t-\n2\tslept\tO\t-\t-\n"
    assert _read(tmp_path / "x.iob2", content, columns=columns) == [ADA]


def test_a_word_that_looks_like_a_comment_is_a_word(tmp_path: Path) -> None:
    assert _read(tmp_path / "x.conll", "#id\tO\nRome\tB-LOC\n") == [(("#id", "Rome"), ("O", "B-LOC"))]


def test_rows_of_conllu_for_several_words_or_none_are_no_words(tmp_path: Path) -> None:
    rows = ["1\tVino\tO", "2-3\tdel\t_", "2\tde\tO", "3\tel\tO", "3.1\tx\tO", "4\tMar\tB-LOC"]
    (tmp_path / "x.conll").write_text("\n".join(rows))
    reader = SourceReader(Source(str(tmp_path / "x.conll")))
    [example] = reader.read("all")
    assert (example.words, example.tags) == (("Vino", "de", "el", "Mar"), ("O", "O", "O", "B-LOC"))
    assert [note.place for note in reader.reports["all"].notes] == [f"{tmp_path / 'x.conll'}:{line}" for line in (2, 5)]
    (tmp_path / "x.conll").write_text("\n".join(rows).replace("del\t_", "del\tB-LOC"))
    with pytest.raises(UserError, match=r"x.conll:2: expected tags at words, found `B-LOC` at 2-3"):
        SourceReader(Source(str(tmp_path / "x.conll"))).read("all")
