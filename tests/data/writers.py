"""A small corpus, and how other tools write it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import datasets
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from gner.bio import to_entities
from gner.records import Entity

SPLITS = {
    "train": [
        "Ada/B-person Lovelace/I-person wrote/O to/O London/B-place ./O",
        "Grace/B-person Hopper/I-person met/O Ada/B-person in/O New/B-place York/I-place (/O 1950/O )/O ./O",
        "nothing/O to/O see/O here/O",
    ],
    "dev": ["London/B-place calling/O", "it/O rains/O in/O Tōkyō/B-place 👍/O Ada/B-person"],
    "test": ["Ada/B-person Bob/B-person Boston/B-place"],
}
Pair = tuple[tuple[str, ...], tuple[str, ...]]


def pairs(split: str) -> list[Pair]:
    """The words and tags of a split."""
    rows = [[pair.rsplit("/", 1) for pair in text.split()] for text in SPLITS[split]]
    return [(tuple(word for word, _ in row), tuple(tag for _, tag in row)) for row in rows]


def _characters(words: tuple[str, ...], entity: Entity) -> tuple[int, int]:
    start = len(" ".join([*words[: entity.start], ""]))
    return start, start + len(" ".join(words[entity.start : entity.end]))


def _spans(words: tuple[str, ...], tags: tuple[str, ...]) -> list[tuple[int, int, str, str]]:
    text = " ".join(words)
    places = [(*_characters(words, entity), entity.type) for entity in to_entities(tags)]
    return [(start, end, kind, text[start:end]) for start, end, kind in places]


def write_json(path: Path, value: Any, *, lines: bool = False) -> None:
    """Write JSON, or JSONL."""
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in value) if lines else json.dumps(value)
    path.write_text(text + "\n", encoding="utf-8")


def _conll(folder: Path, separator: str) -> None:
    for split in SPLITS:
        lines = ["-DOCSTART- -X- -X- O".replace(" ", separator), ""]
        for words, tags in pairs(split):
            lines += [separator.join((word, "NN", "x", tag)) for word, tag in zip(words, tags, strict=True)]
            lines.append("")
        (folder / f"{split}.txt").write_text("\n".join(lines), encoding="utf-8")


def _jsonl(folder: Path, make: Callable[[tuple[str, ...], tuple[str, ...]], Any], *, lines: bool = True) -> None:
    for split in SPLITS:
        suffix = "jsonl" if lines else "json"
        write_json(folder / f"{split}.{suffix}", [make(*pair) for pair in pairs(split)], lines=lines)


def _words(words: tuple[str, ...], tags: tuple[str, ...]) -> Any:
    return {"tokens": words, "ner_tags": tags}


def _text(words: tuple[str, ...], tags: tuple[str, ...]) -> Any:
    spans = [{"start": start, "end": end, "label": kind} for start, end, kind, _ in _spans(words, tags)]
    return {"text": " ".join(words), "spans": spans}


def _gliner(words: tuple[str, ...], tags: tuple[str, ...]) -> Any:
    return {"tokenized_text": words, "ner": [[one.start, one.end - 1, one.type] for one in to_entities(tags)]}


def _pile_ner(words: tuple[str, ...], tags: tuple[str, ...]) -> Any:
    turns = [("human", f"Text: {' '.join(words)}"), ("gpt", "I've read this text.")]
    for kind in ("person", "place"):
        names = dict.fromkeys(text for _, _, found, text in _spans(words, tags) if found == kind)
        turns += [("human", f"What describes {kind} in the text?"), ("gpt", json.dumps(list(names)))]
    return {"id": "ner_1", "conversations": [{"from": who, "value": said} for who, said in turns]}


def _instruct_uie(words: tuple[str, ...], tags: tuple[str, ...]) -> Any:
    entities = [{"name": text, "type": kind, "pos": [start, end]} for start, end, kind, text in _spans(words, tags)]
    return {"sentence": " ".join(words), "entities": entities}


def _regions(words: tuple[str, ...], tags: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"start": start, "end": end, "text": text, "labels": [kind]} for start, end, kind, text in _spans(words, tags)
    ]


def _task(words: tuple[str, ...], tags: tuple[str, ...]) -> Any:
    result = [
        {"value": region, "id": "x", "from_name": "label", "to_name": "text", "type": "labels", "origin": "manual"}
        for region in _regions(words, tags)
    ]
    annotation = {"id": 9, "completed_by": 1, "result": result, "was_cancelled": False, "ground_truth": False}
    return {"id": 1, "annotations": [annotation], "predictions": [], "data": {"text": " ".join(words)}, "project": 1}


def _minimal(words: tuple[str, ...], tags: tuple[str, ...]) -> Any:
    regions = _regions(words, tags)
    about = {"id": 1, "annotator": 1, "annotation_id": 2, "created_at": "2024-01-01T00:00:00Z", "lead_time": 1.5}
    return {"text": " ".join(words), **({"label": regions} if regions else {}), **about}


def _docbin(folder: Path) -> None:
    for split in SPLITS:
        docs = DocBin(store_user_data=True)
        for words, tags in pairs(split):
            doc = Doc(Vocab(), words=words)
            doc.ents = [Span(doc, one.start, one.end, label=one.type) for one in to_entities(tags)]
            docs.add(doc)
        docs.to_disk(folder / f"{split}.spacy")


def _brat(folder: Path) -> None:
    for split in SPLITS:
        (folder / split).mkdir()
        for number, (words, tags) in enumerate(pairs(split)):
            lines = [
                f"T{index}\t{kind} {start} {end}\t{text}\n"
                for index, (start, end, kind, text) in enumerate(_spans(words, tags), start=1)
            ]
            (folder / split / f"{number}.txt").write_text(" ".join(words) + "\n", encoding="utf-8")
            (folder / split / f"{number}.ann").write_text("".join(lines), encoding="utf-8")


def tables() -> datasets.DatasetDict:
    """The corpus with numbers for tags."""
    names = ["O", "B-place", "I-place", "B-person", "I-person"]
    features = datasets.Features(
        {
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=names)),
        }
    )
    return datasets.DatasetDict(
        {
            {"dev": "validation"}.get(split, split): datasets.Dataset.from_list(
                [
                    {"tokens": list(words), "ner_tags": [names.index(tag) for tag in tags]}
                    for words, tags in pairs(split)
                ],
                features=features,
            )
            for split in SPLITS
        }
    )


def _parquet(folder: Path) -> None:
    for name, table in tables().items():
        table.to_parquet(folder / f"{name}-00000-of-00001.parquet")


def _gner(folder: Path) -> None:
    (folder / "label.txt").write_text("person\nplace\n", encoding="utf-8")
    for split in SPLITS:
        sentences = ["".join(f"{w}\t{t}\n" for w, t in zip(*pair, strict=True)) for pair in pairs(split)]
        (folder / f"{split}.txt").write_text("\n".join(sentences), encoding="utf-8")


WRITERS: dict[str, Callable[[Path], None]] = {
    "gner": _gner,
    "conll with spaces": lambda folder: _conll(folder, " "),
    "conll with tabs": lambda folder: _conll(folder, "\t"),
    "words": lambda folder: _jsonl(folder, _words),
    "words in an array": lambda folder: _jsonl(folder, _words, lines=False),
    "spans": lambda folder: _jsonl(folder, _text),
    "gliner": lambda folder: _jsonl(folder, _gliner, lines=False),
    "pile_ner": lambda folder: _jsonl(folder, _pile_ner, lines=False),
    "instruct_uie": lambda folder: _jsonl(folder, _instruct_uie, lines=False),
    "label_studio": lambda folder: _jsonl(folder, _task, lines=False),
    "label_studio minimal": lambda folder: _jsonl(folder, _minimal, lines=False),
    "docbin": _docbin,
    "brat": _brat,
    "parquet": _parquet,
    "saved": lambda folder: tables().save_to_disk(str(folder)),
}


def blank(texts: Iterable[str]) -> list[Doc]:
    """Documents of spaCy with sentence ends by rule."""
    language = spacy.blank("en")
    language.add_pipe("sentencizer")
    return [language(text) for text in texts]
