"""Options of file prediction, `PredictOptions`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gner.errors import UserError
from gner.file_prediction.inputs import Input, InputFormat
from gner.file_prediction.layouts import OutputFormat
from gner.file_prediction.remote_paths import Target, beside, find_targets, is_url, local_input, local_output
from gner.file_prediction.shards import InputPart, Shard, find_shard
from gner.files import is_written_through
from gner.inference.labels import read_labels
from gner.option_parser import option
from gner.words import SPLITTERS

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PredictOptions:
    """How ``gner.predict`` labels files.

    Attributes:
        input: A file or its URL, a folder of .txt files, or - for standard input.
        model: Folder of a run, checkpoint, exported folder, or name on the hub.
        prompt_format: How the model is asked, such as uniner or gollie; by default as it was trained or, if it does not
            say, as GNER. A JSON object with class_path and init_args sets options.
        labels: Types to look for; by default those of the model.
        labels_file: Types, one a line, or JSON: a list or {type: description}.
        out: File or folder of the results, or the URL of a file; by default standard output.
        format: Layout of the results.
        html: Write a page with the entities highlighted, to a file or a URL.
        work: Folder for copies of an input that is a URL, and for an output that is one until it is uploaded; by
            default gner/predict in the user's cache.
        input_format: File format of the input; by default detected by suffix.
        column: Field or column of the text; JSON Lines may have `words` instead.
        field: Field that the entities are written to.
        threshold: Leave out entities with a lower score.
        decoding: A strategy, such as speculative (the default), constrained or beam_search; not for taggers.
        words: Word splitter; by default that of the model.
        batch_size: Most prompts in a batch.
        batch_tokens: Most tokens in a batch, including padding.
        max_tokens: Longest prompt and answer; longer texts are split into windows. By default that of the model.
        overlap: Words that windows inside a sentence share, where there is room.
        dtype: Dtype of the weights; by default that of the device.
        accelerator: Lightning's: cpu, gpu, …
        devices: Lightning's: how many, auto, or a list of device indices.
        num_nodes: Number of machines.
        shards: Into how many parts the input is divided, each for a process that is started by itself.
        shard: Which part to label, from 0, or auto for that of this process of torchrun or srun. It is written beside
            --out; --merge OUT puts all parts together.
        compile: Compile the network with torch.compile.
        overwrite: Replace results of another run or of a finished one.
        block_size: Texts that are labelled and written together.
    """

    input: str = option(positional=True, metavar="IN")
    model: str = option()
    prompt_format: str | None = option(None, metavar="NAME")
    labels: str | None = option(None, metavar="A,B")
    labels_file: Path | None = option(None, metavar="FILE")
    out: str | None = option(None, metavar="OUT")
    format: OutputFormat = "jsonl"
    html: str | None = option(None, metavar="PAGE")
    work: Path | None = option(None, metavar="DIR")
    input_format: InputFormat = "auto"
    column: str = "text"
    field: str = "entities"
    threshold: float = 0.0
    decoding: str | None = option(None, metavar="NAME")
    words: str | None = option(None, choices=SPLITTERS)
    batch_size: int = 32
    batch_tokens: int = 16_384
    max_tokens: int | None = None
    overlap: int = 8
    dtype: Literal["fp32", "bf16", "fp16"] | None = None
    accelerator: str = "auto"
    devices: str = "1"
    num_nodes: int = 1
    shards: int | None = option(None, metavar="N")
    shard: str | None = option(None, metavar="K")
    compile: bool = False
    overwrite: bool = False
    block_size: int = 512

    @cached_property
    def types(self) -> Mapping[str, str | None] | None:
        """Types with their descriptions; None for those of the model.

        Raises:
            UserError: They are given in both ways, or their file cannot be parsed.
        """
        return read_labels(self.labels, self.labels_file)

    @cached_property
    def part(self) -> Shard | None:
        """The part of the texts to label; None for all.

        Raises:
            UserError: There is no such part.
        """
        return find_shard(self.shards, self.shard)

    @property
    def results(self) -> Path | None:
        """The file to write on this machine: `out` or, for a URL, what is uploaded to it; or that of the part.

        Raises:
            UserError: A part cannot be written in this way.
        """
        out = None if self.out is None else local_output(self.out, self.work)
        if self.part is None:
            return out
        if out is None or is_written_through(out):
            raise UserError("Expected a file for --out with --shard, beside which the part is written.")
        if self.format != "jsonl" or self.html is not None:
            raise UserError("Expected --format and --html with --merge, got them with --shard: parts are JSON Lines.")
        if self.num_nodes > 1:
            raise UserError(f"Expected one machine for each --shard, got --num-nodes {self.num_nodes}.")
        return self.part.path(out)

    @property
    def page(self) -> Path | None:
        """The file of `html` on this machine."""
        return None if self.html is None else local_output(self.html, self.work)

    @property
    def targets(self) -> list[Target]:
        """What is uploaded: `results` and `page` if they are URLs.

        Raises:
            UserError: A URL is the input, or would be one of a folder.
        """
        if self.input in (self.out, self.html) and is_url(self.input):
            raise UserError(f"Expected another URL for the results: {self.input} is the input.")
        local, out = self.results, self.out
        if out is not None and local is not None and self.part is not None:
            out = beside(out, local.name)
        return find_targets((out, local), (self.html, self.page), self.format, overwrite=self.overwrite)

    @cached_property
    def local_input(self) -> str:
        """The input on this machine, which a URL is copied to.

        Raises:
            UserError: It cannot be copied.
        """
        return local_input(self.input, self.work)

    @cached_property
    def source(self) -> Input | InputPart:
        """Where the texts come from.

        Raises:
            UserError: There is no such file, it cannot have this format, or a stream is to be divided.
        """
        whole = Input(self.local_input, self.input_format, self.column).resolve()
        if self.part is None:
            return whole
        if whole.is_stream:
            raise UserError("Expected a file or a folder with --shard, got a stream. Write the texts to a file first.")
        return InputPart(whole, self.part)

    def check(self) -> None:
        """Check what can be without a model, the cheapest first.

        Raises:
            UserError: The input is missing, an output cannot be written, or would overwrite a file at a URL.
        """
        _ = self.results
        for target in self.targets:
            if self.part is None:  # a part may be there because it is finished
                target.check()
        _ = self.source

    @property
    def torch_dtype(self) -> torch.dtype:
        """Dtype of the weights on the accelerator's device."""
        from gner.inference.devices import choose_device, choose_dtype  # noqa: PLC0415 - torch takes seconds

        may_be_gpu = self.accelerator in ("auto", "gpu", "cuda", "mps")
        return choose_dtype(self.dtype, choose_device(None if may_be_gpu else "cpu"))
