"""Reads datasets in the folder layout of GNER and InstructUIE.

``ROOT/DATASET/{train,dev,test}.txt`` holds one ``word<TAB>tag`` per line and a blank line between sentences;
``ROOT/DATASET/label.txt`` holds one entity type per line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from lightning.pytorch.utilities.rank_zero import rank_zero_info

from gner.bio import Scheme, split_tag, to_iob2
from gner.data.annotations.schemes import DOCUMENT_START, find_scheme, sentence_of_rows
from gner.data.annotations.spans import Tagged
from gner.data.reading.splits import Split
from gner.data.reading.text_files import read_lines
from gner.errors import UserError
from gner.records import Example


def read_dataset(root: Path, dataset: str, split: Split, scheme: Scheme | Literal["auto"] = "auto") -> list[Example]:
    """Read one split of one dataset.

    Args:
        root: Folder of datasets.
        dataset: Name of a folder in it.
        split: Which file to read.
        scheme: Tagging scheme; ``auto`` detects it for each file. Others than IOB2 are converted, and logged.

    Returns:
        The sentences in file order; all have the types of ``label.txt``, in its order.

    Raises:
        UserError: A file is missing, empty, not UTF-8, or has a malformed line.
    """
    folder = root / dataset
    if not folder.is_dir():
        raise UserError(f"Expected the dataset `{dataset}` in {root}, {_explain_missing(root, dataset)}")
    types = read_types(folder / "label.txt")
    path = folder / f"{split}.txt"
    sentences = list(_sentences(path))
    if not sentences:
        raise UserError(f"{path}: expected sentences, found none. Each line holds a word, a TAB and its tag.")
    found = find_scheme(path, sentences, scheme)
    if found != "IOB2":
        rank_zero_info(f"{path}: tags are {found}; converted to IOB2.")
    _check_types(path, sentences, types)
    return [
        Example(
            words=tagged.words,
            tags=to_iob2(tagged.tags, found),
            types=types,
            dataset=dataset,
            id=str(position),
            source=tagged.start,
        )
        for position, tagged in enumerate(sentences)
    ]


def read_types(path: Path) -> tuple[str, ...]:
    """Read entity types, one per line.

    Raises:
        UserError: The file is missing, holds no types, or holds one twice.
    """
    types: list[str] = []
    for number, line in enumerate(_lines(path), start=1):
        entity_type = line.strip()
        if entity_type in types:
            raise UserError(f"{path}:{number}: the type `{entity_type}` is listed twice. Remove one of the lines.")
        if entity_type:
            types.append(entity_type)
    if not types:
        raise UserError(f"{path}: expected entity types, one per line, found none.")
    return tuple(types)


def _explain_missing(root: Path, dataset: str) -> str:
    if not root.is_dir():
        return "but that folder does not exist. Set data.root."
    names = sorted(folder.name for folder in root.iterdir() if (folder / "label.txt").is_file())
    if not names:
        return "but no folder in it has a label.txt. Set data.root to the folder that holds the datasets' folders."
    close = difflib.get_close_matches(dataset, names, n=1)
    hint = f"Did you mean `{close[0]}`?" if close else f"There are: {', '.join(names)}."
    return f"but it does not exist. {hint}"


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise UserError(
            f"Expected the file {path}, but it does not exist. A dataset has label.txt, and those of train.txt, "
            "dev.txt and test.txt that a run uses."
        )
    return read_lines(path)


def _sentences(path: Path) -> Iterator[Tagged]:
    rows: list[tuple[int, str, str]] = []
    for number, line in enumerate(_lines(path), start=1):
        columns = line.rstrip(" \t").split("\t")
        if columns == [""] or columns[0] == DOCUMENT_START:
            if rows:
                yield sentence_of_rows(path, rows)
            rows = []
            continue
        if len(columns) != 2 or not columns[0].strip(" ") or not columns[1].strip():
            raise UserError(f"{path}:{number}: expected `word<TAB>tag`, found {_describe(line)}")
        rows.append((number, columns[0].strip(" "), columns[1].strip()))
    if rows:
        yield sentence_of_rows(path, rows)


def _describe(line: str) -> str:
    columns = line.rstrip(" \t").split("\t")
    if len(columns) > 2:
        return (
            f"{len(columns)} columns in {line!r}. Keep the word and its tag; if a word holds a TAB, put a space there."
        )
    if len(columns) == 2:
        return f"an empty word in {line!r}. Remove the line, or write the word."
    if len(line.split()) > 1:
        return f"no TAB in {line!r}. Put a TAB, not a space, between the word and its tag."
    return f"one column in {line!r}. Add a TAB and the tag (`O` outside entities)."


def _check_types(path: Path, sentences: Iterable[Tagged], types: tuple[str, ...]) -> None:
    for tagged in sentences:
        for position, tag in enumerate(tagged.tags):
            entity_type = split_tag(tag)[1]
            if entity_type and entity_type not in types:
                raise UserError(_describe_unknown_type(tagged.place_of(position), entity_type, path, types))


def _describe_unknown_type(place: str, entity_type: str, path: Path, types: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(entity_type, types, n=1)
    hint = f"did you mean `{close[0]}`? If not, add" if close else "add"
    return (
        f"{place}: the type `{entity_type}` is not in {path.with_name('label.txt')}; {hint} it there. The types there "
        f"are: {', '.join(types)}."
    )
