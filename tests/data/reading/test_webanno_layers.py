"""Layers and cells of WebAnno TSV 3."""

import pytest

from gner.data.reading.webanno_layers import find_column, read_items
from gner.errors import UserError

ENTITY = "#T_SP=webanno.custom.Mention|kind|note"


def test_the_layer_of_named_entities_is_read_first() -> None:
    header = [ENTITY, "#T_SP=my.NamedEntity|identifier|value"]
    assert find_column("a", header, {})[:1] == (6,)
    assert find_column("a", header, {"spans": "Mention", "type": "note"})[:1] == (4,)


def test_an_unclear_feature_is_asked_about() -> None:
    with pytest.raises(UserError, match=r"a: expected one feature with their type, found kind, note.*\{type: kind\}"):
        find_column("a", [ENTITY], {})


def test_escapes_are_undone_within_values_only() -> None:
    [item, other] = read_items(r"a\|b\[1\][2]|c", "a:1")
    assert (item, other) == (("a|b[1]", "2"), ("c", None))
    with pytest.raises(UserError, match="a:1: expected annotations such as"):
        read_items("PER[x]", "a:1")
