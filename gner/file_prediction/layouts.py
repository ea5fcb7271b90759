"""Converts results to the layouts of other tools: to train on, to look at, and to correct."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, NamedTuple

import regex

from gner.files import HALF_CHARACTER, as_line, replacing
from gner.inference.result import Entities, EntityDict, TextInfo
from gner.inference.texts import WordedText
from gner.run_dir import replace
from gner.spacy_library import import_spacy
from gner.words import Splitter, Word

OutputFormat = Literal["jsonl", "conll", "brat", "spacy", "hf", "label_studio", "doccano"]
_NO_NAME = regex.compile(r"[^\w.-]+")
_SPACE = regex.compile(r"\s+")
_LONGEST_NAME = 60
_LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


class Result(NamedTuple):
    """A labelled text.

    Attributes:
        text: The text with its words.
        entities: What was found.
        row: All fields of its result.
        others: The fields that are neither the text nor what was predicted.
    """

    text: WordedText
    entities: Entities
    row: dict[str, Any]
    others: dict[str, Any]

    def others_beside(self, *names: str) -> dict[str, Any]:
        """The other fields; those that have one of the names get a longer one."""
        renamed: dict[str, Any] = {}
        for name, value in self.others.items():
            free = name
            while free in {*names, *renamed}:
                free += "_"
            renamed[free] = value
        return renamed


class Layout(NamedTuple):
    """How to read rows that `gner.predict` wrote.

    Attributes:
        split: The splitter that made the words.
        column: The field of the text.
        field: The field of the entities.

    Example:
        >>> from gner.words import WordSplitter
        >>> entity = {"start": 0, "end": 3, "label": "person", "score": 0.9}
        >>> result = Layout(WordSplitter()).read({"text": "Ada slept.", "entities": [entity]})
        >>> [word.text for word in result.text.words], result.entities.tags()
        (['Ada', 'slept', '.'], ['B-person', 'O', 'O'])
    """

    split: Splitter
    column: str = "text"
    field: str = "entities"

    def read(self, row: dict[str, Any]) -> Result:
        """Split the text of a row into words again.

        Example:
            >>> from gner.words import WordSplitter
            >>> result = Layout(WordSplitter(), field="found").read({"words": ["Ada's", "cat"], "found": []})
            >>> [word.text for word in result.text.words]  # words that were given stay as they are
            ["Ada's", 'cat']
        """
        given = row.get(self.column)
        tags = f"{self.field}_tags"  # beside words only, to which their text was added
        if isinstance(given, str) and tags not in row:
            name, text = self.column, WordedText.split(given, self.split)
        else:
            name = self.column if isinstance(given, list) else "words"
            text = WordedText.join(row.get(name) or [])
        own = {name, self.field, tags, f"{self.field}_info"}
        if row.get("text") == text.text:
            own.add("text")
        entities: list[EntityDict] = row[self.field]
        others = {name: value for name, value in row.items() if name not in own}
        return Result(text, Entities(entities, text, TextInfo()), row, others)


def convert(format: OutputFormat, results: Iterable[Result], path: Path, *, model: str = "gner") -> None:
    """Write results.

    Args:
        format: ``conll`` is one word, TAB and tag a line, with a blank line after each text; ``brat`` is a folder of
            .txt and .ann files; ``spacy`` a DocBin, which needs spaCy; ``hf`` JSON Lines with entities as Hugging
            Face's pipelines return them; ``label_studio`` and ``doccano`` are pre-annotations to correct there.
        results: The labelled texts.
        path: A file, or for ``brat`` a folder, which is replaced.
        model: What Label Studio calls the model.

    Raises:
        UserError: spaCy is not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from gner.words import WordSplitter
        >>> entity = {"start": 0, "end": 3, "label": "person", "score": 0.9}
        >>> result = Layout(WordSplitter()).read({"text": "Ada slept", "entities": [entity]})
        >>> with TemporaryDirectory() as folder:
        ...     convert("conll", [result], Path(folder, "out.conll"))
        ...     Path(folder, "out.conll").read_text()
        'Ada\\tB-person\\nslept\\tO\\n\\n'
    """
    path = path.resolve()  # so that a symbolic link is not replaced
    if format == "label_studio":
        _write_label_studio(results, path, model=model)
        return
    writers: Mapping[str, Callable[[Iterable[Result], Path], None]] = {
        "conll": _write_conll,
        "brat": _write_brat,
        "spacy": _write_spacy,
        "hf": _write_hf,
        "doccano": _write_doccano,
    }
    writers[format](results, path)


def check_format(format: OutputFormat) -> None:
    """Raise early if a format needs a package that is not installed.

    Raises:
        UserError: spaCy is not installed.
    """
    if format == "spacy":
        import_spacy("--format spacy")


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


def _write_doccano(results: Iterable[Result], path: Path) -> None:
    """Write JSON Lines for doccano, which takes other fields than ``text`` and ``label`` for metadata."""
    with replacing(path) as file:
        for result in results:
            spans = [[entity["start"], entity["end"], entity["label"]] for entity in result.entities]
            others = result.others_beside("text", "label")
            file.write(as_line({"text": result.text.text, "label": spans, **others}) + "\n")


def _write_label_studio(results: Iterable[Result], path: Path, *, model: str) -> None:
    """Write an array of tasks with predictions, one a line; offsets are in code points, as since version 1.5."""
    with replacing(path) as file:
        before = "["
        for result in results:
            data = {"text": result.text.text, **result.others_beside("text")}
            file.write(f"{before}\n{as_line({'data': data, 'predictions': [_prediction(result, model)]})}")
            before = ","
        file.write("[]\n" if before == "[" else "\n]\n")


def _prediction(result: Result, model: str) -> dict[str, Any]:
    """A prediction of Label Studio; its score is the mean of those of its entities, and missing without any."""
    regions: list[dict[str, Any]] = []
    for number, entity in enumerate(result.entities, start=1):
        span = {"start": entity["start"], "end": entity["end"], "text": entity["text"]}
        region = {"id": f"e{number}", "from_name": "label", "to_name": "text", "type": "labels"}
        regions.append({**region, "score": entity["score"], "value": {**span, "labels": [entity["label"]]}})
    scores = [entity["score"] for entity in result.entities]
    mean = {"score": fmean(scores)} if scores else {}
    return {"model_version": model, **mean, "result": regions}


def _write_brat(results: Iterable[Result], path: Path) -> None:
    """Write a folder for brat. Spaces in types become underscores; entities over several lines are in fragments."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name, result in _named(results):
        stem = unfinished / name
        stem.parent.mkdir(parents=True, exist_ok=True)
        stem.with_name(f"{stem.name}.txt").write_bytes(result.text.text.encode("utf-8", "replace"))
        annotations = "".join(_brat_lines(result))
        stem.with_name(f"{stem.name}.ann").write_bytes(annotations.encode("utf-8", "replace"))
    replace(path, unfinished)


def _brat_lines(result: Result) -> Iterator[str]:
    text = result.text.text
    for number, entity in enumerate(result.entities, start=1):
        spans = list(_fragments(text, entity["start"], entity["end"]))
        offsets = ";".join(f"{start} {end}" for start, end in spans)
        shown = " ".join(text[start:end] for start, end in spans)
        yield f"T{number}\t{_SPACE.sub('_', entity['label'])} {offsets}\t{shown}\n"


def _fragments(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a span on each line."""
    for line in regex.finditer(rf"[^{_LINE_BREAKS}]+", text, pos=start, endpos=end):
        yield line.span()


def _named(results: Iterable[Result]) -> Iterator[tuple[str, Result]]:
    """Each result with a distinct file name: its id if it has one, else its number."""
    taken: set[str] = set()
    for number, result in enumerate(results, start=1):
        name = _safe_path(str(result.row.get("id", "")).removesuffix(".txt"))
        preferred = [name, f"{name}-{number}"] if name else [f"{number:06}"]
        candidates = chain(preferred, (f"{number:06}-{other}" for other in count(2)))
        path = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(path)
        yield path, result


def _safe_path(given: str) -> str:
    """A relative path that cannot leave its folder, of characters that any file system takes."""
    *folders, name = [_NO_NAME.sub("_", part).lstrip(".")[:_LONGEST_NAME] for part in given.split("/")]
    parts = [part.replace(".", "_") for part in folders if part]
    if name:
        parts.append(name)
    return "/".join(parts)


def _write_spacy(results: Iterable[Result], path: Path) -> None:
    spacy = import_spacy("--format spacy")
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
    """A Doc of exactly this text: anything between words, single spaces aside, becomes tokens too."""
    tokens: list[str] = []
    spaces: list[bool] = []
    end = 0
    for word in [*text.words, Word("", len(text.text), len(text.text))]:
        gap = text.text[end : word.start]
        if tokens and gap.startswith(" "):
            spaces[-1], gap = True, gap[1:]
        for token in (gap, word.text):
            if token:
                tokens.append(HALF_CHARACTER.sub("\ufffd", token))  # spaCy rejects lone surrogates
                spaces.append(False)
        end = word.end
    return spacy.tokens.Doc(vocab, words=tokens, spaces=spaces)
