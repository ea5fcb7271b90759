"""Results written as they come, so that a run that was killed goes on where it was.

Each record's result is one line of a file, in the order of the records, so the number of whole lines tells how far a
run came. Beside the file lies a stamp, ``<file>.run.json``, while the run is unfinished: what was run on what. A run
goes on only where its stamp is the same, and never writes over a file that has none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from gner.errors import UserError
from gner.files import replacing


class Journal:
    """A file of results that only grows.

    Args:
        path: The file.
        stamp: All that the results depend on, as plain values.
        overwrite: Begin anew, whatever is there.

    Attributes:
        last_line: The last result that was there when it was opened.
    """

    def __init__(self, path: Path, stamp: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self.path = path
        self._overwrite = overwrite
        self._stamp = json.loads(json.dumps(stamp))
        self._stamp_path = path.with_name(f"{path.name}.run.json")
        self._file: BinaryIO | None = None
        self.last_line = ""

    @property
    def is_unfinished(self) -> bool:
        """Whether a run was interrupted."""
        return self._stamp_path.exists()

    def check(self) -> None:
        """See that the file may be written.

        Raises:
            UserError: There are results of another run, or of a finished one.
        """
        if self._overwrite or not (self.path.exists() or self.is_unfinished):
            return
        if not self.is_unfinished:
            raise UserError(
                f"Expected to write {self.path}, but it is there already, and no run that could go on wrote it. Name "
                "another file, remove it, or give --overwrite."
            )
        other = json.loads(self._stamp_path.read_text(encoding="utf-8"))
        differing = [name for name in {**other, **self._stamp} if other.get(name) != self._stamp.get(name)]
        if differing:
            changes = "; ".join(f"{name} was {other.get(name)!r}, is {self._stamp.get(name)!r}" for name in differing)
            raise UserError(
                f"{self.path} has results of a run that was interrupted, but this run is another one: {changes}. Start "
                "it as the other one was, to go on with that; or name another file, or give --overwrite."
            )

    def open(self) -> int:
        """Open the file for the results that are missing.

        Returns:
            How many there are.
        """
        self.check()
        if self._overwrite:
            self.path.unlink(missing_ok=True)
        with replacing(self._stamp_path) as stamp:
            stamp.write(json.dumps(self._stamp, indent=2, ensure_ascii=False) + "\n")
        self.path.touch()
        with self.path.open("r+b") as file:
            num_lines, whole = 0, 0
            for line in file:
                if line.endswith(b"\n"):
                    num_lines, whole = num_lines + 1, whole + len(line)
                    self.last_line = line.decode()
            file.truncate(whole)  # a line that was being written when the run was killed
        self._file = self.path.open("ab")
        return num_lines

    def append(self, lines: Iterable[str]) -> None:
        """Write results; when this returns they are there to stay."""
        assert self._file is not None
        self._file.write("".join(f"{line}\n" for line in lines).encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self) -> None:
        """Close the file for good."""
        assert self._file is not None
        self._file.close()
        self._stamp_path.unlink(missing_ok=True)
