"""Entities as InstructUIE's scorer compares them: sets of normalised ``type:string`` of each sentence."""

from __future__ import annotations

import re
from collections.abc import Set

from gner.records import Counts

_AROUND_SIGNS = re.compile(r"\s*([,:().;_'-])\s*")
_RUNS = [(re.compile(rf"{re.escape(sign)}+"), sign) for sign in ",.;"]
NOTHING = frozenset({"none", ""})
"""What a text without entities is counted as, and what a surplus separator is."""


def normalise_item(text: str) -> str:
    """Squeeze whitespace, drop it around signs, lower-case, drop braces and repeated signs.

    Its flaws are kept: ``location`` becomes ``located`` wherever it is.

    Example:
        >>> normalise_item(" Location :  St . John ’s ")
        "located:st.john 's"
    """
    text = _AROUND_SIGNS.sub(r"\1", " ".join(text.split())).lower()
    text = text.replace("{", "").replace("}", "")
    for run, sign in _RUNS:
        text = run.sub(sign, text)
    return text.replace("’", "'").replace("location", "located")


def answer_items(answer: str) -> frozenset[str]:
    """The distinct items of an answer, whatever they are; ``;`` in a name splits it.

    Example:
        >>> sorted(answer_items(" person: Ada; person: ada;")), sorted(answer_items(" None"))
        (['', 'person:ada'], ['none'])
    """
    return frozenset(map(normalise_item, normalise_item(answer).split(";")))


def count_items(gold: Set[str], written: Set[str]) -> Counts:
    """Counts of two sets of items.

    Example:
        >>> count_items({"person:ada"}, {"person:ada", ""})
        Counts(num_correct=1, num_predicted=2, num_gold=1)
    """
    return Counts.of_sets(gold, written)
