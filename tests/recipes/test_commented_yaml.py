"""YAML with comments says what the lines say."""

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from gner.recipes.commented_yaml import to_yaml
from gner.recipes.recipe import Line

SCALARS = st.one_of(st.integers(), st.booleans(), st.none(), st.text(max_size=8), st.floats(1e-9, 1e9))
NAMES = st.sampled_from("abcd")


def _tree(flat: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        *sections, last = key.split(".")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[last] = value
    return tree


@given(st.dictionaries(st.tuples(NAMES, NAMES, NAMES).map(".".join), SCALARS, max_size=12))
def test_what_is_written_is_read_back(flat: dict[str, Any]) -> None:
    lines = [Line(key, flat[key], "because") for key in sorted(flat)]
    assert (yaml.safe_load(to_yaml(lines, "Heading.")) or {}) == _tree(flat)


def test_lists_have_their_reason_above() -> None:
    text = to_yaml(
        [Line("data.train", [{"path": "a", "split": {"dev": 0.1}}], "few"), Line("data.size", 3)], "Mine.\nYours."
    )
    assert text.startswith("# Mine.\n# Yours.\ndata:\n  # few\n  train:\n  - path: a\n")
    assert yaml.safe_load(text) == {"data": {"train": [{"path": "a", "split": {"dev": 0.1}}], "size": 3}}


def test_small_numbers_are_read_as_numbers() -> None:
    assert to_yaml([Line("lr", 5e-5)], "x").endswith("lr: 5.0e-5\n")
