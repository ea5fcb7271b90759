"""Pieces of entities, as pipelines of transformers give them."""

from pathlib import Path

import pytest

from gner.data.annotations.subwords import are_pieces
from gner.errors import UserError
from tests.data.reading.readers import entities_of, read_records


def test_pipeline_subwords_become_entities(tmp_path: Path) -> None:
    pieces = [("B-x", 0, 3, "Ada"), ("I-x", 4, 8, "Love"), ("I-x", 8, 12, "##lace"), ("O", 13, 16, "met")]
    pieces += [("B-x", 17, 19, "Bo"), ("B-x", 19, 20, "##b"), ("I-y", 21, 25, "Rome")]
    spans = [{"entity": kind, "start": start, "end": end, "word": word} for kind, start, end, word in pieces]
    [example], counts = read_records(tmp_path / "a.jsonl", {"text": "Ada Lovelace met Bob Rome", "entities": spans})
    assert entities_of(example) == [("Ada Lovelace", "x"), ("Bob", "x"), ("Rome", "y")]
    assert counts == {"no_type": 1}
    with pytest.raises(UserError, match=r"a.jsonl:1: expected pieces .* in the order of the text"):
        read_records(tmp_path / "a.jsonl", {"text": "Ada Lovelace met Bob Rome", "entities": spans[::-1]})


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["B-x", "O", "I-x"], True),
        (["I-x"], True),
        (["E-x", "S-x"], False),
        (["x", "B-x"], False),
        (["O", "O"], False),
        ([], False),
    ],
)
def test_spans_whose_types_are_tags_are_pieces(types: list[str], expected: bool) -> None:
    assert are_pieces(types) is expected
