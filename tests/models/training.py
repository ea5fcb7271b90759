"""A short fit of a module, without the command line."""

from pathlib import Path
from typing import Any

import torch
from lightning import Trainer

from gner.data import GnerDataModule
from gner.models import GnerModule
from gner.prompting import GnerFormat


def fit(
    folder: Path,
    root: Path,
    steps: int = 2,
    precision: Any = "32-true",
    *,
    data: dict[str, Any] | None = None,
    **options: Any,
) -> GnerModule:
    """Train a module on the dataset ``toy`` for some steps, with options of the data and of the module."""
    torch.manual_seed(0)
    module = GnerModule(str(folder), **options)
    of_data: dict[str, Any] = {"train": ["toy"], "val": ["toy"], "batch_size": 2, **(data or {})}
    datamodule = GnerDataModule(module.backbone, GnerFormat(), str(root), **of_data)
    trainer = Trainer(
        accelerator="cpu",
        max_steps=steps,
        precision=precision,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        default_root_dir=root,
    )
    trainer.fit(module, datamodule=datamodule)
    return module
