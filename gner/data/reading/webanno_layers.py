"""The layers of WebAnno TSV 3, which its header declares, and the annotations in the cells of a column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gner.errors import UserError

_SPANS = "#T_SP="
_LAYERS = re.compile(r"#T_(?:SP|RL|CH)=")
_FIRST_COLUMN = 3
"""Before it are the number, the offsets and the text of a token."""
_ENTITIES = "NamedEntity"
_VALUE = "value"
_LINGUISTIC = re.compile(r"de\.tudarmstadt\.ukp\..*|.*\.(?:POS|Lemma|Sentence|Token)")
_ITEMS = re.compile(r"(?:\\.|[^\\|])+")
_ITEM = re.compile(r"(?P<value>(?:\\.|[^\\\[])*)(?:\[(?P<id>\d+)\])?")
_ESCAPE = re.compile(r"\\(.)")
_LETTERS = {"t": "\t", "n": "\n", "r": "\r"}
NONE, NO_VALUE = "_", "*"


class Column(NamedTuple):
    """The column with the types of entities.

    Attributes:
        at: Its index.
        width: Number of columns of a row.
        layer: Name of its layer without that of the package.
        feature: Its feature; empty if the layer has none, which makes the layer's name the type.
    """

    at: int
    width: int
    layer: str
    feature: str


class Item(NamedTuple):
    """An annotation at a token: its value, or None without one, and the number that it shares with other tokens."""

    value: str | None
    id: str | None


def find_column(place: str, header: Sequence[str], own: Mapping[str, str]) -> Column:
    """The column with the types of entities, by the header of a file.

    The layer is that of named entities, or else the only one of spans that is not linguistic; its feature is ``value``,
    or else the only one.

    Args:
        place: The file, for messages.
        header: The lines that declare layers.
        own: The layer as ``spans`` and its feature as ``type``, where they are set.

    Raises:
        UserError: There is no such layer or feature, or it is not clear which.

    Example:
        >>> header = ["#T_SP=x.POS|PosValue|coarseValue", "#T_SP=x.NamedEntity|identifier|value"]
        >>> find_column("a.tsv", header, {})
        Column(at=6, width=7, layer='NamedEntity', feature='value')
    """
    columns: list[Column] = []
    named: dict[str, list[Column]] = {}
    for line in header:
        layer, *features = _LAYERS.sub("", line).split("|")
        for feature in features or [""]:
            column = Column(_FIRST_COLUMN + len(columns), 0, layer.rpartition(".")[2], feature)
            columns.append(column)
            if line.startswith(_SPANS) and "." not in feature and not feature.startswith("ROLE_"):
                named.setdefault(layer, []).append(column)
    features_of = named[_chosen(place, "spans", list(named), own, _likely_layers(list(named)))] if named else []
    names = [column.feature for column in features_of]
    feature = _chosen(place, "type", names, own, [_VALUE] if _VALUE in names else names)
    found = next(column for column in features_of if column.feature == feature)
    return found._replace(width=_FIRST_COLUMN + len(columns))


def _likely_layers(layers: Sequence[str]) -> list[str]:
    entities = [layer for layer in layers if layer.endswith(f".{_ENTITIES}")]
    return entities or [layer for layer in layers if not _LINGUISTIC.fullmatch(layer)]


def _chosen(place: str, key: str, names: Sequence[str], own: Mapping[str, str], likely: Sequence[str]) -> str:
    """The name that is set, also without its package, or the only likely one."""
    if key in own:
        likely = [name for name in names if own[key] in (name, name.rpartition(".")[2])]
    if len(likely) == 1:
        return likely[0]
    what = "layer of entities" if key == "spans" else "feature with their type"
    example = (names or ["webanno.custom.Entity"])[0]
    raise UserError(
        f"{place}: expected one {what}, found {', '.join(names) or 'none'}. Set `columns`, for example to "
        f"{{{key}: {example}}}."
    )


def read_items(cell: str, place: str) -> list[Item]:
    r"""The annotations of a cell; several are stacked with ``|``.

    Raises:
        UserError: The cell is malformed.

    Example:
        >>> read_items("PER[1]|a\\_b", "a.tsv:1"), read_items("*", "a.tsv:1"), read_items("_", "a.tsv:1")
        ([Item(value='PER', id='1'), Item(value='a_b', id=None)], [Item(value=None, id=None)], [])
    """
    if cell == NONE:
        return []
    items: list[Item] = []
    for text in _ITEMS.findall(cell):
        match = _ITEM.fullmatch(text)
        if match is None:
            raise UserError(f"{place}: expected annotations such as `PER`, `PER[1]|LOC[2]` or `_`, found {cell!r}.")
        value = _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), match["value"])
        items.append(Item(None if match["value"] == NO_VALUE else value, match["id"]))
    return items
