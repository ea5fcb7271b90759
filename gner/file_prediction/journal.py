"""Append-only results file, from which a killed prediction run resumes.

Each result is one line, in the order of the records, so the number of complete lines says where to resume. While the
run is unfinished, a stamp beside the file, ``<file>.run.json``, records what the results depend on. A run resumes only
with an equal stamp, and never overwrites a file without one. A part of the results keeps its stamp when it is finished,
as ``<file>.done.json``.
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

OWNER = "written by"
"""The field of a stamp that names the process."""


class Journal:
    """A results file that can be resumed.

    Args:
        path: The file.
        stamp: All that the results depend on, as plain values.
        overwrite: Replace results of another run, or of a finished one; an interrupted run with an equal stamp resumes.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     journal = Journal(Path(folder, "out.jsonl"), {"model": "runs/x"})
        ...     _ = journal.open()
        ...     journal.append(['{"text": "Ada"}'])
        ...     journal.close()  # as if the run were killed here
        ...     again = Journal(journal.path, {"model": "runs/x"})
        ...     again.open(), list(again.done())
        ...     again.finish()
        (1, ['{"text": "Ada"}\\n'])
    """

    def __init__(self, path: Path, stamp: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self.path = path
        self._overwrite = overwrite
        self._stamp = json.loads(json.dumps(stamp))
        self._stamp_path = stamp_path(path)
        self._file: BinaryIO | None = None
        self._num_done = 0

    @property
    def is_unfinished(self) -> bool:
        """Whether a run was interrupted."""
        return self._stamp_path.exists()

    @property
    def is_finished(self) -> bool:
        """Whether it is a part that a run with an equal stamp has finished, and which is not to be replaced."""
        found = None if self._overwrite or self.is_unfinished else read_finished(self.path)
        return found is not None and self.path.exists() and self.agrees(found)

    def agrees(self, finished: Mapping[str, Any]) -> bool:
        """Whether what a finished part says of its run is true of this one."""
        return dict(finished) == {**finished, **self._stamp}

    def check(self) -> None:
        """Check that the file may be written.

        Raises:
            UserError: It has results of another run, or of a finished one, or is something else.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     path = Path(folder, "out.jsonl")
            ...     path.touch()
            ...     Journal(path, {}).check()  # doctest: +ELLIPSIS
            Traceback (most recent call last):
                ...
            gner.errors.UserError: Expected to write ...out.jsonl, but it already exists, and no run ...
        """
        if self.path.is_dir():
            raise UserError(f"Expected to write the file {self.path}, but it is a folder. Name a file.")
        if self._overwrite or self.is_finished or not (self.path.exists() or self.is_unfinished):
            return
        if not self.is_unfinished:
            raise UserError(
                f"Expected to write {self.path}, but it already exists, and no run that could be resumed wrote it. "
                "Name another file, remove it, or give --overwrite."
            )
        changes = self._changes()
        if changes:
            raise UserError(
                f"{self.path} has partial results of a run with other settings: {changes}. Resume with those settings, "
                "name another file, or give --overwrite."
            )

    def _changes(self) -> str:
        """How this run's stamp differs from that of the interrupted one."""
        other = self._read_stamp()
        other.pop(OWNER, None)
        differing = [name for name in {**other, **self._stamp} if other.get(name) != self._stamp.get(name)]
        return "; ".join(f"{name} was {other.get(name)!r}, is {self._stamp.get(name)!r}" for name in differing)

    def open(self) -> int:
        """Open the file, to resume the run or to start it.

        Returns:
            How many results it has.

        Raises:
            UserError: See `check`; also, another run is writing the file.
        """
        self.check()
        resumes = self.is_unfinished and not self._changes()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self._write_stamp()  # before the file: one without a stamp counts as somebody else's
        self._file = self.path.open("a+b")
        owner = self._owner()
        if not lock(self._file, owner):
            who = f"another run ({owner})" if owner is not None else "another run"
            raise UserError(f"Expected to write {self.path}, but {who} is writing it. Name another file.")
        if not resumes:
            finished_path(self.path).unlink(missing_ok=True)
            self._file.truncate(0)  # before the stamp, which marks the content as this run's
        self._write_stamp()  # also when resuming, as it names the process that writes
        self._num_done, num_bytes = self._count_lines() if resumes else (0, 0)
        self._file.truncate(num_bytes)  # drop a line that was incomplete when the run was killed
        return self._num_done

    def _write_stamp(self) -> None:
        with replacing(self._stamp_path) as stamp:
            values = {**self._stamp, OWNER: list(this_process())}
            stamp.write(json.dumps(values, indent=2, ensure_ascii=False) + "\n")

    def _read_stamp(self) -> dict[str, Any]:
        """The stamp of the interrupted run.

        Raises:
            UserError: It cannot be read.
        """
        try:
            stamp = json.loads(self._stamp_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{self._stamp_path}: expected the JSON that a run writes beside its results: {first_line(error)}. "
                "Remove it and the results, or give --overwrite."
            ) from error
        return stamp if isinstance(stamp, dict) else {}

    def _owner(self) -> Owner | None:
        """The process that writes the file, or wrote it last."""
        if not self._stamp_path.exists():
            return None
        match self._read_stamp().get(OWNER):
            case [str() as host, int() as pid]:
                return Owner(host, pid)
        return None

    def done(self) -> Iterator[str]:
        """The results that the file had when it was opened, in order."""
        with self.path.open(encoding="utf-8") as lines:
            yield from islice(lines, self._num_done)

    def _count_lines(self) -> tuple[int, int]:
        """The number of complete lines, and of their bytes."""
        assert self._file is not None
        self._file.seek(0)
        num_lines, num_bytes = 0, 0
        for line in self._file:
            if line.endswith(b"\n"):
                num_lines, num_bytes = num_lines + 1, num_bytes + len(line)
        return num_lines, num_bytes

    def append(self, lines: Iterable[str]) -> None:
        """Write results; they are on disk when this returns."""
        assert self._file is not None
        self._file.write("".join(f"{line}\n" for line in lines).encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file and release its lock."""
        if self._file is not None:
            self._file.close()

    def finish(self, more: Mapping[str, Any] | None = None) -> None:
        """Close the file, which has all results, and remove its stamp.

        Args:
            more: For a part of the results: what to keep together with the stamp; None to keep neither.
        """
        if more is not None:
            with replacing(finished_path(self.path)) as file:
                file.write(json.dumps({**self._stamp, **more}, indent=2, ensure_ascii=False) + "\n")
        self.close()
        self._stamp_path.unlink(missing_ok=True)


def stamp_path(path: Path) -> Path:
    """The stamp of an unfinished file of results."""
    return path.with_name(f"{path.name}.run.json")


def finished_path(path: Path) -> Path:
    """What a finished part keeps of its stamp."""
    return path.with_name(f"{path.name}.done.json")


def read_finished(path: Path) -> dict[str, Any] | None:
    """What a finished part says of its run; None if there is none.

    Raises:
        UserError: It cannot be read.
    """
    finished = finished_path(path)
    if not finished.exists():
        return None
    try:
        found = json.loads(finished.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{finished}: expected the JSON of a finished part: {first_line(error)}.") from error
    return found if isinstance(found, dict) else {}


def check_done(records: Iterator[Record], done: Iterable[str], num_done: int) -> None:
    """Check that the results written so far are those of the first records.

    Args:
        records: The records of this run.
        done: The results, each with all fields of its record.
        num_done: How many results there are.

    Raises:
        UserError: A record differs or is missing; the message has the place of the first.

    Example:
        >>> record = Record("Ada", {"text": "Ada"}, "in.txt:1")
        >>> check_done(iter([record]), ['{"text": "Ada", "entities": []}'], num_done=1)
        >>> check_done(iter([record]), ['{"text": "Bob", "entities": []}'], num_done=1)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Cannot resume after 1 results: text 1 (in.txt:1) differs from ...
    """
    for number, line in enumerate(done, start=1):
        record = next(records, None)
        if record is not None and _is_done(record, json.loads(line)):
            continue
        problem = "is missing" if record is None else f"({record.place}) differs from the one already processed"
        raise UserError(
            f"Cannot resume after {num_done:,} results: text {number:,} {problem}. Give the same texts from the start, "
            "or remove the results, name another file, or give --overwrite."
        )


def _is_done(record: Record, written: dict[str, Any]) -> bool:
    """Whether a result belongs to a record."""
    try:
        given = json.loads(as_line(record.row))
    except RecursionError:  # nested too deeply to have been written
        return False
    return bool(given == {name: written.get(name) for name in given})
