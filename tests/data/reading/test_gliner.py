"""GLiNER's training files."""

from pathlib import Path

import pytest

from gner.errors import UserError
from tests.data.reading.readers import entities_of, read_records


def test_gliner_ends_are_inclusive_and_lists_of_types_are_kept(tmp_path: Path) -> None:
    words = ["Ada", "Lovelace", "met", "Bob"]
    examples, counts = read_records(
        tmp_path / "a.json",
        {"tokenized_text": words, "ner": [[0, 1, "person"], [1, 1, "name"]], "ner_negatives": ["city"]},
        {"tokenized_text": words, "ner": [[3, 3, "person"]], "ner_labels": ["org", "person"]},
        {"tokenized_text": words, "ner": []},
        lines=False,
    )
    assert [entities_of(example) for example in examples] == [[("Ada Lovelace", "person")], [("Bob", "person")], []]
    assert [example.types for example in examples[:2]] == [("person", "name", "city"), ("org", "person")]
    assert examples[2].types == ("person",)
    assert counts == {"overlapping": 1}
    with pytest.raises(UserError, match=r"a.json:1, item 1: expected a span of words from 0 to 3"):
        read_records(tmp_path / "a.json", {"tokenized_text": words, "ner": [[3, 4, "person"]]}, lines=False)
