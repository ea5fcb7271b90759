"""Reads a source and shows counts, problems and prompts on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gner.configs import find_config
from gner.data.annotations.read_report import MEANING
from gner.data.check.findings import (
    Clash,
    Counts,
    count,
    find_duplicates,
    find_name_clashes,
    find_sentence_clashes,
    find_similar_types,
    histogram,
)
from gner.data.check.prompt_format import format_of_config
from gner.data.reading.source_reader import SourceReader
from gner.data.source_options import AnswersOptions
from gner.errors import UserError, first_line
from gner.option_parser import option
from gner.prompting import DefaultFormat, Format
from gner.records import Example

_NUM_RENDERED = 3
_WIDTH = 40


@dataclass(frozen=True)
class CheckOptions(AnswersOptions):
    """The options of the command line: those of a source, and what to show.

    Attributes:
        path: A file, a folder, or the name of a Hugging Face dataset; without one, all datasets of --config.
        tokenizer: Also count tokens of prompts and answers.
        config: Config of a run, or the name of a shipped one: whose prompt format is shown and counted.
        root: Without SOURCE, the folder of the config's datasets, in place of its data.root.
        max_tokens: data.max_input_tokens of the run.
        show: Most places to show of each finding.
    """

    path: str = option("", positional=True, metavar="SOURCE")
    tokenizer: str | None = option(None, metavar="NAME_OR_FOLDER")
    max_tokens: int = option(640, metavar="N")
    show: int = option(5, metavar="N")
    config: str | None = option(None, metavar="FILE")
    root: Path | None = option(None, metavar="FOLDER")


def check_source(options: CheckOptions, console: Console) -> None:
    """Read a source and show the findings; for a split that cannot be read, the error.

    Raises:
        UserError: No split can be read, or the tokenizer cannot be loaded.
    """
    format = DefaultFormat() if options.config is None else format_of_config(Path(find_config(options.config)))
    reader = SourceReader(options.source())
    parts = reader.chosen_parts()
    page = _Page(console, options.show, format)
    splits: dict[str, list[Example]] = {}
    errors: dict[str, UserError] = {}
    for part in parts:
        try:
            splits[part] = reader.read(part)
        except UserError as error:
            errors[part] = error
    if not splits:
        raise next(iter(errors.values()))
    for part in parts:
        how = f"cannot be read: {errors[part]}" if part in errors else reader.detail(part)
        page.line(f"{options.path} ({part}): {how}")
    page.counts(splits)
    page.lengths(splits, options)
    page.report(reader, list(splits))
    page.contradictions(splits)
    page.prompts(next(iter(splits.values())))


class _Page:
    """Writes the sections of the report.

    Args:
        console: Where to write.
        show: Most places to show of each finding.
        format: How examples are written as text.
    """

    def __init__(self, console: Console, show: int, format: Format) -> None:
        self._console = console
        self._show = show
        self._format = format

    def line(self, text: str, *, indent: int = 0) -> None:
        """Write a line without interpreting markup."""
        self._console.print(Text(" " * indent + text), soft_wrap=True)

    def title(self, text: str) -> None:
        """Write a heading."""
        self._console.print()
        self._console.print(Text(text, style="bold"))

    def counts(self, splits: Mapping[str, Sequence[Example]]) -> None:
        """Sizes of the splits, and entities of each type."""
        found = [count(examples) for examples in splits.values()]
        self.title("Counts")
        table = Table("", box=None, pad_edge=False)
        for name in splits:
            table.add_column(Text(name), justify="right")
        for name, row in _size_rows(found).items():
            table.add_row(name, *row)
        table.add_section()
        numbers = _type_counts(found)
        limit = self._show * 10
        shown = sorted(numbers, key=lambda kind: -sum(numbers[kind])) if len(numbers) > limit else list(numbers)
        for kind in shown[:limit]:
            table.add_row(Text(f"  {kind}"), *(f"{number:,}" for number in numbers[kind]))
        self._console.print(table)
        if len(shown) > limit:
            self.line(f"  and {len(shown) - limit:,} types more")

    def lengths(self, splits: Mapping[str, Sequence[Example]], options: CheckOptions) -> None:
        """Histograms of lengths in words and, with a tokenizer, in tokens of prompts and answers."""
        examples = list(chain.from_iterable(splits.values()))
        series = [[len(example.words) for example in examples]]
        names = ["words"]
        if options.tokenizer is not None:
            prompts, answers = _token_lengths(options.tokenizer, examples, self._format)
            series += [prompts, answers, [sum(pair) for pair in zip(prompts, answers, strict=True)]]
            names += ["tokens of prompt", "of answer", "together"]
        self.title("Lengths of sentences")
        for name, lengths in zip(names, series, strict=True):
            self._histogram(name, lengths)
        longest = max(examples, key=lambda example: len(example.words))
        self.line(f"The longest has {len(longest.words):,} words: {longest.source}")
        if options.tokenizer is not None:
            over = sum(length > options.max_tokens for length in series[-1])
            self.line(f"Longer than {options.max_tokens:,} tokens (--max-tokens), prompt and answer together: {over:,}")

    def _histogram(self, name: str, lengths: list[int]) -> None:
        bins = histogram(lengths)
        most = max(one.number for one in bins)
        table = Table(name, "", "", box=None, pad_edge=False)
        table.columns[0].justify = table.columns[1].justify = "right"
        for one in bins:
            bar = "█" * round(_WIDTH * one.number / most) or ("▏" if one.number else "")
            table.add_row(f"{one.start:,}-{one.end - 1:,}", f"{one.number:,}", bar)
        self._console.print(table)

    def report(self, reader: SourceReader, parts: Sequence[str]) -> None:
        """Annotations that were changed or left out while reading."""
        self.title("Annotations")
        notes = list(chain.from_iterable(reader.reports[part].notes for part in parts))
        for kind, meaning in MEANING.items():
            of_kind = [f"{note.place}: {note.what}" for note in notes if note.kind == kind]
            if of_kind:
                self.line(f"{meaning}: {len(of_kind):,}")
                self._some(of_kind)
        if not notes:
            self.line("All spans are whole words without overlaps, and kept.")

    def contradictions(self, splits: Mapping[str, Sequence[Example]]) -> None:
        """Duplicates and contradictory annotations."""
        examples = list(chain.from_iterable(splits.values()))
        self.title("Duplicates")
        duplicates = find_duplicates(splits)
        for one in duplicates:
            self.line(f"Sentences {one.where}: {one.number:,}")
            self._some(one.places)
        if not duplicates:
            self.line("No sentence is repeated.")
        self.title("Contradictions")
        similar = find_similar_types(chain.from_iterable(example.types for example in examples))
        sentences, names = find_sentence_clashes(examples), find_name_clashes(examples)
        if similar:
            self.line(f"Groups of types that may be the same: {len(similar):,}")
            self._some([", ".join(group) for group in similar])
        self._clashes(f"Repeated sentences with different annotations: {len(sentences):,}", sentences)
        self._clashes(f"Entities with several types, which may be correct: {len(names):,}", names)
        if not (similar or sentences or names):
            self.line("No contradictory annotations.")

    def prompts(self, examples: Sequence[Example]) -> None:
        """What the model reads and should write, for a few sentences."""
        self.title("What the model reads and writes")
        full = [example for example in examples if any(tag != "O" for tag in example.tags)]
        spread = [
            full[round((number + 0.5) * (len(full) - 1) / _NUM_RENDERED)] for number in range(_NUM_RENDERED) if full
        ]
        for example in list(dict.fromkeys([*spread, *full[:_NUM_RENDERED], *examples[:_NUM_RENDERED]]))[:_NUM_RENDERED]:
            self._console.print(Text(example.source, style="dim"))
            for query in self._format.queries(example):
                self.line(query.prompt)
                self._console.print(Text(query.target, style="green"), soft_wrap=True)
                self._console.print()

    def _clashes(self, title: str, clashes: Sequence[Clash]) -> None:
        if clashes:
            self.line(title)
            for clash in clashes[: self._show]:
                self.line(clash.what, indent=2)
                for place in clash.places[: self._show]:
                    self.line(place, indent=4)
            self._rest(len(clashes))

    def _some(self, items: Sequence[str]) -> None:
        for item in items[: self._show]:
            self.line(item, indent=2)
        self._rest(len(items))

    def _rest(self, number: int) -> None:
        if number > self._show:
            self.line(f"and {number - self._show:,} more (--show N)", indent=2)


def _size_rows(splits: Sequence[Counts]) -> dict[str, list[str]]:
    columns = [(one.num_sentences, one.num_words, one.num_entities, one.num_empty) for one in splits]
    titles = ("sentences", "words", "entities", "sentences without entity")
    rows = zip(*columns, strict=True)
    return {title: [f"{number:,}" for number in row] for title, row in zip(titles, rows, strict=True)}


def _type_counts(splits: Sequence[Counts]) -> dict[str, list[int]]:
    """Number of entities of each type in each split."""
    types = dict.fromkeys(chain.from_iterable(counts.types for counts in splits))
    return {kind: [counts.types[kind] for counts in splits] for kind in types}


def _token_lengths(name: str, examples: Sequence[Example], format: Format) -> tuple[list[int], list[int]]:
    """Number of tokens of each prompt and answer."""
    from transformers import AutoTokenizer  # noqa: PLC0415 takes half of the start-up time

    try:
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"Expected a tokenizer, but `{name}` cannot be loaded: {first_line(error)} Set --tokenizer."
        ) from error
    queries = list(chain.from_iterable(map(format.queries, examples)))
    prompts = tokenizer([query.prompt for query in queries])["input_ids"]
    answers = tokenizer([query.target for query in queries])["input_ids"]
    return [len(ids) for ids in prompts], [len(ids) for ids in answers]
