"""Data modules of a test's data."""

from pathlib import Path

from gner.data import GnerDataModule
from gner.models import Backbone
from gner.prompting import GnerFormat
from tests.data.writers import write_json


def data_module(backbone: Backbone, root: Path, **options: object) -> GnerDataModule:
    """A module that trains on, validates with and tests on the dataset ``toy``, unless options say otherwise."""
    names = {"train": ["toy"], "val": ["toy"], "test": ["toy"]}
    return GnerDataModule(backbone, GnerFormat(), str(root), **{**names, **options})  # type: ignore[arg-type]


def fitting(backbone: Backbone, root: Path, **options: object) -> GnerDataModule:
    """The same, set up for a fit."""
    data = data_module(backbone, root, **options)
    data.prepare_data()
    data.setup("fit")
    return data


def write_sources(folder: Path) -> Path:
    """Write four sentences as each split of a folder of JSONL files."""
    rows = [{"tokens": ["soup", str(number)], "tags": ["B-food", "O"]} for number in range(4)]
    for split in ("train", "valid", "test"):
        write_json(folder / f"{split}.jsonl", rows, lines=True)
    return folder
