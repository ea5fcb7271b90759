"""Merges the files of all parts into one, in the order of the input."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gner.errors import UserError
from gner.file_prediction.entity_page import write_entity_page
from gner.file_prediction.journal import OWNER, read_finished, stamp_path
from gner.file_prediction.layouts import Layout, OutputFormat, Result, check_format, convert
from gner.file_prediction.outputs import check_folder, check_new
from gner.file_prediction.remote_paths import beside, copy_all, find_targets, is_url, local_output, named_as, upload
from gner.file_prediction.shards import Shard, find_parts, is_part_file
from gner.files import replacing
from gner.option_parser import option
from gner.words import find_splitter

_OF_ONE_PART = {OWNER, "shard", "model", "model changed", "input"}
"""What parts of one run may differ in: machines may have the model and the texts in other places."""


@dataclass(frozen=True)
class MergeOptions:
    """How finished parts are put together.

    Attributes:
        merge: File of all results or its URL, or for brat a folder: the --out of all shards.
        format: Layout of the results.
        html: Write a page with the entities highlighted, to a file or a URL.
        overwrite: Replace files that exist.
    """

    merge: str = option(metavar="OUT")
    format: OutputFormat = "jsonl"
    html: str | None = option(None, metavar="PAGE")
    overwrite: bool = False


def merge_parts(options: MergeOptions) -> int:
    """Write the results of all parts, which stay.

    Returns:
        The number of texts.

    Raises:
        UserError: A part is missing, unfinished or of another run, or a file would be overwritten.
    """
    check_format(options.format)
    with TemporaryDirectory() as folder:  # for what is at URLs
        out = local_output(options.merge, Path(folder))
        page = None if options.html is None else local_output(options.html, Path(folder))
        targets = find_targets((options.merge, out), (options.html, page), options.format, overwrite=options.overwrite)
        for target in targets:
            target.check()
        if is_url(options.merge):
            copy_all(options.merge, lambda name: is_part_file(name, out), out.parent)
        with named_as(beside(options.merge, ""), f"{out.parent}{os.sep}"):
            total = _merge(out, page, options)
        upload(targets)
    return total


def _merge(out: Path, page: Path | None, options: MergeOptions) -> int:
    shards = _whole(find_parts(out), out)
    run = _run_of(shards, out)
    _check_outputs(out, page, options)
    paths = [shard.path(out) for shard in shards]
    total = _check_numbers(shards, paths)
    if options.format == "jsonl":
        with replacing(out) as file:
            file.writelines(_lines(paths))
    else:
        convert(options.format, _results(paths, run), out, model=run["model name"])
    if page is not None:
        write_entity_page(page, _results(paths, run))
    return total


def _whole(found: Sequence[Shard], out: Path) -> list[Shard]:
    """All parts.

    Raises:
        UserError: There are none, some are missing or unfinished, or there are those of several divisions.
    """
    counts = sorted({shard.num_shards for shard in found})
    if not counts:
        raise UserError(f"Expected parts such as {Shard(0, 8).path(out)}, but there are none. Give the --out of them.")
    if len(counts) > 1:
        numbers = " and ".join(map(str, counts))
        raise UserError(f"Expected the parts of one run beside {out}, found parts of {numbers} shards. Remove others.")
    shards = [Shard(index, counts[0]) for index in range(counts[0])]
    problems = [f"shard {shard.number} is {state}" for shard in shards if (state := _state(shard.path(out)))]
    if problems:
        raise UserError(
            f"Expected {counts[0]} finished parts of {out}, but {', '.join(problems)}. "
            "Give the commands of these shards again, and merge when they have ended."
        )
    return shards


def _state(path: Path) -> str | None:
    """What keeps a part from being merged."""
    if stamp_path(path).exists():
        return "unfinished"
    return None if path.exists() and read_finished(path) is not None else "missing"


def _run_of(shards: Sequence[Shard], out: Path) -> dict[str, Any]:
    """What the finished parts say of their run.

    Raises:
        UserError: They are of different runs.
    """
    runs = [read_finished(shard.path(out)) or {} for shard in shards]
    for shard, run in zip(shards, runs, strict=True):
        if run.get("shard") != list(shard):
            raise UserError(f"Expected shard {shard.number} in {shard.path(out)}, found {run.get('shard')}.")
        names = {*runs[0], *run} - _OF_ONE_PART
        for name in sorted(names):
            if run.get(name) != runs[0].get(name):
                raise UserError(
                    f"Expected parts of one run, but {name} is {runs[0].get(name)!r} in shard 0 and {run.get(name)!r} "
                    f"in shard {shard.number}. Run one of them again with --overwrite."
                )
    return runs[0]


def _check_outputs(out: Path, page: Path | None, options: MergeOptions) -> None:
    if options.format == "brat":
        check_folder(out, out.parent)
    elif out.is_dir():
        raise UserError(f"Expected a file for --merge, but {out} is a folder.")
    if page is not None and page.resolve() == out.resolve():
        raise UserError(f"Expected another file for --html: {page} is that of --merge.")
    if not options.overwrite:
        check_new(out)
        check_new(page)


def _check_numbers(shards: Sequence[Shard], paths: Sequence[Path]) -> int:
    """The number of texts in all parts.

    Raises:
        UserError: Parts do not have the numbers of texts that the parts of one input have.
    """
    numbers = [_num_lines(path) for path in paths]
    total = sum(numbers)
    for shard, path, number in zip(shards, paths, numbers, strict=True):
        share = shard.share(total)
        if number != share:
            raise UserError(
                f"{path}: found {number:,} texts, but {share:,} are the share of the {total:,} in all parts. The texts "
                "were not the same for all shards, or a part was changed. Run the shards again with --overwrite."
            )
    return total


def _num_lines(path: Path) -> int:
    number, line = 0, b"\n"
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):  # noqa: B007 - the last is looked at
            pass
    if not line.endswith(b"\n"):
        raise UserError(f"{path}: expected complete lines, but the last one is not. Run its shard with --overwrite.")
    return number


def _lines(paths: Sequence[Path]) -> Iterator[str]:
    """The lines of all parts in the order of the input."""
    with ExitStack() as stack:
        files = [stack.enter_context(path.open(encoding="utf-8", newline="\n")) for path in paths]
        lines = chain.from_iterable(zip_longest(*files))
        yield from (line for line in lines if line is not None)


def _results(paths: Sequence[Path], run: dict[str, Any]) -> Iterator[Result]:
    layout = Layout(find_splitter(run["splitter"]), run["column"], run["field"])
    return (layout.read(json.loads(line)) for line in _lines(paths))
