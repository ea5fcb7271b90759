"""Options of a source."""

import pytest
from jsonargparse import ArgumentParser

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": 0.0}, "`weight` > 0"),
        ({"max_examples": 0}, "`max_examples` >= 1"),
        ({"format": "xml"}, "to be auto, gner"),
        ({"types": ["a", "a"]}, "each type once"),
        ({"path": ""}, "got nothing"),
        ({"columns": {"word": "w"}}, "got `word`. Did you mean `words`"),
        ({"misaligned": "widen"}, "`misaligned` to be expand"),
        ({"scheme": "BIO"}, "`scheme` to be auto, IOB2"),
    ],
)
def test_bad_options_raise(options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SourceReader(Source(**{"path": "x", **options}))  # type: ignore[arg-type]


def test_columns_can_be_numbers_in_yaml() -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--source", type=Source)
    found = parser.parse_string("source: {path: a.iob2, columns: {words: 2, tags: ner}}").source
    assert found.columns == {"words": 2, "tags": "ner"}
