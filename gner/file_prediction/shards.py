"""Parts of an input that processes label independently of each other, each into a file of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from gner.errors import UserError
from gner.file_prediction.inputs import Input, Record

AUTO = "auto"
_VARIABLES = (("RANK", "WORLD_SIZE"), ("SLURM_PROCID", "SLURM_NTASKS"))
"""Of torchrun, whose processes may be in one task of SLURM; of srun."""
_PART = re.compile(r"\.part-(\d{5,})-of-(\d{5,})\.jsonl")


class Shard(NamedTuple):
    """Every ``num_shards``-th record, from the one with index ``number``.

    Attributes:
        number: Which part, from 0.
        num_shards: How many parts there are.
    """

    number: int
    num_shards: int

    def path(self, out: Path) -> Path:
        """The file of this part, beside that of all results.

        Example:
            >>> str(Shard(3, 8).path(Path("out.jsonl"))), str(Shard(3, 8).path(Path("out.conll")))
            ('out.part-00003-of-00008.jsonl', 'out.conll.part-00003-of-00008.jsonl')
        """
        return out.with_name(f"{_stem(out)}.part-{self.number:05}-of-{self.num_shards:05}.jsonl")

    def share(self, total: int) -> int:
        """How many of ``total`` records are in this part.

        Example:
            >>> [Shard(index, 3).share(7) for index in range(3)]
            [3, 2, 2]
        """
        return len(range(self.number, total, self.num_shards))


class InputPart(NamedTuple):
    """A part of an input, to be read like a whole one.

    Attributes:
        input: The whole.
        shard: Which of its records.
    """

    input: Input
    shard: Shard

    @property
    def is_stream(self) -> bool:
        """Whether the input can be read only once."""
        return self.input.is_stream

    def num_records(self) -> int | None:
        """How many records the part has, or None where counting would mean parsing them."""
        total = self.input.num_records()
        return None if total is None else self.shard.share(total)

    def records(self) -> Iterator[Record]:
        """The records of the part, in order.

        Raises:
            UserError: A line or a row is malformed, also if it is in another part.
        """
        return islice(self.input.records(), self.shard.number, None, self.shard.num_shards)


def find_shard(count: int | None, index: str | None) -> Shard | None:
    """The part that options name.

    Args:
        count: How many parts there are; None with ``auto``.
        index: Which part, from 0, or ``auto`` for that of this process of torchrun or srun.

    Returns:
        None for all records.

    Raises:
        UserError: There is no such part, or no launcher has numbered the processes.

    Example:
        >>> find_shard(8, "3"), find_shard(None, None)
        (Shard(number=3, num_shards=8), None)
        >>> find_shard(8, "8")
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected --shard from 0 to 7, got 8.
    """
    if count is None and index is None:
        return None
    if index == AUTO:
        if count is not None:
            raise UserError("Expected no --shards with --shard auto, which takes the number of processes.")
        return _of_this_process()
    if count is None or index is None:
        raise UserError("Expected --shards and --shard together, such as --shards 8 --shard 3, or --shard auto.")
    if count < 1:
        raise UserError(f"Expected --shards of at least 1, got {count}.")
    if not index.isdecimal() or int(index) >= count:
        raise UserError(f"Expected --shard from 0 to {count - 1}, got {index}.")
    return Shard(int(index), count)


def _of_this_process() -> Shard:
    for index, count in _VARIABLES:
        if index in os.environ and count in os.environ:
            return find_shard(int(os.environ[count]), os.environ[index]) or Shard(0, 1)
    raise UserError(
        "Expected RANK and WORLD_SIZE, or SLURM_PROCID and SLURM_NTASKS, for --shard auto. Start the processes with "
        "torchrun or srun, or give --shards and --shard."
    )


def find_parts(out: Path) -> list[Shard]:
    """The parts that any file beside ``out`` is of, finished or not, in order."""
    files = out.parent.iterdir() if out.parent.is_dir() else iter(())
    found = (_match(path.name, out) for path in files)
    return sorted({Shard(int(match[1]), int(match[2])) for match in found if match})


def is_part_file(name: str, out: Path) -> bool:
    """Whether a file beside ``out`` is a part of it, or goes with one.

    Example:
        >>> [is_part_file(f"out.{end}", Path("out.jsonl")) for end in ("part-00003-of-00008.jsonl.done.json", "jsonl")]
        [True, False]
    """
    return _match(name, out) is not None


def _match(name: str, out: Path) -> re.Match[str] | None:
    stem = _stem(out)
    return _PART.match(name.removeprefix(stem)) if name.startswith(stem) else None


def _stem(out: Path) -> str:
    return out.name.removesuffix(".jsonl")
