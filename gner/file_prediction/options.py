"""The options of prediction over files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from gner.file_prediction.inputs import InputFormat
from gner.file_prediction.layouts import OutputFormat
from gner.inference.devices import choose_device, choose_dtype


@dataclass(frozen=True)
class PredictOptions:
    """How ``gner.predict`` labels files.

    Attributes:
        model: Folder of a run, checkpoint, exported folder or name on the hub.
        input: A file, a folder or ``-``.
        labels: Types, or types with descriptions; None for those of the model.
        out: Where results go; None for standard output.
        format: Layout of the results.
        html: Where to write a page that shows them.
        input_format: What the input holds.
        column: Field or column of the text.
        field: Field of the entities.
        threshold: Least score of an entity.
        decoding: Name of a strategy.
        words: Name of a word splitter; None for the model's.
        batch_size: Most prompts at once.
        batch_tokens: Most tokens at once.
        max_tokens: Longest prompt and answer; None for the model's.
        overlap: Words that parts of a long text share at least.
        dtype: Type of the weights; None for the device's.
        accelerator: Lightning's.
        devices: Lightning's: a number, ``auto``, or places in a list.
        num_nodes: Machines.
        compile: Compile the network.
        overwrite: Replace results of another run, or of one that is finished.
        block_size: Texts that are labelled, and then written, together.
    """

    model: str
    input: str
    labels: Mapping[str, str | None] | None = None
    out: Path | None = None
    format: OutputFormat = "jsonl"
    html: Path | None = None
    input_format: InputFormat = "auto"
    column: str = "text"
    field: str = "entities"
    threshold: float = 0.0
    decoding: str = "speculative"
    words: str | None = None
    batch_size: int = 32
    batch_tokens: int = 16_384
    max_tokens: int | None = None
    overlap: int = 8
    dtype: str | None = None
    accelerator: str = "auto"
    devices: str = "1"
    num_nodes: int = 1
    compile: bool = False
    overwrite: bool = False
    block_size: int = 512

    @property
    def torch_dtype(self) -> torch.dtype:
        """What weights are held in, on the device that the accelerator stands for."""
        has_own = self.accelerator in ("auto", "gpu", "cuda", "mps")
        return choose_dtype(self.dtype, choose_device(None if has_own else "cpu"))
