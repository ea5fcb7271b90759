"""Options of file prediction, `PredictOptions`."""

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
        out: File or folder of the results; None for standard output.
        format: Layout of the results.
        html: Where to write a page that shows the entities.
        input_format: File format of the input.
        column: Field or column of the text.
        field: Field of the entities.
        threshold: Lowest score of an entity.
        decoding: Name of a strategy.
        words: Name of a word splitter; None for the model's.
        batch_size: Most prompts at once.
        batch_tokens: Most tokens at once.
        max_tokens: Longest prompt and answer; None for the model's.
        overlap: Words that two windows inside a sentence share, where there is room.
        dtype: Dtype of the weights; None for the default of the device.
        accelerator: Lightning's.
        devices: Lightning's: a number, ``auto``, or a list of device indices.
        num_nodes: Number of machines.
        compile: Compile the network.
        overwrite: Replace results of another run or of a finished one.
        block_size: Texts that are labelled and written together.
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
        """Dtype of the weights on the accelerator's device."""
        may_be_gpu = self.accelerator in ("auto", "gpu", "cuda", "mps")
        return choose_dtype(self.dtype, choose_device(None if may_be_gpu else "cpu"))
