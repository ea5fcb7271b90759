"""Converts texts with character spans to sentences with BIO tags.

BIO tags are flat and cover whole words, so three things are decided here, and the first two reported with their place:
what happens to spans that start or end within a word, which of overlapping spans is kept, and where a long text is
split into sentences. See docs/decisions/data_sources.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from gner.alignment.strings import covered_words, longest_first
from gner.bio import to_tags
from gner.data.annotations.offsets import correct_offsets
from gner.data.annotations.spans import Options, Sentence, Span, Text
from gner.errors import UserError
from gner.records import Entity
from gner.sentences import sentence_ends
from gner.words import Word, find_splitter

LONG = 64
"""In words; a text of one paragraph and at most this length stays one example."""

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


class _Candidate(NamedTuple):
    entity: Entity
    span: Span


def to_sentences(text: Text, options: Options) -> list[Sentence]:
    """Split a text into tagged sentences.

    * A span becomes the words that it shares characters with. If these reach beyond the span, ``options.misaligned``
      decides: widen it to whole words, leave it out, or raise.
    * Of overlapping spans the one with most words is kept, or the first of equally long ones.
    * The text is split at the ends of sentences that `gner.sentences` finds, and never within an entity; sentences of
      more than `LONG` words are also split at line ends. Short texts stay whole, unless the format wants them split.

    Raises:
        UserError: A span is outside its text, or misaligned while ``options.misaligned`` is ``error``.

    Example:
        >>> text = Text("Ada met Bob. Bob left.", [Span(0, 3, "person"), Span(8, 11, "person")], "a:1", cut="always")
        >>> [(sentence.words[0], sentence.tags) for sentence in to_sentences(text, Options())]
        [('Ada', ('B-person', 'O', 'B-person', 'O')), ('Bob', ('O', 'O', 'O'))]
    """
    words = text.words if text.words is not None else (options.split_words or find_splitter("treebank"))(text.text)
    if not words:
        options.report.add("no_words", text.place, repr(text.text[:40]))
    entities = _resolve_overlaps(_candidates(text, words, options), text, options)
    tags = to_tags(entities, len(words))
    starts = _sentence_starts(text, words, entities) if _is_split(text, words, options.cut) else []
    bounds = pairwise([0, *starts, len(words)])
    whole = Sentence(
        tuple(word.text for word in words),
        tuple(tags),
        text.place,
        text.types,
        document=text.place,
        scores=_word_scores(entities, len(words)),
    )
    return [_part(text, words, whole, slice(start, end)) for start, end in bounds if end > start]


def _part(text: Text, words: Sequence[Word], whole: Sentence, cut: slice) -> Sentence:
    """Some of the words of a text."""
    place = text.place_of(words[cut.start].start)
    return whole._replace(words=whole.words[cut], tags=whole.tags[cut], place=place, scores=whole.scores[cut])


def _word_scores(entities: Sequence[Entity], num_words: int) -> tuple[float | None, ...]:
    """For each word the score of its entity; empty if no entity has one."""
    if all(entity.score is None for entity in entities):
        return ()
    scores: list[float | None] = [None] * num_words
    for entity in entities:
        scores[entity.start : entity.end] = [entity.score] * (entity.end - entity.start)
    return tuple(scores)


def _candidates(text: Text, words: Sequence[Word], options: Options) -> list[_Candidate]:
    """The spans that are kept, with the words that they cover, in file order."""
    found: dict[Entity, _Candidate] = {}
    for given in correct_offsets(text, options.report):
        renamed = options.rename(given.type)
        if renamed is None:
            options.report.add("dropped_type", given.place or text.place, f"`{given.type}`")
            continue
        span = given._replace(type=renamed)
        if not 0 <= span.start <= span.end <= len(text.text):
            raise UserError(
                f"{span.place or text.place}: expected a span within the {len(text.text)} characters of the text, got "
                f"{span.start} to {span.end}. Fix the span; `end` is exclusive."
            )
        start, end = covered_words(words, span.start, span.end)
        if start == end or span.start == span.end:
            options.report.add("empty", _where(text, span), _describe(text, span))
        elif _is_kept(text, words[start].start, words[end - 1].end, span, options):
            entity = Entity(start, end, span.type)
            if entity in found:
                options.report.add("duplicate", _where(text, span), _describe(text, span))
            found.setdefault(entity, _Candidate(entity, span))
    return list(found.values())


def _is_kept(text: Text, start: int, end: int, span: Span, options: Options) -> bool:
    """Whether to keep a span whose words reach from ``start`` to ``end``; reports it if they reach beyond it."""
    if span.start <= start and end <= span.end:
        return True
    what = f"{_describe(text, span)} is part of `{text.text[start:end]}`"
    if options.misaligned == "error":
        raise UserError(
            f"{_where(text, span)}: expected spans of whole words, but {what}. Fix the span, set another word "
            "splitter with `words`, or set `misaligned` to expand or drop."
        )
    options.report.add("widened" if options.misaligned == "expand" else "misaligned", _where(text, span), what)
    return options.misaligned == "expand"


def _resolve_overlaps(candidates: list[_Candidate], text: Text, options: Options) -> list[Entity]:
    """Of overlapping entities the longest, or the first of equally long ones; in text order."""
    spans = dict(candidates)
    kept: list[Entity] = []
    for entity, longer in longest_first(spans):
        if longer is None:
            kept.append(replace(entity, score=spans[entity].score))
        else:
            span = spans[entity]
            what = f"{_describe(text, span)} overlaps {_describe(text, spans[longer])}"
            options.report.add("overlapping", _where(text, span), what)
    return sorted(kept, key=lambda entity: entity.start)


def _where(text: Text, span: Span) -> str:
    return span.place or f"{text.place_of(span.start)}, characters {span.start}-{span.end}"


def _describe(text: Text, span: Span) -> str:
    return f"`{' '.join(text.text[span.start : span.end].split())}` ({span.type})"


def _is_split(text: Text, words: Sequence[Word], cut: bool | None) -> bool:
    """Whether to split a text into sentences; None for ``cut`` leaves that to the text."""
    if cut is not None:
        return cut
    if text.cut == "long":
        return len(words) > LONG or bool(text.ends) or _BLANK_LINE.search(text.text.strip()) is not None
    return text.cut == "always"


def _sentence_starts(text: Text, words: Sequence[Word], entities: Sequence[Entity]) -> list[int]:
    """Indices of the words that start a sentence, except the first."""
    inner = _inner_words(entities)
    ends = text.ends if text.ends is not None else sentence_ends(text.text, words)
    starts: list[int] = []
    previous = 0
    for end in ends:
        if end in inner:
            continue
        if end - previous > LONG:
            candidates = range(previous + 1, end)
            starts += [at for at in candidates if at not in inner and _is_after_line_end(text.text, words, at)]
        starts.append(end)
        previous = end
    return [start for start in starts if start < len(words)]


def _inner_words(entities: Iterable[Entity]) -> set[int]:
    """Indices of the words of entities, except the first word of each."""
    inner: set[int] = set()
    for entity in entities:
        inner.update(range(entity.start + 1, entity.end))
    return inner


def _is_after_line_end(text: str, words: Sequence[Word], position: int) -> bool:
    return "\n" in text[words[position - 1].end : words[position].start]
