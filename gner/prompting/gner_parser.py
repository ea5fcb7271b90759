"""Parser of generated text: ``word(tag)`` pairs, the inverse of `GnerFormat.draft`.

Text that follows the template exactly is read word by word; any other text by a lenient parser. How its pairs are then
aligned with the source: docs/decisions/robust_alignment.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from gner.bio import OUTSIDE, inside
from gner.prompting.boundaries import Boundaries
from gner.prompting.tag_grammar import CLOSE, OPEN, TagGrammar, tag_grammar
from gner.prompting.visible import num_visible
from gner.records import TaggedWord

_SYMBOLS = "#%&*@"  # Unicode calls them punctuation, but they are parts of names and amounts
_UNFINISHED_PAIR = re.compile(rf"([^{OPEN}]+)[{OPEN}]([^{OPEN}{CLOSE}]*)")


class Parsed(NamedTuple):
    """What was read from a text.

    Attributes:
        pairs: In the order in which they were written.
        unparsed: Number of characters that belong to no pair, whitespace aside.
        places: Start and exclusive end of the tag of each pair in the text, without brackets.
    """

    pairs: list[TaggedWord]
    unparsed: int
    places: list[tuple[int, int]]


def parse_official(
    text: str, types: Sequence[str] = (), gap_marker: str | None = None, *, boundaries: Boundaries = "bio"
) -> list[tuple[str, str]]:
    """Split a text into words and tags as the released scorer does.

    Everything up to the shortest ``(B-…)``, ``(I-…)`` or ``(O)`` is a word; a tag without a word is skipped. The scorer
    reads BIO only, and knows no marker of gaps; this is what it would read of other texts converted for it.

    Example:
        >>> parse_official("H2(O)(O) flows(O) to(O")
        [('H2', 'O'), ('flows', 'O')]
        >>> parse_official("New(B-city) York(E-city)", ["city"], boundaries="bioes")
        [('New', 'B-city'), ('York', 'I-city')]
    """
    grammar = tag_grammar(tuple(types), boundaries)
    words: list[str] = []
    tags: list[str] = []
    rest = ""
    for line in text.split("\n"):
        end = line.rfind(")") + 1  # no tag spans lines, so none starts after this; searching there would be quadratic
        parts = grammar.official.split(line[:end])
        if len(parts) > 1:
            words += [rest + parts[0], *parts[2:-1:2]]
            tags += parts[1::2]
            rest = ""
        rest += parts[-1] + line[end:] + "\n"
    words = [_without_gap_marker(word.strip(), gap_marker) for word in words]
    tags = [grammar.exact.get(tag, tag) for tag in map(str.strip, tags)]
    pairs = list(zip(words, tags, strict=True))
    return [pair for pair in pairs if pair[0]] if "" in words else pairs


def parse(
    text: str,
    words: Sequence[str],
    types: Sequence[str],
    gap_marker: str | None = None,
    *,
    boundaries: Boundaries = "bio",
) -> Parsed:
    """Read pairs, given the source words and the types.

    A text of source words in order with known tags, and nothing else, is read word by word, so words and types may
    hold any characters. In any other text:

    * a source word with brackets, such as ``H2(O)``, is one word if a tag follows it;
    * tags are found regardless of case and whitespace, also in full-width brackets;
    * several words before one tag share it: the first gets ``B-`` and the others ``I-``;
    * an unfinished tag at the end counts if it is the start of one tag only;
    * a tag with nothing before it is a pair with an empty word, as tokenizers drop some words entirely.

    Args:
        text: Any text.
        words: Source words.
        types: Types that have tags.
        gap_marker: Written in place of words that were left out.
        boundaries: How answers mark them. Tags are given as BIO, still to be repaired; without boundaries every word
            begins an entity.

    Example:
        >>> parse("H2(O)(O) flows(O)", ["H2(O)", "flows"], ["city"]).pairs
        [TaggedWord(word='H2(O)', tag='O'), TaggedWord(word='flows', tag='O')]
        >>> parse("to (o) New York(b-city", ["to", "New", "York"], ["city"]).pairs[1:]
        [TaggedWord(word='New', tag='B-city'), TaggedWord(word='York', tag='I-city')]
    """
    grammar = tag_grammar(tuple(types), boundaries)
    for candidate in dict.fromkeys((text, text.strip())):
        for may_skip in (False, True):
            parsed = _parse_template(candidate, words, grammar, gap_marker, may_skip)
            if parsed is not None:
                return _shifted(parsed, text.find(candidate))
    parsed = _parse_leniently(text.strip(), _Source(words), grammar, gap_marker)
    return _shifted(parsed, text.find(text.strip()))


def _shifted(parsed: Parsed, offset: int) -> Parsed:
    """The same with ``offset`` added to all places."""
    if not offset:
        return parsed
    return parsed._replace(places=[(start + offset, end + offset) for start, end in parsed.places])


def _parse_template(
    text: str, words: Sequence[str], grammar: TagGrammar, gap_marker: str | None, may_skip: bool
) -> Parsed | None:
    """Read a text that is exactly what `GnerFormat.draft` writes for all or some of the words; None for others."""
    pairs: list[TaggedWord] = []
    places: list[tuple[int, int]] = []
    position = 0
    for word in words:
        if may_skip and gap_marker is not None and text.startswith(f"{gap_marker} ", position):
            position += len(gap_marker) + 1
        tag = grammar.template.match(text, position + len(word)) if text.startswith(word, position) else None
        if tag:
            pairs.append(TaggedWord(word, grammar.exact[tag.group(1)]))
            places.append(tag.span(1))
            position = tag.end()
        elif not may_skip:
            return None
    is_whole = position == len(text) or (may_skip and text[position:] == gap_marker)
    return Parsed(pairs, 0, places) if is_whole else None


def _parse_leniently(text: str, source: _Source, grammar: TagGrammar, gap_marker: str | None) -> Parsed:
    """Read any text: everything up to a tag is its word or words."""
    pairs: list[TaggedWord] = []
    places: list[tuple[int, int]] = []
    position = _skip_spaces(text, 0)
    while found := _next_tag(text, position, source, grammar):
        end_of_words, match = found
        written = _without_gap_marker(text[position:end_of_words].strip(), gap_marker)
        pairs += source.share(written, *grammar.written_tag(match))
        places += [match.span(match.lastindex or 0)] * (len(pairs) - len(places))  # several words share the tag's place
        position = _skip_spaces(text, match.end())
    last = _UNFINISHED_PAIR.fullmatch(text, position)
    tag = grammar.completed(last.group(2)) if last else None
    if last and tag:
        pairs += source.share(last.group(1).strip(), tag, inside(tag))
        return Parsed(pairs, 0, places + [last.span(2)] * (len(pairs) - len(places)))
    return Parsed(pairs, num_visible(text[position:]), places)


def _next_tag(text: str, position: int, source: _Source, grammar: TagGrammar) -> tuple[int, re.Match[str]] | None:
    """Where the words that start at ``position`` end, and their tag; None if no tag follows."""
    end_of_word = _end_of_word(text, position, source.with_brackets, grammar.known)
    match = grammar.loose.search(text, position if end_of_word is None else end_of_word)
    if match is None:
        return None
    if match.group(2) is not None and grammar.known.match(text, match.end()):
        # What looks like a tag of another type is a word such as (B-52), as a known tag follows it.
        end_of_words = match.end()
        match = grammar.loose.search(text, end_of_words)
        assert match is not None
        return end_of_words, match
    return match.start(), match


def _without_gap_marker(written: str, gap_marker: str | None) -> str:
    """Remove the marker from before words; alone before a tag it is a word."""
    if gap_marker is None or written == gap_marker:
        return written
    return written.removeprefix(gap_marker).strip()


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _end_of_word(text: str, position: int, candidates: Sequence[str], tag: re.Pattern[str]) -> int | None:
    """Where one of the candidates ends, if one is written here and followed by a tag."""
    for word in candidates:
        end = position + len(word)
        if text[position:end].lower() == word.lower() and tag.match(text, end):
            return end
    return None


class _Source:
    """Divides written text into words by what the source words are, regardless of case."""

    def __init__(self, words: Sequence[str]) -> None:
        lower = [word.lower() for word in words]
        distinct = dict.fromkeys(lower)
        self._known = {" ".join(word.split()) for word in distinct}
        self._neighbours = set(pairwise(lower))
        self.with_brackets = [word for word in distinct if any(bracket in word for bracket in OPEN + CLOSE)]
        self.with_brackets.sort(key=len, reverse=True)

    def _split(self, written: str) -> list[str]:
        """The words written before a tag; punctuation attached to a source word is a separate word."""
        if " ".join(written.lower().split()) in self._known:
            return [written]
        parts: list[str] = []
        for part in written.split():
            start, end = _without_punctuation(part)
            if part.lower() in self._known or part[start:end].lower() not in self._known:
                parts.append(part)
            else:
                parts += filter(None, (part[:start], part[start:end], part[end:]))
        return parts or [written]

    def share(self, written: str, tag: str, next_tag: str) -> list[TaggedWord]:
        """Give the tag to all words written before it, as one entity that neither starts nor ends with punctuation.

        An ``I-`` tag after a word and punctuation that are not neighbours in the source means that the entity reaches
        into text that the source does not have. Where it ends is then unknown, so these words get O, and it ends with
        the last word that has its own tag.
        """
        parts = self._split(written)
        if len(parts) == 1:
            return [TaggedWord(written, tag)]
        inner = [position for position, part in enumerate(parts) if not _is_punctuation(part)] or [0]
        first, last = inner[0], inner[-1]
        is_word_and_punctuation = (first, last, len(parts)) == (0, 0, 2)
        if tag == next_tag and is_word_and_punctuation and not self._are_neighbours(*parts):
            return [TaggedWord(part, OUTSIDE) for part in parts]
        num_after = len(parts) - 1 - last
        tags = [OUTSIDE] * first + [tag] + [next_tag] * (last - first) + [OUTSIDE] * num_after
        return [TaggedWord(part, its_tag) for part, its_tag in zip(parts, tags, strict=True)]

    def _are_neighbours(self, word: str, following: str) -> bool:
        return (word.lower(), following.lower()) in self._neighbours


def _without_punctuation(word: str) -> tuple[int, int]:
    """Where a word starts and ends without the punctuation around it."""
    start, end = 0, len(word)
    while start < end and _is_punctuation(word[start]):
        start += 1
    while end > start and _is_punctuation(word[end - 1]):
        end -= 1
    return start, end


def _is_punctuation(word: str) -> bool:
    return all(unicodedata.category(character)[0] == "P" and character not in _SYMBOLS for character in word)
