"""Loads tables with `datasets`: from the hub, ``save_to_disk`` folders or parquet files; no loading scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gner.data.annotations.spans import Record
from gner.errors import UserError

_AT_ONCE = 1000
_SUFFIXES = (
    *(".json", ".jsonl", ".txt", ".tsv", ".conll", ".conllu", ".iob2", ".bio", ".parquet", ".spacy", ".ann", ".csv"),
    *(".yml", ".yaml"),
)
Table = Any
"""A `datasets.Dataset`; the library is not imported just for the name."""

Part = list[Path] | Any
"""One split: its files, its table, or the `UserError` that loading it raised."""

_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


def is_hub_name(path: str) -> bool:
    """Whether this may be a hub name such as ``lhoestq/conll2003``, and does not look like a mistyped path."""
    known = Path(path)
    in_folder = "/" in path and known.parent.is_dir()
    return _HUB_NAME.fullmatch(path) is not None and known.suffix.lower() not in _SUFFIXES and not in_folder


def is_saved(folder: Path) -> bool:
    """Whether ``save_to_disk`` wrote the folder."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def is_parquet(path: Path) -> bool:
    """Whether a file is parquet, by its first bytes."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _library() -> Any:
    """The `datasets` library; imported on use, as that takes half a second."""
    import datasets  # noqa: PLC0415

    return datasets


def load_table(path: str, subset: str | None = None) -> dict[str, Table]:
    """Load a dataset.

    Args:
        path: A hub name, or a folder that ``save_to_disk`` wrote.
        subset: The configuration, for hub datasets with several.

    Returns:
        Splits by name; the split of a dataset without any is called ``all``.

    Raises:
        UserError: It cannot be loaded.
    """
    datasets = _library()
    try:
        found = datasets.load_from_disk(path) if is_saved(Path(path)) else datasets.load_dataset(path, subset)
    except Exception as error:  # network, name, permission, configuration, script: each raises its own
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UserError(
            f"Expected `{path}` to be a dataset of the Hugging Face hub, but it cannot be loaded: {reason}"
            f"{_advice(str(error))}"
        ) from error
    if isinstance(found, datasets.DatasetDict):
        return {str(name): table for name, table in found.items()}
    return {"all": found}


def _advice(reason: str) -> str:
    if "script" in reason:
        return ". Loading scripts are not run; look for a copy in parquet, such as lhoestq/conll2003 for conll2003."
    if "onfig name" in reason:
        return ". Set `subset` to one of them."
    return ". Check the name, `subset`, and the connection (HF_HUB_OFFLINE, HF_TOKEN)."


def load_parquet(paths: Sequence[Path]) -> Table:
    """Load the parquet files of one table.

    Raises:
        UserError: They cannot be read.
    """
    datasets = _library()
    try:
        return datasets.concatenate_datasets([datasets.Dataset.from_parquet(str(path)) for path in paths])
    except Exception as error:  # of pyarrow
        raise UserError(f"{paths[0]}: expected a parquet file, but it cannot be read: {error}") from error


def load_parts(parts: Mapping[str, Sequence[Path]]) -> dict[str, Part]:
    """Load the parquet files of each split; for one that cannot be read, return its error in place of the table.

    Raises:
        UserError: No split can be read.
    """
    tables: dict[str, Part] = {}
    num_errors = 0
    for name, paths in parts.items():
        try:
            tables[name] = load_parquet(paths)
        except UserError as error:
            num_errors += 1
            if num_errors == len(parts):
                raise
            tables[name] = error
    return tables


def rows(table: Table, name: str) -> Iterator[Record]:
    """The rows of a table, with the class names in lists of spans in place of their numbers."""
    features = {column: feature for column, feature in table.features.items() if _has_objects(feature)}
    for number, row in enumerate(_plain_rows(table), start=1):
        named = {column: _with_names(feature, row[column]) for column, feature in features.items()}
        yield Record({**row, **named}, f"{name}, row {number}")


def _inner(feature: Any) -> Any:
    """The feature of a list's items; None for anything else."""
    return feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)


def _plain_rows(table: Table) -> Iterator[dict[str, Any]]:
    """The rows as objects; the library converts many at once in a third of the time that it needs one by one."""
    for batch in table.iter(batch_size=_AT_ONCE):
        for values in zip(*batch.values(), strict=True):
            yield dict(zip(batch, values, strict=True))


def class_names(feature: Any) -> list[str]:
    """The names of a class label, or of those in a list; empty for other features."""
    names = getattr(feature, "names", None)  # of a ClassLabel
    if names is not None:
        return list(names)
    inner = _inner(feature)
    return class_names(inner) if inner is not None else []


def _has_objects(feature: Any) -> bool:
    return isinstance(feature, dict) or (_inner(feature) is not None and _has_objects(_inner(feature)))


def inner_names(feature: Any) -> list[str]:
    """The first class names inside objects."""
    if isinstance(feature, dict):
        return next((names for inner in feature.values() if (names := class_names(inner))), [])
    return inner_names(_inner(feature)) if _inner(feature) is not None else []


def _with_names(feature: Any, value: Any) -> Any:
    """A value with class names in place of class numbers."""
    names = getattr(feature, "names", None)
    if names is not None:
        return _name_of(value, names)
    inner = feature if isinstance(feature, dict) else _inner(feature)
    if isinstance(value, dict) and isinstance(inner, dict):
        if inner is feature:
            return {key: _with_names(inner.get(key), item) for key, item in value.items()}
        # The library returns a list of objects as an object of lists.
        return {key: [_with_names(inner.get(key), item) for item in column] for key, column in value.items()}
    if isinstance(value, list) and inner is not None:
        return [_with_names(inner, item) for item in value]
    return value


def _name_of(value: Any, names: Sequence[str]) -> Any:
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value
