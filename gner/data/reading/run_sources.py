"""Reads the datasets of a run for each split: named ones below a root folder, and sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

from lightning.pytorch.utilities.rank_zero import rank_zero_info

from gner.bio import Scheme
from gner.data.reading.gner_folder import GnerFolder
from gner.data.reading.source import Source, choose_examples
from gner.data.reading.source_reader import SourceReader
from gner.data.reading.splits import Split
from gner.errors import UserError, did_you_mean
from gner.records import Example


class Group(NamedTuple):
    """The examples of one dataset, and how often each is seen in a training epoch."""

    examples: list[Example]
    weight: float


class Inputs:
    """Reads the datasets of a run.

    Args:
        root: Folder of the datasets that are given by name.
        datasets: Names of datasets and sources for each split.
        scheme: Tagging scheme, unless a source sets its own.
        max_examples: Most examples per dataset, by split; splits without a limit are read whole.
        seed: Selects the examples if there are more.

    Attributes:
        max_examples: As given.

    Raises:
        UserError: An option of a source is invalid.
    """

    def __init__(
        self,
        root: Path,
        datasets: Mapping[Split, Sequence[str | Source]],
        *,
        scheme: Scheme | Literal["auto"],
        max_examples: Mapping[Split, int | None],
        seed: int,
    ) -> None:
        self._root = root
        self._datasets = datasets
        self._scheme: Scheme | Literal["auto"] = scheme
        self.max_examples = max_examples
        self._seed = seed
        self._readers: dict[str, SourceReader] = {}
        for item in chain.from_iterable(datasets.values()):
            if isinstance(item, Source):
                item.check()

    def names(self) -> set[str]:
        """Datasets that are given by name."""
        return {item for item in chain.from_iterable(self._datasets.values()) if isinstance(item, str)}

    def download(self) -> None:
        """Download hub sources, so that other processes find them in the cache."""
        for item in chain.from_iterable(self._datasets.values()):
            if isinstance(item, Source) and not Path(item.path).exists():
                self._reader(item)

    def read(self, split: Split) -> list[Group]:
        """Read all datasets of a split, in the order given.

        Raises:
            UserError: There is none, or one is malformed.
        """
        if not self._datasets[split]:
            key = {"train": "train", "dev": "val", "test": "test"}[split]
            raise UserError(
                f"Expected at least one dataset, got none. Set data.{key}, for example to [mit-restaurant]."
            )
        if split != "train":
            self._check_names(self._datasets[split])
        self._check_there([item for item in self._datasets[split] if isinstance(item, str)])
        return [
            self._read_named(item, split) if isinstance(item, str) else self._read_source(item, split)
            for item in self._datasets[split]
        ]

    def _check_names(self, items: Sequence[str | Source]) -> None:
        """Raise if two datasets have the same name, as their metrics and predictions would be mixed up."""
        names = Counter(item if isinstance(item, str) else item.dataset for item in items)
        for item in items:
            if isinstance(item, Source) and names[item.dataset] > 1:
                raise UserError(
                    f"{item.path}: two datasets of this split are called `{item.dataset}`. Set a unique `name` of the "
                    "source."
                )

    def _check_there(self, names: Sequence[str]) -> None:
        """Raise if several datasets are missing, with all of them; of one alone, reading says more."""
        missing = [name for name in names if not (self._root / name).is_dir()]
        if self._root.is_dir() and len(missing) > 1:
            there = ", ".join(name for name in names if name not in missing) or "none of them"
            raise UserError(
                f"Expected {len(names)} datasets in {self._root}, but these do not exist: {', '.join(missing)}. There: "
                f"{there}. Get them, or leave them out of the config."
            )

    def _read_named(self, name: str, split: Split) -> Group:
        return self._read_source(named_source(self._root, name), split)

    def _read_source(self, source: Source, split: Split) -> Group:
        reader = self._reader(source)
        part = reader.part_for(split)
        found = reader.read(part)
        reader.log(part)
        limit = self.max_examples.get(split) if source.max_examples is None else source.max_examples
        return Group(self._limited(found, limit, source.dataset, f"{source.path} ({part})"), source.weight)

    def _reader(self, source: Source) -> SourceReader:
        """The reader of a source, shared by all splits that use it so that they have the same types."""
        key = source.content_key
        if key not in self._readers:
            self._readers[key] = SourceReader(source, self._scheme)
        return self._readers[key]

    def _limited(self, examples: list[Example], limit: int | None, dataset: str, place: str) -> list[Example]:
        chosen = choose_examples(examples, limit, f"cap {self._seed} {dataset}")
        if len(chosen) < len(examples):
            rank_zero_info(f"{place}: {len(chosen):,} of {len(examples):,} sentences are used.")
        return chosen


def read_dataset(root: Path, name: str, split: Split, scheme: Scheme | Literal["auto"] = "auto") -> list[Example]:
    """The sentences of one split of a dataset that is given by name; see `named_source`.

    Raises:
        UserError: There is no such dataset or split, or it is malformed.
    """
    reader = SourceReader(named_source(root, name), scheme)
    part = reader.part_for(split)
    examples = reader.read(part)
    reader.log(part)
    return examples


def named_source(root: Path, name: str) -> Source:
    """The source of a dataset that is given by name.

    Args:
        root: Folder of datasets.
        name: Name of a folder in it, in the GNER layout.

    Raises:
        UserError: There is no such folder.
    """
    if not (root / name).is_dir():
        raise UserError(f"Expected the dataset `{name}` in {root}, {_explain_missing(root, name)}")
    return source_below(root, name)


def source_below(root: Path, name: str) -> Source:
    """The source that a name stands for, whether there is such a folder or not."""
    return Source(str(root / name), format=GnerFolder.name, name=name)


def _explain_missing(root: Path, dataset: str) -> str:
    if not root.is_dir():
        return "but that folder does not exist. Set data.root."
    names = sorted(folder.name for folder in root.iterdir() if (folder / "label.txt").is_file())
    if not names:
        return "but no folder in it has a label.txt. Set data.root to the folder that holds the datasets' folders."
    hint = did_you_mean(dataset, names) or f" There are: {', '.join(names)}."
    return f"but it does not exist.{hint}"
