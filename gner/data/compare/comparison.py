"""Compares two annotations, as ``python -m gner.data.compare`` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import rich
from rich.console import Console
from rich.text import Text

from gner.data.check.findings import shorten
from gner.data.compare.annotated import Annotated, Annotation, read_annotation
from gner.data.compare.comparison_outputs import NUM_SHOWN, table_of, write_lines
from gner.data.compare.comparison_page import write_comparison_page
from gner.data.compare.disagreement import MEANING
from gner.data.compare.pairing import Pairs, pair_sentences
from gner.data.compare.ranking import Differing, TagsElsewhere, rank
from gner.data.compare.summary import Summary, summarize
from gner.data.source_options import SourceOptions
from gner.errors import UserError
from gner.files import is_standard_output, is_written_through
from gner.option_parser import option

_NUM_PLACES = 3
_NUM_CONFUSED = 5


@dataclass(frozen=True, kw_only=True)
class CompareOptions(SourceOptions):
    """The options of the command line: those of both sources, and what to write.

    Attributes:
        path: An annotation, such as that of people; a source or predictions.
        other: Another one of the same sentences, such as a model's.
        json: Write all sentences that differ, one JSON object a line.
        page: Write a page that shows them.
    """

    path: str = option(positional=True, metavar="A")
    other: str = option(positional=True, metavar="B")
    json: Path | None = option(None, metavar="OUT.jsonl")
    page: Path | None = option(None, metavar="OUT.html")


def compare_annotations(options: CompareOptions) -> None:
    """Compare two annotations, print where they disagree, and write the optional outputs.

    Raises:
        UserError: An annotation cannot be read, they share no sentence, or an input would be overwritten.
    """
    _check_outputs(options)
    source = options.source()
    a, b = read_annotation(source), read_annotation(replace(source, path=options.other))
    pairs = pair_sentences(a.sentences, b.sentences)
    if not pairs.both:
        raise _nothing_shared(a, b)
    differing = rank(pairs.both, TagsElsewhere(a.sentences))
    summary = summarize(pairs, differing)
    if options.json is not None:
        write_lines(options.json, differing)
    if options.page is not None:
        write_comparison_page(options.page, (a.path, b.path), differing, summary)
    outputs = [path for path in (options.json, options.page) if path is not None]
    is_taken = any(is_standard_output(path) for path in outputs)
    console = Console(stderr=True) if is_taken else rich.get_console()
    for name, annotation in (("A", a), ("B", b)):
        _print_lines(console, [f"{name}: {note}" for note in annotation.notes])
    _print_lines(console, [*_only_lines(pairs), *_summary_lines(summary)])
    _print_differing(console, differing, outputs)


def _print_differing(console: Console, differing: Sequence[Differing], outputs: Sequence[Path]) -> None:
    if not differing:
        return
    console.print(table_of(differing[:NUM_SHOWN]))
    places = " and ".join(map(str, outputs)) or "with --json or --page"
    if len(differing) > NUM_SHOWN or outputs:
        _print_lines(console, [f"All {len(differing):,} sentences that differ: {places}"])


def _print_lines(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _only_lines(pairs: Pairs) -> list[str]:
    lines = [f"Sentences in both: {len(pairs.both):,}"]
    for name, sentences in (("A", pairs.only_a), ("B", pairs.only_b)):
        lines.append(f"Sentences only in {name}: {len(sentences):,}")
        lines += [f"  {one.place}: {shorten(one.words)}" for one in sentences[:_NUM_PLACES]]
        if len(sentences) > _NUM_PLACES:
            lines.append(f"  and {len(sentences) - _NUM_PLACES:,} more")
    return lines


def _summary_lines(summary: Summary) -> list[str]:
    share, score = summary.num_agreeing / summary.num_both, summary.score
    details = f"precision {score.precision:.4f}, recall {score.recall:.4f}"
    kinds = ", ".join(f"{MEANING[kind]} {number:,}" for kind, number in summary.kinds.items())
    lines = [f"Sentences that agree: {summary.num_agreeing:,} ({share:.1%} of those in both)"]
    lines.append(f"F1 of B against A: {score.f1:.4f} ({details})")
    lines.append(f"Disagreements: {sum(summary.kinds.values()):,} ({kinds})")
    if summary.confused:
        confused = (f"{a} is {b} {number:,} times" for (a, b), number in summary.confused[:_NUM_CONFUSED])
        lines.append(f"Types of A in B: {', '.join(confused)}")
    return lines


def _nothing_shared(a: Annotation, b: Annotation) -> UserError:
    first_a, first_b = (_first(one.sentences) for one in (a, b))
    return UserError(
        f"Expected sentences with the same words in {a.path} and {b.path}, got none. The first of A is {first_a}, the "
        f"first of B is {first_b}. If texts were split into other words or sentences, set --words and --cut, or let "
        "`gner.predict` label lists of `words`, as `gner.data.convert` writes them."
    )


def _first(sentences: Sequence[Annotated]) -> str:
    return f"{' '.join(sentences[0].words)[:200]!r} ({sentences[0].place})" if sentences else "missing"


def _check_outputs(options: CompareOptions) -> None:
    taken = {Path(path).resolve(): "an input" for path in (options.path, options.other)}
    for name, path in (("--json", options.json), ("--page", options.page)):
        if path is not None and not is_written_through(path):
            if path.resolve() in taken:
                raise UserError(f"Expected another file for {name}: {path} is {taken[path.resolve()]}.")
            taken[path.resolve()] = f"that of {name}"
