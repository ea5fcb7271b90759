"""Reading CoNLL-U with tags in MISC."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError

Pair = tuple[tuple[str, ...], tuple[str, ...]]


def _line(number: str, form: str, misc: str = "_") -> str:
    return "\t".join((number, form, "x", "X", "_", "_", "0", "dep", "_", misc)) + "\n"


ADA = (("Ada", "slept"), ("B-PER", "O"))
PLAIN = (
    "# newdoc id = a\n# sent_id = 1\n# text = Ada slept\n"
    + _line("1", "Ada", "NER=B-PER|SpaceAfter=No")
    + _line("2", "slept", "NER=O")
    + "\n# text = x\n"
    + _line("1", "x")
)


def _open(path: Path, content: str, **options: object) -> SourceReader:
    path.write_text(content, encoding="utf-8")
    return SourceReader(Source(str(path), **options))  # type: ignore[arg-type]


def _read(path: Path, content: str, **options: object) -> list[Pair]:
    reader = _open(path, content, **options)
    return [(example.words, example.tags) for example in reader.read(reader.parts[0])]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (PLAIN, "tags in `NER` of column 10, IOB2"),
        (PLAIN.replace("NER=", "name=").replace("|", "|NE=|"), "tags in `name` of column 10, IOB2"),
        (PLAIN.replace("NER=B", "start_char=0|end_char=3|ner=S"), "tags in `ner` of column 10, BIOES"),
        (PLAIN.replace("NER=B-", "NER=O|Entity=B_"), "tags in `Entity` of column 10"),
        (PLAIN.replace("NER=O", "_").replace("NER=", "ne="), "tags in `ne` of column 10, IOB2"),
    ],
)
def test_tags_are_read_from_misc(content: str, detail: str, tmp_path: Path) -> None:
    reader = _open(tmp_path / "x.conllu", content)
    examples = reader.read("all")
    assert [(one.words, one.tags) for one in examples] == [ADA, (("x",), ("O",))]
    assert [one.source for one in examples] == [f"{tmp_path / 'x.conllu'}:{line}" for line in (4, 8)]
    assert reader.detail("all").startswith(f"CoNLL-U ({detail}")
    assert not reader.reports["all"].notes


def test_a_key_can_be_set(tmp_path: Path) -> None:
    content = PLAIN.replace("NER=B-PER", "NER=B-PER|Mine=B-x")
    assert _read(tmp_path / "x.conllu", content, columns={"tags": "Mine"})[0][1] == ("B-x", "O")


def test_tags_in_a_column_are_left_to_conll(tmp_path: Path) -> None:
    content = _line("1", "Ada", "NER=B-PER").replace("dep\t_", "dep\tB-x")
    reader = _open(tmp_path / "x.conllu", content, columns={"words": 2, "tags": 9})
    assert reader.read("all")[0].tags == ("B-x",)
    assert reader.detail("all").startswith("CoNLL (")


def test_multi_word_tokens_and_empty_nodes(tmp_path: Path) -> None:
    content = (
        _line("1-2", "al")
        + _line("1", "a")
        + _line("2", "el", "NER=B-LOC")
        + _line("3", "Prado", "NER=I-LOC")
        + _line("3.1", "fue", "NER=B-x")
        + _line("4-5", "del", "NER=B-PER")
        + _line("4", "de")
        + _line("5", "el")
        + _line("6-7", "vamonos", "NER=B-ORG")
        + _line("6", "vamos", "NER=O")
        + _line("7", "nos")
    )
    reader = _open(tmp_path / "x.conllu", content)
    example = reader.read("all")[0]
    assert example.words == ("a", "el", "Prado", "del", "vamos", "nos")
    assert example.tags == ("O", "B-LOC", "I-LOC", "B-PER", "O", "O")
    notes = [(note.kind, note.place) for note in reader.reports["all"].notes]
    assert notes == [("empty", f"{tmp_path / 'x.conllu'}:5"), ("unused", f"{tmp_path / 'x.conllu'}:9")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PLAIN + "2\ty\tNER=O\n", r"x.conllu:9: expected 10 columns separated by tabs, .* found '2\\ty\\tNER=O'"),
        (PLAIN + _line("a", "y"), r"x.conllu:9: expected 10 columns"),
        (PLAIN + _line("2", "y", "NER=I-x"), r"x.conllu:9: .*`I-x`"),
        (_line("1", "_", "NER=B-x") + _line("2", "_"), r"x.conllu:1: expected words, found only `_`"),
        (PLAIN.replace("NER=B-PER", "Entity=(e1-person-1-").replace("NER=O", "Entity=e1)"), r"mention `Entity=\(e1-pe"),
    ],
)
def test_bad_files_raise_with_the_line(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _read(tmp_path / "x.conllu", content)


def test_without_tags_it_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected tags in column 10, such as `NER=B-person`"):
        _read(tmp_path / "x.conllu", _line("1", "Ada"), format="conllu")
