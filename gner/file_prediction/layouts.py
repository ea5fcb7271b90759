"""Results in the layouts of other tools."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal, NamedTuple

import regex

from gner.errors import UserError
from gner.files import HALF_CHARACTER, as_line, replacing
from gner.inference.result import Entities, EntityDict, TextInfo
from gner.inference.texts import WordedText
from gner.run_dir import replace
from gner.words import Splitter, Word

OutputFormat = Literal["jsonl", "conll", "brat", "spacy", "hf"]
_NO_NAME = regex.compile(r"[^\w.-]+")
_SPACE = regex.compile(r"\s+")
_LONGEST_NAME = 60
_PUNCTUATED_LINES = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


class Result(NamedTuple):
    """A labelled text.

    Attributes:
        text: The text with its words.
        entities: What was found.
        row: All that was written for it.
    """

    text: WordedText
    entities: Entities
    row: dict[str, Any]


class Layout(NamedTuple):
    """How rows that `gner.predict` wrote are to be read.

    Attributes:
        split: The splitter that made the words.
        column: The field of the text.
        field: The field of the entities.
    """

    split: Splitter
    column: str = "text"
    field: str = "entities"

    def read(self, row: dict[str, Any]) -> Result:
        """A row with its words."""
        given = row.get(self.column)
        words = given if isinstance(given, list) else row.get("words")
        text = WordedText.split(given, self.split) if isinstance(given, str) else WordedText.join(words or [])
        entities: list[EntityDict] = row[self.field]
        return Result(text, Entities(entities, text, TextInfo()), row)


def convert(format: OutputFormat, results: Iterable[Result], path: Path) -> None:
    """Write results.

    Args:
        format: ``conll`` is one word and tag a line, a TAB between them and a blank line behind each text; ``brat`` is
            a folder of .txt and .ann files; ``spacy`` a DocBin, which needs spaCy; ``hf`` JSON lines with entities as
            Hugging Face's pipelines give them.
        results: What was found.
        path: A file, or for ``brat`` a folder, which is replaced.

    Raises:
        UserError: spaCy is not installed.
    """
    writers: Mapping[str, Callable[[Iterable[Result], Path], None]] = {
        "conll": _write_conll,
        "brat": _write_brat,
        "spacy": _write_spacy,
        "hf": _write_hf,
    }
    writers[format](results, path.resolve())  # a symbolic link stays one


def check_format(format: OutputFormat) -> None:
    """Refuse, before the work, a format that needs what is not here.

    Raises:
        UserError: spaCy is not installed.
    """
    if format == "spacy":
        _import_spacy()


def _write_conll(results: Iterable[Result], path: Path) -> None:
    with replacing(path) as file:
        for result in results:
            for word, tag in zip(result.text.words, result.entities.tags(), strict=True):
                file.write(f"{_in_a_column(word.text)}\t{_in_a_column(tag)}\n")
            file.write("\n")


def _in_a_column(text: str) -> str:
    return HALF_CHARACTER.sub("\ufffd", _SPACE.sub(" ", text))


def _write_hf(results: Iterable[Result], path: Path) -> None:
    with replacing(path) as file:
        for result in results:
            file.write(as_line({"text": result.text.text, "entities": result.entities.to_hf()}) + "\n")


def _write_brat(results: Iterable[Result], path: Path) -> None:
    """Types may have no spaces in brat: they become underscores. An entity over a line's end is in fragments."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name, result in _named(results):
        stem = unfinished / name
        stem.parent.mkdir(parents=True, exist_ok=True)
        text = result.text.text
        stem.with_name(f"{stem.name}.txt").write_bytes(text.encode("utf-8", "replace"))
        lines = []
        for number, entity in enumerate(result.entities, start=1):
            spans = list(_fragments(text, entity["start"], entity["end"]))
            places = ";".join(f"{start} {end}" for start, end in spans)
            shown = " ".join(text[start:end] for start, end in spans)
            lines.append(f"T{number}\t{_SPACE.sub('_', entity['label'])} {places}\t{shown}\n")
        stem.with_name(f"{stem.name}.ann").write_bytes("".join(lines).encode("utf-8", "replace"))
    replace(path, unfinished)


def _fragments(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for line in regex.finditer(rf"[^{_PUNCTUATED_LINES}]+", text, pos=start, endpos=end):
        yield line.span()


def _named(results: Iterable[Result]) -> Iterator[tuple[str, Result]]:
    """Names of files: those that texts came with, or numbers."""
    taken: set[str] = set()
    for number, result in enumerate(results, start=1):
        given = str(result.row.get("id", "")).removesuffix(".txt")
        *folders, name = [_NO_NAME.sub("_", part).lstrip(".")[:_LONGEST_NAME] for part in given.split("/")]
        path = "/".join([part.replace(".", "_") for part in folders if part] + ([name] if name else []))
        numbered = [f"{path}-{number}"] if path else [f"{number:06}"]
        candidates = chain([path] if path else [], numbered, (f"{number:06}-{other}" for other in count(2)))
        path = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(path)
        yield path, result


def _write_spacy(results: Iterable[Result], path: Path) -> None:
    spacy = _import_spacy()
    vocab = spacy.blank("xx").vocab
    docs = spacy.tokens.DocBin(store_user_data=True)
    for result in results:
        doc = _make_doc(spacy, vocab, result.text)
        spans = [doc.char_span(entity["start"], entity["end"], label=entity["label"]) for entity in result.entities]
        doc.set_ents(spans)
        doc.user_data["scores"] = [entity["score"] for entity in result.entities]
        docs.add(doc)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    docs.to_disk(unfinished)
    unfinished.replace(path)


def _make_doc(spacy: Any, vocab: Any, text: WordedText) -> Any:
    """A Doc of exactly this text: what stands between words, but for single spaces, becomes tokens too."""
    tokens: list[str] = []
    spaces: list[bool] = []
    end = 0
    for word in [*text.words, Word("", len(text.text), len(text.text))]:
        gap = text.text[end : word.start]
        if tokens and gap.startswith(" "):
            spaces[-1], gap = True, gap[1:]
        for token in (gap, word.text):
            if token:
                tokens.append(HALF_CHARACTER.sub("\ufffd", token))  # spaCy takes text that can be written in UTF-8
                spaces.append(False)
        end = word.end
    return spacy.tokens.Doc(vocab, words=tokens, spaces=spaces)


def _import_spacy() -> Any:
    try:
        import spacy  # noqa: PLC0415
        import spacy.tokens  # noqa: PLC0415
    except ImportError as error:
        raise UserError(
            "Expected spaCy for --format spacy, but it is not installed: pip install 'gner[spacy]'."
        ) from error
    return spacy
