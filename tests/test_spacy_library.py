"""The optional library."""

import sys

import pytest

from gner.errors import UserError
from gner.spacy_library import import_spacy


def test_a_missing_library_is_a_message_with_what_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert import_spacy("--to spacy").tokens.DocBin
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(UserError, match=r"Expected spaCy for --to spacy, .* pip install 'gner\[spacy\]'"):
        import_spacy("--to spacy")
