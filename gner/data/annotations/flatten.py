"""Texts with character spans to sentences with tags: the one place where spans meet words.

BIO tags are flat and made of whole words, so three things are settled here, and each is reported with its place: a span
that starts or ends within a word, spans that overlap, and where a long text is cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gner.alignment.strings import touched
from gner.bio import to_tags
from gner.data.annotations.offsets import settle_offsets
from gner.data.annotations.spans import Options, Sentence, Span, Text
from gner.errors import UserError
from gner.records import Entity
from gner.sentences import sentence_ends
from gner.words import Word, find_splitter

LONG = 64
"""In words; a text with no more than that, in one paragraph, is an example as it is."""

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


class _Candidate(NamedTuple):
    entity: Entity
    span: Span


def to_sentences(text: Text, options: Options) -> list[Sentence]:
    """Make sentences of a text.

    * A span becomes the words that it shares characters with. If these reach beyond it, it does not fit, and
      ``options.misaligned`` says what happens: it is widened to whole words, left out, or refused.
    * Of spans that overlap, the one of more words stays, of equal ones the earlier.
    * A text is cut at the ends of sentences, as `gner.sentences` has them, and never within an entity; a sentence of
      more than `LONG` words is also cut at the ends of lines. Short texts are not cut, unless the format says so.

    Raises:
        UserError: A span leaves its text, or does not fit and ``options.misaligned`` is ``error``.

    Example:
        >>> text = Text("Ada met Bob. Bob left.", [Span(0, 3, "person"), Span(8, 11, "person")], "a:1", cut="always")
        >>> [(sentence.words[0], sentence.tags) for sentence in to_sentences(text, Options())]
        [('Ada', ('B-person', 'O', 'B-person', 'O')), ('Bob', ('O', 'O', 'O'))]
    """
    words = text.words if text.words is not None else (options.split_words or find_splitter("treebank"))(text.text)
    if not words:
        options.report.add("no_words", text.place, repr(text.text[:40]))
    entities = _flat(_candidates(text, words, options), text, options)
    tags = to_tags(entities, len(words))
    starts = [0, *_cuts(text, words, entities, options.cut)]
    return [
        Sentence(
            tuple(word.text for word in words[start:end]),
            tuple(tags[start:end]),
            text.place_of(words[start].start),
            text.types,
        )
        for start, end in zip(starts, [*starts[1:], len(words)], strict=True)
        if end > start
    ]


def _candidates(text: Text, words: Sequence[Word], options: Options) -> list[_Candidate]:
    """Spans with the words that they become, in file order; without those that are left out."""
    found: dict[Entity, _Candidate] = {}
    for given in settle_offsets(text, options.report):
        renamed = options.rename(given.type)
        if renamed is None:
            options.report.add("dropped_type", given.place or text.place, f"`{given.type}`")
            continue
        span = given._replace(type=renamed)
        if not 0 <= span.start <= span.end <= len(text.text):
            raise UserError(
                f"{span.place or text.place}: expected a span within the {len(text.text)} characters of the text, got "
                f"{span.start} to {span.end}. Mend it; `end` is one behind the last character."
            )
        first, last = touched(words, span.start, span.end)
        if first == last or span.start == span.end:
            options.report.add("empty", _where(text, span), f"`{_text(text, span)}` ({span.type})")
        elif _is_kept(text, words[first].start, words[last - 1].end, span, options):
            entity = Entity(first, last, span.type)
            if entity in found:
                options.report.add("duplicate", _where(text, span), f"`{_text(text, span)}` ({span.type})")
            found.setdefault(entity, _Candidate(entity, span))
    return list(found.values())


def _is_kept(text: Text, start: int, end: int, span: Span, options: Options) -> bool:
    """Whether a span stays, given where its words start and end; tells of those that do not fit."""
    if span.start <= start and end <= span.end:
        return True
    what = f"`{_text(text, span)}` ({span.type}) is part of `{text.text[start:end]}`"
    if options.misaligned == "error":
        raise UserError(
            f"{_where(text, span)}: expected spans of whole words, but {what}. Mend it, set another word splitter "
            "with `words`, or set `misaligned` to expand or drop."
        )
    options.report.add("widened" if options.misaligned == "expand" else "misaligned", _where(text, span), what)
    return options.misaligned == "expand"


def _flat(candidates: list[_Candidate], text: Text, options: Options) -> list[Entity]:
    """Of entities that overlap the longest, then the earliest, in order."""
    owners: dict[int, _Candidate] = {}
    kept: list[Entity] = []
    for candidate in sorted(candidates, key=lambda one: (one.entity.start - one.entity.end, one.entity.start)):
        entity, span = candidate
        owner = next((owners[word] for word in range(entity.start, entity.end) if word in owners), None)
        if owner is None:
            owners.update(dict.fromkeys(range(entity.start, entity.end), candidate))
            kept.append(entity)
        else:
            what = f"`{_text(text, span)}` ({span.type}) overlaps `{_text(text, owner.span)}` ({owner.span.type})"
            options.report.add("overlapping", _where(text, span), what)
    return sorted(kept, key=lambda entity: entity.start)


def _where(text: Text, span: Span) -> str:
    return span.place or f"{text.place_of(span.start)}, characters {span.start}-{span.end}"


def _text(text: Text, span: Span) -> str:
    return " ".join(text.text[span.start : span.end].split())


def _cuts(text: Text, words: Sequence[Word], entities: Sequence[Entity], cut: bool | None) -> list[int]:
    """Positions of words that start a sentence, but for the first."""
    if cut is None:
        is_long = len(words) > LONG or _BLANK_LINE.search(text.text.strip())
        cut = text.cut == "always" or (text.cut == "long" and bool(is_long or text.ends))
    if not cut:
        return []
    within = {position for entity in entities for position in range(entity.start + 1, entity.end)}
    ends = text.ends if text.ends is not None else sentence_ends(text.text, words)
    cuts: list[int] = []
    start = 0
    for end in [end for end in ends if end not in within]:
        if end - start > LONG:
            cuts += [at for at in range(start + 1, end) if at not in within and _breaks(text.text, words, at)]
        cuts.append(end)
        start = end
    return [at for at in cuts if at < len(words)]


def _breaks(text: str, words: Sequence[Word], position: int) -> bool:
    """Whether a line ends before a word."""
    return "\n" in text[words[position - 1].end : words[position].start]
