"""Text to ``word(tag)`` pairs: the inverse of `GnerFormat.draft`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from gner.bio import OUTSIDE, inside, tags_of
from gner.records import TaggedWord

_OFFICIAL_TAG = re.compile(r"\(([BI]-.*?|O)\)")
_OPEN, _CLOSE = "(\uff08", ")\uff09"  # round brackets, and their full-width forms
_SYMBOLS = "#%&*@"  # Unicode calls them punctuation, but they are parts of names and amounts
_UNFINISHED_PAIR = re.compile(rf"([^{_OPEN}]+)[{_OPEN}]([^{_OPEN}{_CLOSE}]*)")


class Parsed(NamedTuple):
    """What was read from a text.

    Attributes:
        pairs: In the order in which they were written.
        unparsed: Characters that belong to no pair.
        places: Where the tag of each pair stands, without brackets: its first character, and one behind its last.
    """

    pairs: list[TaggedWord]
    unparsed: int
    places: list[tuple[int, int]]


def parse_official(text: str) -> list[tuple[str, str]]:
    """Cut a text into words and tags as the released scorer does.

    Everything up to the shortest ``(B-…)``, ``(I-…)`` or ``(O)`` is a word; a tag without a word is skipped.

    Example:
        >>> parse_official("H2(O)(O) flows(O) to(O")
        [('H2', 'O'), ('flows', 'O')]
    """
    words: list[str] = []
    tags: list[str] = []
    rest = ""
    for line in text.split("\n"):
        end = line.rfind(")") + 1  # a tag does not go on in the next line, so none is looked for behind this
        parts = _OFFICIAL_TAG.split(line[:end])
        if len(parts) > 1:
            words += [rest + parts[0], *parts[2:-1:2]]
            tags += parts[1::2]
            rest = ""
        rest += parts[-1] + line[end:] + "\n"
    words = list(map(str.strip, words))
    pairs = list(zip(words, map(str.strip, tags), strict=True))
    return [pair for pair in pairs if pair[0]] if "" in words else pairs


def parse(text: str, words: Sequence[str], types: Sequence[str], gap_marker: str | None = None) -> Parsed:
    """Read pairs, knowing which words and types were asked for.

    A text that spells source words in order with known tags, and nothing else, is read word by word, so whatever the
    words and types hold comes back. In any other text:

    * a source word with brackets, such as ``H2(O)``, is one word if a tag follows it;
    * tags are found without regard to case and white space, also in full-width brackets;
    * several words before one tag share it: the first gets ``B-`` and the others ``I-``;
    * an unfinished tag at the end counts if only one tag starts like it;
    * a tag before which nothing is written is a pair with an empty word: tokenizers leave nothing of some words.

    Args:
        text: Anything.
        words: Source words.
        types: Types that have tags.
        gap_marker: What stands for words that were left out.

    Example:
        >>> parse("H2(O)(O) flows(O)", ["H2(O)", "flows"], ["city"]).pairs
        [TaggedWord(word='H2(O)', tag='O'), TaggedWord(word='flows', tag='O')]
        >>> parse("to (o) New York(b-city", ["to", "New", "York"], ["city"]).pairs[1:]
        [TaggedWord(word='New', tag='B-city'), TaggedWord(word='York', tag='I-city')]
    """
    for candidate in dict.fromkeys((text, text.strip())):
        for may_skip in (False, True):
            parsed = _parse_template(candidate, words, tuple(types), gap_marker, may_skip)
            if parsed is not None:
                return _moved(parsed, text.find(candidate))
    parsed = _parse_free(text.strip(), _Source(words), _grammar(tuple(types)), gap_marker)
    return _moved(parsed, text.find(text.strip()))


def _moved(parsed: Parsed, distance: int) -> Parsed:
    """The same with places so many characters further on."""
    if not distance:
        return parsed
    return parsed._replace(places=[(start + distance, end + distance) for start, end in parsed.places])


def _parse_template(
    text: str, words: Sequence[str], types: tuple[str, ...], gap_marker: str | None, may_skip: bool
) -> Parsed | None:
    """Read a text that is exactly what `GnerFormat.draft` writes for all or some of the words, or give None."""
    template_tag = _grammar(types).template
    pairs: list[TaggedWord] = []
    places: list[tuple[int, int]] = []
    position = 0
    for word in words:
        if may_skip and gap_marker is not None and text.startswith(f"{gap_marker} ", position):
            position += len(gap_marker) + 1
        tag = template_tag.match(text, position + len(word)) if text.startswith(word, position) else None
        if tag:
            pairs.append(TaggedWord(word, tag.group(1)))
            places.append(tag.span(1))
            position = tag.end()
        elif not may_skip:
            return None
    is_whole = position == len(text) or (may_skip and text[position:] == gap_marker)
    return Parsed(pairs, 0, places) if is_whole else None


class _Grammar(NamedTuple):
    """How tags of certain types are recognised.

    Attributes:
        template: A tag as the writer writes it, up to the next word.
        loose: Any tag with brackets; group 1 is a tag of these types in any case, group 2 one of other types.
        known: The same for tags of these types only.
        canonical: Tags by themselves, and by their form without case and white space.
    """

    template: re.Pattern[str]
    loose: re.Pattern[str]
    known: re.Pattern[str]
    canonical: dict[str, str]


@lru_cache(maxsize=1024)  # one entry per list of types; their order is shuffled in training only
def _grammar(types: tuple[str, ...]) -> _Grammar:
    tags = tags_of(types)
    known = "|".join(re.escape(tag) for tag in tags)
    plain, opening, closing = rf"[^{_OPEN}{_CLOSE}]*", rf"[{_OPEN}]\s*", rf"[{_CLOSE}]"
    unknown = rf"[BI]-{plain}(?:[{_OPEN}]{plain}{closing}{plain})*?"
    return _Grammar(
        template=re.compile(rf"\(({known})\)(?: |$)"),
        loose=re.compile(rf"{opening}(?:({known})\s*|({unknown})){closing}", re.IGNORECASE),
        known=re.compile(rf"\s*{opening}(?:{known})\s*{closing}", re.IGNORECASE),
        canonical={_squeeze(tag): tag for tag in reversed(tags)} | {tag: tag for tag in tags},
    )


def _parse_free(text: str, source: _Source, grammar: _Grammar, gap_marker: str | None) -> Parsed:
    pairs: list[TaggedWord] = []
    places: list[tuple[int, int]] = []
    position = 0
    while True:
        position = _skip_spaces(text, position)
        end_of_word = _end_of_word(text, position, source.with_brackets, grammar.known)
        match = grammar.loose.search(text, position if end_of_word is None else end_of_word)
        if match is None:
            break
        start_of_tag = match.start()
        if match.group(2) is not None and grammar.known.match(text, match.end()):
            start_of_tag = match.end()  # this is not a tag but a word such as (B-52): a tag follows it
            match = grammar.loose.search(text, start_of_tag)
            assert match is not None
        written = text[position:start_of_tag].strip()
        if gap_marker is not None and written != gap_marker:
            written = written.removeprefix(gap_marker).strip()
        found = match.group(1) or match.group(2)
        tag = grammar.canonical.get(found) or grammar.canonical.get(_squeeze(found))
        pairs += source.share(written, tag, inside(tag)) if tag else source.share(written, found, found)
        places += [match.span(match.lastindex or 0)] * (len(pairs) - len(places))
        position = match.end()
    last = _UNFINISHED_PAIR.fullmatch(text, position)
    if last:
        fitting = {tag for form, tag in grammar.canonical.items() if form.startswith(_squeeze(last.group(2)))}
        if len(fitting) == 1:
            [tag] = fitting
            pairs += source.share(last.group(1).strip(), tag, inside(tag))
            return Parsed(pairs, 0, places + [last.span(2)] * (len(pairs) - len(places)))
    return Parsed(pairs, len("".join(text[position:].split())), places)


def _squeeze(tag: str) -> str:
    return "".join(tag.lower().split())


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _end_of_word(text: str, position: int, candidates: Sequence[str], tag: re.Pattern[str]) -> int | None:
    """Where one of the candidates ends, if one is written here with a tag behind it."""
    for word in candidates:
        end = position + len(word)
        if text[position:end].lower() == word.lower() and tag.match(text, end):
            return end
    return None


class _Source:
    """What the source words tell about written ones, without regard to case."""

    def __init__(self, words: Sequence[str]) -> None:
        lower = [word.lower() for word in words]
        distinct = dict.fromkeys(lower)
        self._known = {" ".join(word.split()) for word in distinct}
        self._neighbours = set(pairwise(lower))
        self.with_brackets = [word for word in distinct if any(bracket in word for bracket in _OPEN + _CLOSE)]
        self.with_brackets.sort(key=len, reverse=True)

    def _split(self, written: str) -> list[str]:
        """The words of what is written before a tag; punctuation glued to a source word is a word of its own."""
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
        """Give each of the written words the tag, as one entity that neither starts nor ends with punctuation.

        A tag that goes on with an entity, written behind a word and punctuation that do not stand together in the
        source, tells that the entity reaches to where there is no source. Its extent is not known then, so it ends with
        the last word that has its own tag.
        """
        parts = self._split(written)
        if len(parts) == 1:
            return [TaggedWord(written, tag)]
        inner = [position for position, part in enumerate(parts) if not _is_punctuation(part)] or [0]
        first, last = inner[0], inner[-1]
        strays = tag == next_tag and (first, last, len(parts)) == (0, 0, 2)
        if strays and (parts[0].lower(), parts[1].lower()) not in self._neighbours:
            return [TaggedWord(part, OUTSIDE) for part in parts]
        tags = [OUTSIDE] * first + [tag] + [next_tag] * (last - first) + [OUTSIDE] * (len(parts) - 1 - last)
        return [TaggedWord(part, its_tag) for part, its_tag in zip(parts, tags, strict=True)]


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
