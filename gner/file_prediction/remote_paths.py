"""Inputs and outputs that are URLs, such as ``s3://bucket/texts.jsonl``, by way of files on this machine.

An input is copied before it is read. An output is written, and resumed, on this machine and uploaded when it is
finished, as object stores neither append to files nor rename them.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

import fsspec

from gner.errors import UserError, first_line

Output = tuple[str | None, Path | None]
"""A path or URL, and its file on this machine; None for one that is not written."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*(::[a-z][a-z0-9+.-]*)*://")


def is_url(place: str) -> bool:
    """Whether a place is a URL, and not a path on this machine.

    Example:
        >>> [is_url(place) for place in ("s3://b/a.csv", "zip://a.csv::s3://b/c.zip", "filecache::s3://b/a.csv")]
        [True, True, True]
        >>> [is_url(place) for place in ("a.csv", "/a.csv", "a::b.csv", "-")]
        [False, False, False, False]
    """
    return _URL.match(place) is not None


def beside(url: str, name: str) -> str:
    """The URL of another file in the same folder.

    Example:
        >>> beside("s3://bucket/folder/out.jsonl", "page.html")
        's3://bucket/folder/page.html'
    """
    return f"{url.rpartition('/')[0]}/{name}"


def file_name(url: str) -> str:
    """The name of a file, without the query of its URL.

    Raises:
        UserError: The URL is that of a folder.

    Example:
        >>> file_name("https://host/texts.csv?version=2"), file_name("zip://in/a.txt::s3://bucket/b.zip")
        ('texts.csv', 'a.txt')
    """
    first = next(part for part in url.split("::") if "://" in part)
    path = first.partition("?")[0]
    if path.endswith("/"):
        raise UserError(f"Expected the URL of a file, got {url}.")
    return PurePosixPath(path).name


def local_output(place: str, work: Path | None) -> Path:
    """Where an output is written on this machine: the path itself or, for a URL, always the same file in ``work``."""
    return _work_path(place, place, work) if is_url(place) else Path(place)


def local_input(place: str, work: Path | None) -> str:
    """A file on this machine with the content of an input: the path itself or, for a URL, a copy of this version.

    Raises:
        UserError: There is no such file, or it cannot be read.
    """
    if not is_url(place):
        return place
    with _store_errors(place):
        system, path = _connect(place)
        info = system.info(path)
        if info["type"] == "directory":
            raise UserError(f"Expected a file, but {place} is a folder. Copy it to this machine.")
        version = sorted((name, str(value)) for name, value in info.items())  # its size, time, hash, …
        copy = _work_path(place, f"{place} {version}", work)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=copy.parent) as unfinished:
                file = Path(unfinished, copy.name)
                system.get_file(path, str(file))
                file.replace(copy)
    return str(copy)


def _work_path(url: str, key: str, work: Path | None) -> Path:
    """A file of the name in the URL, in a folder for the key."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = hashlib.sha256(key.encode()).hexdigest()[:16]
    return (work or cache / "gner" / "predict") / folder / file_name(url)


def copy_all(url: str, belongs: Callable[[str], bool], folder: Path) -> None:
    """Copy the files beside a URL whose names belong to it to a folder on this machine.

    Raises:
        UserError: They cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _store_errors(url):
        system, path = _connect(url)
        for place in system.ls(path.rpartition("/")[0], detail=False):
            name = place.rpartition("/")[2]
            if belongs(name):
                system.get_file(place, str(folder / name))


class Target(NamedTuple):
    """A file on this machine that is uploaded when it is finished.

    Attributes:
        url: Where to.
        local: The file.
        overwrite: Whether it may replace one.
    """

    url: str
    local: Path
    overwrite: bool = False

    def check(self) -> None:
        """Check that nothing would be overwritten but what an interrupted upload has left.

        Raises:
            UserError: There is such a file, or the store cannot be reached.
        """
        with _store_errors(self.url):
            system, path = _connect(self.url)
            if not (self.overwrite or self._marker.exists()) and system.exists(path):
                raise UserError(
                    f"Expected to write {self.url}, but it already exists. Name another, or give --overwrite."
                )

    def put(self, *more: Path) -> None:
        """Upload the file, and then others whose names begin with its name."""
        self.check()
        self._marker.touch()
        with _store_errors(self.url, "Expected a bucket or folder for {}. Make it, and give the same command again."):
            system, path = _connect(self.url)
            if not system.async_impl:  # object stores have no folders, and would look for the bucket
                system.makedirs(path.rpartition("/")[0], exist_ok=True)
            places = {path + file.name.removeprefix(self.local.name): file for file in more}
            for place in filter(system.exists, places):  # says that the file is finished, which is being replaced
                system.rm_file(place)
            for place, file in {path: self.local, **places}.items():
                system.put_file(str(file), place)

    def clear(self) -> None:
        """Remove the file here, once all is uploaded."""
        self._marker.unlink()
        self.local.unlink()

    def read_beside(self, file: Path) -> bytes | None:
        """What was uploaded of a file whose name begins with that of this one; None if it was not.

        Raises:
            UserError: It cannot be read.
        """
        with _store_errors(self.url):
            system, path = _connect(self.url)
            place = path + file.name.removeprefix(self.local.name)
            return bytes(system.cat_file(place)) if system.exists(place) else None

    @property
    def _marker(self) -> Path:
        """Says that an upload was begun, of which some stores keep what was transferred."""
        return self.local.with_name(f"{self.local.name}.uploading")


def find_targets(results: Output, page: Output, format: str, *, overwrite: bool) -> list[Target]:
    """The outputs that are uploaded.

    Args:
        results: Where to write the results.
        page: Where to write the page.
        format: Layout of the results.
        overwrite: Whether files may be replaced.

    Raises:
        UserError: The results are a folder at a URL.
    """
    if format == "brat" and results[0] is not None and is_url(results[0]):
        raise UserError(f"Expected a folder on this machine with --format brat, got {results[0]}.")
    targets = []
    for place, local in (results, page):
        if place is not None and local is not None and is_url(place):
            targets.append(Target(place, local, overwrite))
    return targets


def upload(targets: Sequence[Target], *more: Path) -> None:
    """Upload finished files, and remove them here when all are uploaded.

    Args:
        targets: The files.
        more: Files that go with each of them, and are uploaded after it. Their names begin with its name.

    Raises:
        UserError: A file would be overwritten, or cannot be written.

    Example:
        >>> with TemporaryDirectory() as folder:
        ...     target = Target("memory://doctest/out.jsonl", Path(folder, "out.jsonl"))
        ...     _ = target.local.write_text("Ada")
        ...     upload([target])
        ...     target.local.exists(), target.read_beside(target.local)
        (False, b'Ada')
    """
    for target in targets:
        target.put(*more)
    for target in targets:
        target.clear()
    if targets:
        for file in more:
            file.unlink()


def _connect(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """A file system and a path in it."""
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise UserError(f"{url}: a package is missing for this URL: {first_line(error)}.") from error
    except ValueError as error:
        raise UserError(f"Expected a URL such as s3://bucket/file, got {url}: {first_line(error)}.") from error
    system.invalidate_cache()  # other processes write files, too
    return system, path


@contextmanager
def _store_errors(url: str, missing: str = "Expected a file at {}, but there is none.") -> Iterator[None]:
    """Turn errors of a store, whose libraries have exceptions of their own, into ones of the user."""
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(missing.format(url)) from error
    except Exception as error:
        raise UserError(f"{url} cannot be read or written: {type(error).__name__}: {first_line(error)}") from error


@contextmanager
def named_as(place: str, local: str) -> Iterator[None]:
    """Let errors name a place in place of what stands for it on this machine.

    Example:
        >>> with named_as("s3://bucket/a.txt", "/cache/a.txt"):
        ...     raise UserError("/cache/a.txt:2: expected UTF-8.")
        Traceback (most recent call last):
            ...
        gner.errors.UserError: s3://bucket/a.txt:2: expected UTF-8.
    """
    try:
        yield
    except UserError as error:
        if not is_url(place):
            raise
        raise UserError(str(error).replace(local, place)) from error
