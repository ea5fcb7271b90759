"""Results written as they come, so that a run that was killed goes on where it was.

Each record's result is one line of a file, in the order of the records, so the number of whole lines tells how far a
run came. Beside the file lies a stamp, ``<file>.run.json``, while the run is unfinished: what was run on what. A run
goes on only where its stamp is the same, and never writes over a file that has none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from gner.errors import UserError, first_line
from gner.file_prediction.inputs import Record
from gner.files import as_line, replacing
from gner.locks import Owner, lock, this_process

_OWNER = "written by"


class Journal:
    """A file of results that only grows.

    Args:
        path: The file.
        stamp: All that the results depend on, as plain values.
        overwrite: Replace results of another run, or of a finished one; one that was interrupted goes on all the same.
    """

    def __init__(self, path: Path, stamp: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self.path = path
        self._overwrite = overwrite
        self._stamp = json.loads(json.dumps(stamp))
        self._stamp_path = path.with_name(f"{path.name}.run.json")
        self._file: BinaryIO | None = None
        self._num_done = 0

    @property
    def is_unfinished(self) -> bool:
        """Whether a run was interrupted."""
        return self._stamp_path.exists()

    def check(self) -> None:
        """See that the file may be written.

        Raises:
            UserError: There are results of another run, or of a finished one, or something else.
        """
        if self.path.is_dir():
            raise UserError(f"Expected to write the file {self.path}, but it is a folder. Name a file.")
        if self._overwrite or not (self.path.exists() or self.is_unfinished):
            return
        if not self.is_unfinished:
            raise UserError(
                f"Expected to write {self.path}, but it is there already, and no run that could go on wrote it. Name "
                "another file, remove it, or give --overwrite."
            )
        changes = self._changes()
        if changes:
            raise UserError(
                f"{self.path} has results of a run that was interrupted, but this run is another one: {changes}. Start "
                "it as the other one was, to go on with that; or name another file, or give --overwrite."
            )

    def _changes(self) -> str:
        """What this run would do otherwise than the one that was interrupted."""
        other = self._read_stamp()
        other.pop(_OWNER, None)
        differing = [name for name in {**other, **self._stamp} if other.get(name) != self._stamp.get(name)]
        return "; ".join(f"{name} was {other.get(name)!r}, is {self._stamp.get(name)!r}" for name in differing)

    def open(self) -> int:
        """Open the file for the results that are missing.

        Returns:
            How many there are.

        Raises:
            UserError: See `check`; also, another run is writing the file.
        """
        self.check()
        goes_on = self.is_unfinished and not self._changes()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self._write_stamp()  # a file without a stamp is not ours
        self._file = self.path.open("a+b")
        owner = self._owner()
        if not lock(self._file, owner):
            who = f"another run does ({owner})" if owner is not None else "another run does"
            raise UserError(f"Expected to write {self.path}, but {who}. Name another file.")
        if not goes_on:
            self._file.truncate(0)  # first, as the stamp makes what is there ours
        self._write_stamp()  # in any case, as it tells who writes
        self._num_done, whole = self._read_lines() if goes_on else (0, 0)
        self._file.truncate(whole)  # a line that was being written when the run was killed
        return self._num_done

    def _write_stamp(self) -> None:
        with replacing(self._stamp_path) as stamp:
            values = {**self._stamp, _OWNER: list(this_process())}
            stamp.write(json.dumps(values, indent=2, ensure_ascii=False) + "\n")

    def _read_stamp(self) -> dict[str, Any]:
        """The stamp of the run that was interrupted.

        Raises:
            UserError: The file cannot be read as one.
        """
        try:
            stamp = json.loads(self._stamp_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{self._stamp_path}: expected what a run writes beside its results: {first_line(error)}. Remove it "
                "and the results, or give --overwrite."
            ) from error
        return stamp if isinstance(stamp, dict) else {}

    def _owner(self) -> Owner | None:
        """Who writes the file, or wrote it last."""
        if not self._stamp_path.exists():
            return None
        match self._read_stamp().get(_OWNER):
            case [str() as host, int() as pid]:
                return Owner(host, pid)
        return None

    def done(self) -> Iterator[str]:
        """The results that were there when the file was opened, in order."""
        with self.path.open(encoding="utf-8") as lines:
            yield from islice(lines, self._num_done)

    def _read_lines(self) -> tuple[int, int]:
        """How many whole lines there are, and how many bytes they have together."""
        assert self._file is not None
        self._file.seek(0)
        num_lines, whole = 0, 0
        for line in self._file:
            if line.endswith(b"\n"):
                num_lines, whole = num_lines + 1, whole + len(line)
        return num_lines, whole

    def append(self, lines: Iterable[str]) -> None:
        """Write results; when this returns they are there to stay."""
        assert self._file is not None
        self._file.write("".join(f"{line}\n" for line in lines).encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, which lets others write it."""
        if self._file is not None:
            self._file.close()

    def finish(self) -> None:
        """Close the file for good: it has all results."""
        self.close()
        self._stamp_path.unlink(missing_ok=True)


def check_done(records: Iterator[Record], done: Iterable[str], num_done: int) -> None:
    """See that results are those of the first records.

    Args:
        records: What is given now.
        done: Results that were written, each with all that its record came with.
        num_done: How many there are.

    Raises:
        UserError: A record is another one, or is missing; the message has the place of the first.
    """
    for number, line in enumerate(done, start=1):
        record = next(records, None)
        if record is not None and _is_done(record, json.loads(line)):
            continue
        place = "is missing" if record is None else f"({record.place}) is not the one whose result was written"
        raise UserError(
            f"Cannot resume after {num_done:,} texts that are done: text {number:,} {place}. Give all texts as they "
            "were from the first; or remove the results, name another file for the new ones, or give --overwrite."
        )


def _is_done(record: Record, written: dict[str, Any]) -> bool:
    """Whether a result is that of a record."""
    try:
        given = json.loads(as_line(record.row))
    except RecursionError:  # what is nested so deep was never written
        return False
    return bool(given == {name: written.get(name) for name in given})
