"""Checks output paths, so that no input or unrelated file is overwritten, and opens the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gner.errors import UserError
from gner.file_prediction.inputs import STDIN
from gner.file_prediction.journal import Journal
from gner.file_prediction.layouts import check_format
from gner.file_prediction.options import PredictOptions
from gner.file_prediction.remote_paths import is_url
from gner.files import is_written_through
from gner.inference.loading import find_checkpoint

_BRAT = {".txt", ".ann", ".conf"}
_DECISIVE = (
    *("prompt_format", "input_format", "column", "field", "threshold", "decoding", "words", "max_tokens", "overlap"),
)


def open_journal(options: PredictOptions) -> Journal | None:
    """The journal of the results, or None for a stream: standard output, a pipe, a device.

    Raises:
        UserError: Something other than results of this run would be overwritten.
    """
    check_format(options.format)
    out = options.results
    if out is None or is_written_through(out):
        _check_stream(options)
        return None
    path = out
    if options.format != "jsonl":
        path = out.with_name(f"{out.name}.unfinished.jsonl")
    _check_paths(options, path)
    journal = Journal(path, _stamp(options), overwrite=options.overwrite)
    journal.check()
    if not (options.overwrite or journal.is_unfinished):
        check_new(options.page)
        if options.format != "jsonl":
            check_new(out)
    return journal


def _check_stream(options: PredictOptions) -> None:
    """Raise for outputs that are converted from a file of all results."""
    if options.format == "jsonl" and options.html is None:
        return
    found = "standard output" if options.out is None else str(options.out)
    raise UserError(
        f"Expected a file for --out with --format or --html, which are made from a file of all results, got {found}."
    )


def check_new(path: Path | None) -> None:
    """Check that nothing would be overwritten.

    Raises:
        UserError: There is such a file.
    """
    if path is not None and path.exists() and not is_written_through(path):
        raise UserError(f"Expected to write {path}, but it already exists. Name another, or give --overwrite.")


def _check_paths(options: PredictOptions, journal: Path) -> None:
    """Raise if an output is the input, another output, or in the input folder."""
    source, out = Path(options.local_input).resolve(), options.results
    taken = {source: "the input"}
    assert out is not None
    outputs = {"--out": out, "--html": options.page}
    if journal != out:
        outputs["--out, while it is unfinished,"] = journal
    for option, path in outputs.items():
        if path is None or is_written_through(path):
            continue
        place = path.resolve()
        if place in taken:
            raise UserError(f"Expected another file for {option}: {path} is {taken[place]}.")
        if source.is_dir() and place.is_relative_to(source):
            raise UserError(f"Expected {option} outside the folder of the texts, {options.input}, got {path}.")
        taken[place] = f"that of {option}"
    if options.format == "brat":
        check_folder(out, source)
    elif out.is_dir():
        raise UserError(f"Expected a file for --out, but {out} is a folder.")


def check_folder(folder: Path, source: Path) -> None:
    """Check a folder that is to be replaced.

    Raises:
        UserError: It holds the input or anything but brat's files.
    """
    if source.is_relative_to(folder.resolve()):
        raise UserError(f"Expected another folder for --out: the input is in {folder}.")
    others = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in _BRAT)
    found = folder if folder.is_file() else next(others, None)
    if found is not None:
        raise UserError(f"Expected a new folder for --out, or one of brat's files only, but there is {found}.")


def _stamp(options: PredictOptions) -> dict[str, Any]:
    """All that results depend on; a run resumes only if it is equal."""
    weights = find_checkpoint(Path(options.model)) or Path(options.model)
    model = str(weights.resolve()) if weights.exists() else options.model
    source = options.input
    if source != STDIN and not is_url(source):
        source = str(Path(source).resolve())
    stamp: dict[str, Any] = {"model": model, "model changed": _modification_time(weights), "input": source}
    stamp["dtype"] = str(options.torch_dtype)
    stamp["labels"] = options.types
    for name in _DECISIVE:
        stamp[name] = getattr(options, name)
    if options.part is not None:
        stamp["shard"] = options.part
    return stamp


def _modification_time(weights: Path) -> int:
    """When a checkpoint, or the newest weight file in a folder, was written, in nanoseconds."""
    files = [weights] if weights.is_file() else [*weights.glob("*.safetensors"), *weights.glob("meta.pt")]
    return max((file.stat().st_mtime_ns for file in files), default=0)
