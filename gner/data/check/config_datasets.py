"""The datasets that the config of a run names: which of them are there, and what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from itertools import chain
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from rich.table import Table
from rich.text import Text
from yaml import YAMLError

from gner.data.reading.run_sources import source_below
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.data.reading.splits import Split
from gner.data.synthetic import SyntheticCorpus
from gner.errors import UserError, first_line, last_line

_SPLITS: dict[str, Split] = {"train": "train", "val": "dev", "test": "test"}
"""The key below ``data``, and the split that is read for it."""
_KEYS = frozenset(field.name for field in fields(Source))
_SHOWN_TYPES = 20


@dataclass
class DatasetState:
    """What a config's dataset has in the splits that the config names it for.

    Attributes:
        name: Name of the dataset in metrics.
        path: Where it is, or should be.
        sentences: Number of sentences by the key below ``data``: of all in the split, as no limit of the run is used,
            or None if it cannot be read.
        types: The types that its sentences offer, in order of appearance.
        errors: Why splits cannot be read, each reason once.
        is_made_up: Whether the run itself will write it.
    """

    name: str
    path: str
    sentences: dict[str, int | None] = field(default_factory=dict)
    types: dict[str, None] = field(default_factory=dict)
    errors: dict[str, None] = field(default_factory=dict)
    is_made_up: bool = False


def read_datasets(config: Path, root: Path | None = None) -> list[DatasetState]:
    """Read all datasets of a config.

    Args:
        config: Config of a run.
        root: Folder of the datasets that are given by name; None for ``data.root`` of the config.

    Raises:
        UserError: The file is no config, or names no dataset.
    """
    data = _data_section(config, root)
    wanted: dict[str, tuple[Source, list[str]]] = {}
    for key in _SPLITS:
        for source in _sources(config, key, data):
            wanted.setdefault(source.content_key, (source, []))[1].append(key)
    if not wanted:
        raise UserError(f"{config}: expected datasets under data.train, data.val or data.test, got none.")
    made_up = None if data.get("synthetic") is None else data["synthetic"].get("name", SyntheticCorpus.name)
    return [_read(source, keys, made_up) for source, keys in wanted.values()]


def check_config(config: Path, root: Path | None, console: Console) -> None:
    """Show which datasets of a config are there, with their sentences and types.

    Raises:
        UserError: As `read_datasets`, or a dataset cannot be read.
    """
    states = read_datasets(config, root)
    table = Table("dataset", box=None, pad_edge=False)
    for key in _SPLITS:
        table.add_column(key, justify="right")
    table.add_column("types")
    for state in states:
        table.add_row(Text(state.name), *map(_cell, (state.sentences.get(key, "") for key in _SPLITS)), _types(state))
    console.print(table)
    broken = [state for state in states if state.errors]
    if broken:
        reasons = "".join(f"\n  {state.name}: {'; '.join(state.errors)}" for state in broken)
        raise UserError(
            f"{config}: {len(states) - len(broken)} of {len(states)} datasets can be read.{reasons}\n"
            "Get what is missing, or leave it out of the config."
        )


def _cell(sentences: int | str | None) -> Text:
    return Text("missing", style="red") if sentences is None else Text(f"{sentences:,}" if sentences else "")


def _types(state: DatasetState) -> Text:
    if state.is_made_up:
        return Text("made up by gner.fit")
    shown = list(state.types)[:_SHOWN_TYPES]
    more = len(state.types) - len(shown)
    return Text(", ".join(shown) + (f" and {more:,} more" if more else ""))


def _data_section(config: Path, root: Path | None) -> Any:
    try:
        loaded: Any = OmegaConf.load(config)
        if root is not None:
            OmegaConf.update(loaded, "data.root", str(root))
        found: Any = OmegaConf.to_container(loaded, resolve=True)
        if not isinstance(found["data"]["root"], str):
            raise TypeError("data.root is no folder")
        return found["data"]
    except (KeyError, TypeError) as error:
        raise UserError(f"{config}: expected the config of a run, with data.root, but there is none.") from error
    except (YAMLError, OSError) as error:
        raise UserError(f"{config}: expected the config of a run in YAML: {last_line(error)}") from error
    except OmegaConfBaseException as error:
        raise UserError(f"{config}: expected the config of a run: {first_line(error)}") from error


def _sources(config: Path, key: str, data: Any) -> Iterable[Source]:
    """The datasets of a split, as the data module takes them."""
    items = data.get(key) or []
    if not isinstance(items, list):
        raise UserError(f"{config}: expected a list of datasets in data.{key}, got {items}.")
    for item in items:
        if isinstance(item, str):
            yield source_below(Path(data["root"]), item)
        elif isinstance(item, dict) and isinstance(item.get("path"), str) and item.keys() <= _KEYS:
            yield Source(**item)
        else:
            raise UserError(f"{config}: expected the name of a dataset or a source in data.{key}, got {item}.")


def _read(source: Source, keys: Iterable[str], made_up: str | None) -> DatasetState:
    if source.name is not None and source.name == made_up and not Path(source.path).exists():
        return DatasetState(source.dataset, source.path, is_made_up=True)
    state = DatasetState(source.dataset, source.path, dict.fromkeys(keys))
    try:
        reader = SourceReader(source)
    except TypeError as error:
        raise UserError(f"{source.path}: an option of the source has a value of another type: {error}") from error
    except UserError as error:
        state.errors[str(error)] = None
        return state
    for key in state.sentences:
        try:
            examples = reader.read(reader.part_for(_SPLITS[key]))
            state.sentences[key] = len(examples)
            state.types.update(dict.fromkeys(chain.from_iterable(example.types for example in examples)))
        except UserError as error:
            state.errors[str(error)] = None
    return state
