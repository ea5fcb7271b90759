"""Where the results of a run over files go, and that nothing else is lost there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gner.errors import UserError
from gner.file_prediction.inputs import STDIN
from gner.file_prediction.journal import Journal
from gner.file_prediction.layouts import check_format
from gner.file_prediction.options import PredictOptions
from gner.files import is_written_through
from gner.inference.loading import find_checkpoint

_BRAT = {".txt", ".ann", ".conf"}
_DECISIVE = ("labels", "input_format", "column", "field", "threshold", "decoding", "words", "max_tokens", "overlap")


def open_journal(options: PredictOptions) -> Journal | None:
    """The file that results are written to as they come, or None for a stream: standard output, a pipe, a device.

    Raises:
        UserError: Something would be written over that is not a result of this very run.
    """
    check_format(options.format)
    if options.out is None:
        if options.format != "jsonl" or options.html is not None:
            raise UserError("Expected --out with --format or --html: they are made of results that are in a file.")
        return None
    if is_written_through(options.out):
        if options.format != "jsonl" or options.html is not None:
            raise UserError(
                f"Expected a file for --out with --format or --html, as they are made of results that are in a file; "
                f"{options.out} is none."
            )
        return None
    path = options.out
    if options.format != "jsonl":
        path = options.out.with_name(f"{options.out.name}.unfinished.jsonl")
    _check_paths(options, path)
    journal = Journal(path, _stamp(options), overwrite=options.overwrite)
    journal.check()
    made_at_the_end = [options.html] if options.format == "jsonl" else [options.html, options.out]
    for made in made_at_the_end:
        is_there = made is not None and made.exists() and not is_written_through(made)
        if is_there and not (options.overwrite or journal.is_unfinished):
            raise UserError(f"Expected to write {made}, but it is there already. Name another, or give --overwrite.")
    return journal


def _check_paths(options: PredictOptions, journal: Path) -> None:
    """Refuse outputs that are the input or each other, and those among the texts of a folder."""
    source = Path(options.input).resolve()
    taken = {source: "the input"}
    assert options.out is not None
    outputs = {"--out": options.out, "--html": options.html}
    if journal != options.out:
        outputs["--out, while it is unfinished,"] = journal
    for option, path in outputs.items():
        if path is None:
            continue
        if is_written_through(path):
            continue
        place = path.resolve()
        if place in taken:
            raise UserError(f"Expected another file for {option}: {path} is {taken[place]}.")
        if source.is_dir() and place.is_relative_to(source):
            raise UserError(f"Expected {option} outside the folder of the texts, {options.input}, got {path}.")
        taken[place] = f"that of {option}"
    if options.format == "brat":
        _check_folder(options.out, source)
    elif options.out.is_dir():
        raise UserError(f"Expected a file for --out, but {options.out} is a folder.")


def _check_folder(folder: Path, source: Path) -> None:
    """Refuse to replace a folder that holds something else than brat's files, or the input."""
    if source.is_relative_to(folder.resolve()):
        raise UserError(f"Expected another folder for --out: the input is in {folder}.")
    others = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in _BRAT)
    found = folder if folder.is_file() else next(others, None)
    if found is not None:
        raise UserError(f"Expected a new folder for --out, or one of brat's files only, but there is {found}.")


def _stamp(options: PredictOptions) -> dict[str, Any]:
    """All that results depend on: a run goes on only where it is the same."""
    weights = find_checkpoint(Path(options.model)) or Path(options.model)
    return {
        "model": str(weights.resolve()) if weights.exists() else options.model,
        "model changed": _changed(weights),
        "input": options.input if options.input == STDIN else str(Path(options.input).resolve()),
        "dtype": str(options.torch_dtype),
        **{name: getattr(options, name) for name in _DECISIVE},
    }


def _changed(weights: Path) -> int:
    """When a checkpoint, or the newest file of weights in a folder, was written, in nanoseconds."""
    files = [weights] if weights.is_file() else [*weights.glob("*.safetensors"), *weights.glob("meta.pt")]
    return max((file.stat().st_mtime_ns for file in files), default=0)
