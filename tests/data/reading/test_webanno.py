"""Reading WebAnno TSV 3."""

from pathlib import Path

import pytest

from gner.bio import to_entities
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError

NAMED = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
POS = "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue|coarseValue\n"
RELATION = f"#T_RL=webanno.custom.Knows|label|BT_{NAMED}\n"
DOCUMENT = (
    f"#FORMAT=WebAnno TSV 3.3\n#T_SP={NAMED}|identifier|value\n{POS}{RELATION}\n\n"
    "#Text=🎉Ada Lovelace left New York.\n"
    "1-1\t0-5\t🎉Ada\t_\t_\tNE\tNE\t_\t_\t\n"
    "1-1.1\t2-5\tAda\thttp://x.org/a[1]\tPER[1]\t_\t_\t_\t_\t\n"
    "1-2\t6-14\tLovelace\thttp://x.org/a[1]\tPER[1]\tNE\tNE\tloves\t1-1\t\n"
    "1-3\t15-19\tleft\t*\t*\tV\tV\t_\t_\t\n"
    "1-4\t20-23\tNew\t_|_\tGPE\\_LOC[2]|ORG[3]\tNE\tNE\t_\t_\t\n"
    "1-5\t24-28\tYork\t_\tGPE\\_LOC[2]\tNE\tNE\t_\t_\t\n"
    "1-6\t28-29\t.\t_\t_\t$.\t$.\t_\t_\t\n"
    "\n"
    "#Sentence.id=s2\n#Text=Ada\n#Text=slept.\n"
    "2-1\t30-33\tAda\t_\tPER\tNE\tNE\t_\t_\t\n"
    "2-2\t34-40\tslept.\t_\t_\tV\tV\t_\t_\t\n"
)


def _open(path: Path, content: str, **options: object) -> SourceReader:
    path.write_text(content, encoding="utf-8")
    return SourceReader(Source(str(path), **options))  # type: ignore[arg-type]


def _entities(reader: SourceReader) -> list[list[tuple[str, str]]]:
    examples = reader.read(reader.parts[0])
    return [
        [(" ".join(one.words[entity.start : entity.end]), entity.type) for entity in to_entities(one.tags)]
        for one in examples
    ]


def test_entities_are_read_from_their_layer(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    reader = _open(path, DOCUMENT)
    assert _entities(reader) == [[("🎉Ada Lovelace", "PER"), ("New York", "GPE_LOC")], [("Ada", "PER")]]
    assert [one.words for one in reader.read("all")] == [
        ("🎉Ada", "Lovelace", "left", "New", "York", "."),
        ("Ada", "slept."),
    ]
    assert [one.source for one in reader.read("all")] == [f"{path}:8", f"{path}:19"]
    assert reader.read("all")[0].types == ("GPE_LOC", "PER")
    assert reader.detail("all") == "WebAnno TSV 3 (layer NamedEntity, feature value)"
    notes = [(note.kind, note.place) for note in reader.reports["all"].notes]
    assert notes == [("no_type", f"{path}:11"), ("widened", f"{path}:9"), ("overlapping", f"{path}:12")]


@pytest.mark.parametrize(
    ("layer", "cells", "types"),
    [
        ("webanno.custom.Drug|", ("*[1]", "*[1]"), ("Drug",)),
        ("webanno.custom.Drug", ("*[1]", "*[1]"), ("Drug",)),
        ("webanno.custom.Drug|kind", ("A[1]", "A[1]"), ("A",)),
        ("webanno.custom.Drug|dose|value", ("2\tA[1]", "2\tA[1]"), ("A",)),
        ("webanno.custom.Drug|kind|ROLE_webanno.custom.Drug:of_Link|uima.X", ("A[1]\t_\t_", "A[1]\t_\t_"), ("A",)),
    ],
)
def test_other_layers(layer: str, cells: tuple[str, str], types: tuple[str, ...], tmp_path: Path) -> None:
    first, second = cells
    content = f"#FORMAT=WebAnno TSV 3.2\n#T_SP={layer}\n\n\n#Text=a b\n1-1\t0-1\ta\t{first}\n1-2\t2-3\tb\t{second}\n"
    reader = _open(tmp_path / "x.tsv", content)
    assert reader.read("all")[0].types == types
    assert _entities(reader) == [[("a b", types[0])]]


def test_of_several_layers_one_has_to_be_set(tmp_path: Path) -> None:
    content = (
        "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.A|x|y\n#T_SP=webanno.custom.B|z\n\n#Text=a\n"
        "1-1\t0-1\ta\tP\tQ\tR\n"
    )
    with pytest.raises(UserError, match=r"x.tsv: expected one layer of entities, found webanno.custom.A, webanno"):
        _open(tmp_path / "x.tsv", content)
    with pytest.raises(UserError, match=r"expected one feature with their type, found x, y. Set .* \{type: x\}"):
        _open(tmp_path / "x.tsv", content, columns={"spans": "A"})
    assert _entities(_open(tmp_path / "x.tsv", content, columns={"spans": "A", "type": "y"})) == [[("a", "Q")]]
    assert _entities(_open(tmp_path / "x.tsv", content, columns={"spans": "webanno.custom.B"})) == [[("a", "R")]]


def test_a_span_over_two_sentences_is_divided(tmp_path: Path) -> None:
    content = DOCUMENT.replace("$.\t$.", "$.\t$.").replace("28-29\t.\t_\t_", "28-29\t.\t_\tx[7]")
    reader = _open(tmp_path / "x.tsv", content.replace("Ada\t_\tPER\tNE", "Ada\t_\tx[7]\tNE"))
    assert _entities(reader)[1] == [("Ada", "x")]
    assert [note.place for note in reader.reports["all"].of("divided")] == [f"{tmp_path / 'x.tsv'}:19"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (DOCUMENT + "2-3\t41-42\tx\t_\n", r"x.tsv:21: expected a token in 9 columns, .* found '2-3\\t41-42\\tx\\t_'"),
        (DOCUMENT + "oops\n", r"x.tsv:21: expected a token in 9 columns"),
        (DOCUMENT.replace("PER\tNE", "PER[x]\tNE"), r"x.tsv:19: expected annotations such as .* found 'PER\[x\]'"),
        (DOCUMENT.replace("2-1\t", "2-3.1\t"), r"x.tsv:19: expected token 3 before its parts"),
        (DOCUMENT.replace("TSV 3.3", "TSV 2.0"), r"x.tsv:1: expected .* Export the document as WebAnno TSV v3.x"),
        ("#FORMAT=WebAnno TSV 3.3\n\n\n#Text=a\n1-1\t0-1\ta\t\n", r"x.tsv: expected one .*, found none"),
    ],
)
def test_bad_files_raise_with_the_line(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _open(tmp_path / "x.tsv", content).read("all")
