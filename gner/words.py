"""Splits raw text into words with their character offsets.

The model reads and tags words, so what counts as a word decides what can be an entity. The default splits like the
corpora that such models are trained on: punctuation and brackets are separate words, hyphens stay inside words, ``'s``
and ``n't`` are words as in the Penn Treebank, and in scripts without spaces each character is a word. See
docs/decisions/words.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, get_args

import regex

from gner.errors import UserError, did_you_mean

Contractions = Literal["treebank", "apostrophe", "whole"]

MAX_WORD_LENGTH = 100
"""In characters; longer runs without spaces, such as encoded data, are split, as no window would hold them."""


class Word(NamedTuple):
    """A word and its half-open range of characters.

    Example:
        >>> [(word.text, word.start, word.end) for word in WordSplitter()("Ada's")]
        [('Ada', 0, 3), ("'s", 3, 5)]
    """

    text: str
    start: int
    end: int


Splitter = Callable[[str], list[Word]]
"""Splits a text into words, in order, without overlap; text between words is not seen by the model."""

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\u30fc\uff70\u3005\u3007"
"""Scripts without spaces between words, for a `regex` set; the last four characters belong to none or several."""
_LETTER = rf"[[\p{{L}}\p{{N}}_]--[{UNSPACED}]]"
# Also combining marks and invisible characters inside words: joiners, soft hyphen, word joiner.
_INNER = rf"[[\p{{L}}\p{{N}}\p{{M}}_\u200c\u200d\u00ad\u2060]--[{UNSPACED}]]"
_RUN = rf"{_LETTER}{_INNER}*+"
_APOSTROPHE = "'’ʼ"
# All spaces, control characters and invisible characters: zero-width space, byte order mark, text direction.
_GAP = r"\s\p{Z}\p{Cc}\u200b\ufeff\u180e\u200e\u200f\u061c\u202a-\u202e\u2060-\u2069"
_ABBREVIATIONS = (
    "Adm|al|Apr|approx|Assn|Aug|Ave|Bros|Brig|Capt|cf|Cmdr|Co|Col|Corp|Dec|Dept|Dr|ed|eds|Esq|est|etc|Feb|fig|Fig|Fr|"
    "Gen|Gov|Hon|Inc|Jan|Jr|Jul|Jun|Lt|Ltd|Maj|Mar|Messrs|Mr|Mrs|Ms|Mt|no|No|nos|Nov|Oct|op|pp|Ph|Pres|Prof|Rep|Rev|"
    "Sen|Sep|Sept|Sgt|Sr|St|Ste|vol|Vol|vs"
)
_DOMAINS = "com|org|net|edu|gov|mil|info|io|ai|co|uk|de|fr|eu|us|ca|au|jp|cn|in|ch|nl|es|it"
_PATTERN = regex.compile(
    rf"""
      (?: https?:// | www\. ) [^{_GAP}<>"]{{1,2000}} (?<![.,;:!?'")\]}}])       # URLs without final punctuation
    | {_LETTER}[{_LETTER}.+-]{{0,63}}+ @ {_RUN}(?:[.-]{_RUN}){{1,8}}           # email addresses
    | [@\#]{_LETTER}{_INNER}*+                                           # mentions and hashtags
    | (?:\p{{L}}{{1,2}}\.){{2,}}                                          # U.S., e.g., Ph.D.
    | (?:{_ABBREVIATIONS})\.(?![.{_APOSTROPHE}])
    | \p{{Lu}}\.(?=[{_GAP}]*\p{{Lu}})                                     # initials
    | \p{{Lu}}(?:\+\+|\#)(?!{_LETTER})                                    # C++, C#
    | {_RUN}(?:\.{_RUN}){{0,8}}\.(?:{_DOMAINS})\b                              # example.com
    | [{_APOSTROPHE}](?i:s|m|d|re|ve|ll|t)(?!{_INNER})                      # 's, already separate
    | {_RUN}(?:(?:[-‐‑&{_APOSTROPHE}](?={_LETTER})|(?<=\p{{N}})[.,:](?=\p{{N}})){_RUN})*+[{_APOSTROPHE}]?
    | ([.\-*=~_!?…])\1++ | '' | ``
    | \p{{Regional_Indicator}}{{1,2}}                                     # flags
    | (?=[^{_GAP}])\X                                                    # any other character, such as a whole emoji
    """,
    regex.VERBOSE | regex.VERSION1,
)
_NO_GAP = regex.compile(rf"[^{_GAP}]+", regex.VERSION1)
_ASCII_CHUNK = re.compile("[!-~]+")
"""The same for text that is ASCII only, in half the time."""
_CLUSTER = regex.compile(r"\X")
_CLITIC = rf"[{_APOSTROPHE}](?:s|m|d|re|ve|ll)"
_SPLITS: dict[Contractions, regex.Pattern[str] | None] = {
    "treebank": regex.compile(rf"(?i)(?<=.)(?=(?:n[{_APOSTROPHE}]t|{_CLITIC}|[{_APOSTROPHE}])$)"),
    "apostrophe": regex.compile(rf"(?<=.)(?=[{_APOSTROPHE}])"),
    "whole": None,
}


class WordSplitter:
    """The default word splitter.

    Args:
        contractions: How to split ``don't`` and ``Ada's``: ``treebank`` makes ``do n't`` and ``Ada 's`` as in the Penn
            Treebank and CoNLL-2003, ``apostrophe`` makes ``don 't``, ``Ada 's`` and ``O 'Reilly`` as in CrossNER,
            ``whole`` does not split them.

    Example:
        >>> [word.text for word in WordSplitter()("Dr. Wu (Ada's boss) didn't pay $3.50!")]
        ['Dr.', 'Wu', '(', 'Ada', "'s", 'boss', ')', 'did', "n't", 'pay', '$', '3.50', '!']
        >>> [word.text for word in WordSplitter()("東京のTokyo Tower")]
        ['東', '京', 'の', 'Tokyo', 'Tower']
    """

    def __init__(self, contractions: Contractions = "treebank") -> None:
        if contractions not in get_args(Contractions):
            raise UserError(f"Expected one of {', '.join(get_args(Contractions))}, got `{contractions}`.")
        self.contractions = contractions

    def __call__(self, text: str) -> list[Word]:
        """The words of a text."""
        words: list[Word] = []
        for match in _ASCII_CHUNK.finditer(text) if text.isascii() else _NO_GAP.finditer(text):
            start, end = match.span()
            chunk = match.group()
            if end - start <= MAX_WORD_LENGTH and chunk.isascii() and chunk.isalnum():  # most are; the pattern is slow
                words.append(Word(chunk, start, end))
            else:
                words += [Word(text[first:last], first, last) for first, last in self._spans(text, start, end)]
        return words

    def _spans(self, text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The words of a range without spaces; the pattern looks beyond it, as for initials."""
        contractions = _SPLITS[self.contractions]
        end = start
        while end < stop:
            match = _PATTERN.search(text, end)
            assert match is not None
            start, end = match.span()
            if contractions is not None and any(sign in match.group() for sign in _APOSTROPHE):
                for split in contractions.finditer(match.group()):
                    yield from _pieces(text, start, match.start() + split.start())
                    start = match.start() + split.start()
            yield from _pieces(text, start, end)


class Whitespace:
    """Splits at whitespace only, for text whose words and punctuation are already separated.

    Example:
        >>> Whitespace()("H2(O) didn't")
        [Word(text='H2(O)', start=0, end=5), Word(text="didn't", start=6, end=12)]
    """

    def __call__(self, text: str) -> list[Word]:
        """The words of a text."""
        words: list[Word] = []
        for match in _NO_GAP.finditer(text):
            words += [Word(text[start:end], start, end) for start, end in _pieces(text, *match.span())]
        return words


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split a range that is too long for a word, at the boundary of a grapheme cluster if possible."""
    while end - start > MAX_WORD_LENGTH:
        last = start + MAX_WORD_LENGTH
        for cluster in _CLUSTER.finditer(text, start, last):
            last = cluster.start() or last
        last = start + MAX_WORD_LENGTH if last == start else last
        yield start, last
        start = last
    yield start, end


SPLITTERS: dict[str, Callable[[], Splitter]] = {
    "treebank": lambda: WordSplitter("treebank"),
    "apostrophe": lambda: WordSplitter("apostrophe"),
    "whole": lambda: WordSplitter("whole"),
    "whitespace": Whitespace,
}
"""Splitters by name: `WordSplitter` with each treatment of contractions, and `Whitespace`."""


def find_splitter(words: str | Splitter) -> Splitter:
    """A splitter by its name; a function is returned unchanged.

    Raises:
        UserError: There is no splitter of that name.

    Example:
        >>> for name in SPLITTERS:
        ...     print(name, [word.text for word in find_splitter(name)("O'Reilly doesn't.")])
        treebank ["O'Reilly", 'does', "n't", '.']
        apostrophe ['O', "'Reilly", 'doesn', "'t", '.']
        whole ["O'Reilly", "doesn't", '.']
        whitespace ["O'Reilly", "doesn't."]
    """
    if not isinstance(words, str):
        return words
    if words not in SPLITTERS:
        names = ", ".join(SPLITTERS)
        hint = did_you_mean(words, SPLITTERS)
        raise UserError(f"Expected a word splitter, one of {names}, or a function, got `{words}`.{hint}")
    return SPLITTERS[words]()
