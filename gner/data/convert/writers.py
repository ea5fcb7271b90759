"""How a corpus is written in each format, and what a format cannot hold."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from gner.bio import tags_of, to_entities
from gner.data.annotations.schemes import DOCUMENT_START
from gner.data.convert.corpus import Corpus, all_examples, common_types
from gner.errors import UserError
from gner.files import as_line
from gner.records import Example
from gner.spacy_library import import_spacy

Target = Literal["jsonl", "gner", "conll", "hf", "spacy"]
LABELS = "label.txt"
_NO_COLUMN = re.compile(r"[\t\r\n]|^ | $")
"""What the columns of a line cannot hold."""
_SKIPPED = re.compile(r"-DOCSTART-|#\s*[\w.:-]+\s*=")
"""Beginnings of lines that readers of CoNLL skip: of a document, and of a comment."""


class CorpusWriter(ABC):
    """Writes a file for each split.

    Attributes:
        suffix: Suffix of the files.
        is_exact: Whether the files hold any sentence; otherwise they are read back and compared.
    """

    suffix: ClassVar[str]
    is_exact: ClassVar[bool] = False

    def prepare(self, corpus: Corpus) -> dict[str, str]:
        """Look at the whole corpus before it is written.

        Returns:
            Other files to write, by name.

        Raises:
            UserError: The format cannot hold it; the message names the place.
        """
        for example in all_examples(corpus):
            self._check(example)
        return {LABELS: "".join(f"{entity_type}\n" for entity_type in common_types(corpus))}

    def file_name(self, stem: str) -> str:
        """The file of a split."""
        return f"{stem}{self.suffix}"

    @abstractmethod
    def write(self, examples: Iterable[Example], path: Path) -> None:
        """Write a split."""

    def obstacle(self, word: str) -> str | None:
        """Why the format cannot hold a word; None if it can."""
        return None

    def _check(self, example: Example) -> None:
        for position, word in enumerate(example.words, start=1):
            reason = self.obstacle(word)
            if reason is not None:
                raise UserError(
                    f"{example.source}, word {position}: expected words that {self.suffix} files can hold, found "
                    f"{word!r}, {reason}. Use --to jsonl or hf."
                )


class JsonLines(CorpusWriter):
    """JSON Lines; each sentence has its own types."""

    suffix = ".jsonl"
    is_exact = True

    def prepare(self, corpus: Corpus) -> dict[str, str]:
        """Nothing: a line holds anything."""
        return {}

    def write(self, examples: Iterable[Example], path: Path) -> None:
        """Write a split; see the base class."""
        _write_lines(path, (as_line(_row(example)) for example in examples))


class GnerFiles(CorpusWriter):
    """The GNER folder layout."""

    suffix = ".txt"

    def file_name(self, stem: str) -> str:
        """The file of a split.

        Raises:
            UserError: The layout has no such split.
        """
        if stem not in ("train", "dev", "test"):
            raise UserError(
                f"Expected the splits train, dev and test, which the GNER layout has, found {stem}. Use --split to "
                "convert others only, or --to jsonl."
            )
        return super().file_name(stem)

    def obstacle(self, word: str) -> str | None:
        """Why the layout cannot hold a word; see the base class."""
        if word == DOCUMENT_START:
            return "which starts a document there"
        return _column_obstacle(word)

    def write(self, examples: Iterable[Example], path: Path) -> None:
        """Write a split; see the base class."""
        _write_lines(path, _tagged_lines(examples))


class ConllFiles(CorpusWriter):
    """CoNLL: word and tag, separated by a tab.

    If a line could be taken for a comment or the start of a document, the first column numbers the words.
    """

    suffix = ".conll"

    def __init__(self) -> None:
        self._is_numbered = False

    def prepare(self, corpus: Corpus) -> dict[str, str]:
        """Settle the columns; see the base class."""
        starts = (split.examples[0].words[0] for split in corpus)
        lines = _tagged_lines(all_examples(corpus))
        self._is_numbered = any(word.startswith("#") for word in starts) or any(map(_SKIPPED.match, lines))
        return super().prepare(corpus)

    def obstacle(self, word: str) -> str | None:
        """Why a column cannot hold a word; see the base class."""
        return _column_obstacle(word)

    def write(self, examples: Iterable[Example], path: Path) -> None:
        """Write a split; see the base class."""
        _write_lines(path, _tagged_lines(examples, is_numbered=self._is_numbered))


class HubTable(CorpusWriter):
    """Parquet files as the hub has them: tokens, and tags with class names."""

    suffix = ".parquet"
    is_exact = True

    def __init__(self) -> None:
        self._tags: list[str] = []

    def prepare(self, corpus: Corpus) -> dict[str, str]:
        """Collect the names of tags; the rows hold anything."""
        types: dict[str, None] = {}
        for offered in dict.fromkeys(example.types for example in all_examples(corpus)):
            types.update(dict.fromkeys(offered))
        self._tags = tags_of(types)
        return {}

    def write(self, examples: Iterable[Example], path: Path) -> None:
        """Write a split; see the base class."""
        import pyarrow.parquet  # noqa: PLC0415 takes long, as does the next
        from datasets import ClassLabel, Features, List, Value  # noqa: PLC0415

        numbers = {tag: number for number, tag in enumerate(self._tags)}
        text = Value("string")
        features = Features(
            {
                "id": text,
                "tokens": List(text),
                "ner_tags": List(ClassLabel(names=self._tags)),
                "types": List(text),
                "dataset": text,
                "place": text,
            }
        )
        rows = [_table_row(example, numbers) for example in examples]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=features.arrow_schema), path)


class DocBinFiles(CorpusWriter):
    """spaCy's DocBin, with a document for each sentence, whose words are its tokens."""

    suffix = ".spacy"

    def prepare(self, corpus: Corpus) -> dict[str, str]:
        """Check that spaCy is installed; see the base class."""
        import_spacy("--to spacy")
        return super().prepare(corpus)

    def obstacle(self, word: str) -> str | None:
        """Why a token cannot be a word; see the base class."""
        return "whitespace, which is no word for spaCy" if word.isspace() else None

    def write(self, examples: Iterable[Example], path: Path) -> None:
        """Write a split; see the base class."""
        spacy = import_spacy("--to spacy")
        vocab = spacy.vocab.Vocab()
        docs = spacy.tokens.DocBin(attrs=["ORTH", "SPACY", "SENT_START", "ENT_IOB", "ENT_TYPE"])
        for example in examples:
            others = len(example.words) - 1
            doc = spacy.tokens.Doc(
                vocab,
                words=list(example.words),
                spaces=[True] * others + [False],
                sent_starts=[True] + [False] * others,
            )
            entities = to_entities(example.tags)
            doc.set_ents([spacy.tokens.Span(doc, one.start, one.end, label=one.type) for one in entities])
            docs.add(doc)
        docs.to_disk(path)


WRITERS: dict[Target, type[CorpusWriter]] = {
    "jsonl": JsonLines,
    "gner": GnerFiles,
    "conll": ConllFiles,
    "hf": HubTable,
    "spacy": DocBinFiles,
}


def _row(example: Example) -> dict[str, object]:
    return {
        "words": example.words,
        "tags": example.tags,
        "types": example.types,
        "dataset": example.dataset,
        "id": example.id,
        "place": example.source,
    }


def _table_row(example: Example, numbers: dict[str, int]) -> dict[str, object]:
    row = _row(example)
    del row["words"], row["tags"]
    return {**row, "tokens": example.words, "ner_tags": [numbers[tag] for tag in example.tags]}


def _tagged_lines(examples: Iterable[Example], *, is_numbered: bool = False) -> Iterator[str]:
    """A line for each word, and an empty one after each sentence."""
    for example in examples:
        for number, (word, tag) in enumerate(zip(example.words, example.tags, strict=True), start=1):
            columns = [str(number)] if is_numbered else []
            yield "\t".join([*columns, word, tag])
        yield ""


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(lines):
            if number == 0 and line.startswith("\ufeff"):
                file.write("\ufeff")  # readers take the first one for a byte order mark
            file.write(f"{line}\n")


def _column_obstacle(word: str) -> str | None:
    return "with a tab, a line end, or a space at its end" if _NO_COLUMN.search(word) else None
