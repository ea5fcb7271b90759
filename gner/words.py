"""Raw text to words that know where they stand in it.

The model reads and tags words, so what is one word decides what can be an entity. The default does what the corpora do
that such models are trained on: punctuation and brackets are words of their own, hyphens stay inside words, ``'s`` and
``n't`` are words as in the Penn Treebank, and in scripts that put no spaces between words each character is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, get_args

import regex

from gner.errors import UserError

Contractions = Literal["treebank", "apostrophe", "whole"]

MAX_WORD_LENGTH = 100
"""In characters; a longer run without a space, such as encoded data, is cut, as no window would hold it."""


class Word(NamedTuple):
    """A word of a text; ``text[start:end]`` is the word."""

    text: str
    start: int
    end: int


Splitter = Callable[[str], list[Word]]
"""Cuts a text into words, in order, without overlap; what lies between words is lost on the model."""

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\u30fc\uff70\u3005\u3007"
"""Scripts without spaces between words, for a set of `regex`; the last four are signs of no script, or of several."""
_LETTER = rf"[[\p{{L}}\p{{N}}_]--[{UNSPACED}]]"
# Also marks, and what is invisible inside a word: joiners, a soft hyphen, a word joiner.
_INNER = rf"[[\p{{L}}\p{{N}}\p{{M}}_\u200c\u200d\u00ad\u2060]--[{UNSPACED}]]"
_RUN = rf"{_LETTER}{_INNER}*+"
_APOSTROPHE = "'’ʼ"
# Spaces of all kinds, control characters, and invisible marks: zero-width space, byte order mark, directions.
_GAP = r"\s\p{Z}\p{Cc}\u200b\ufeff\u180e\u200e\u200f\u061c\u202a-\u202e\u2060-\u2069"
_ABBREVIATIONS = (
    "Adm|al|Apr|approx|Assn|Aug|Ave|Bros|Brig|Capt|cf|Cmdr|Co|Col|Corp|Dec|Dept|Dr|ed|eds|Esq|est|etc|Feb|fig|Fig|Fr|"
    "Gen|Gov|Hon|Inc|Jan|Jr|Jul|Jun|Lt|Ltd|Maj|Mar|Messrs|Mr|Mrs|Ms|Mt|no|No|nos|Nov|Oct|op|pp|Ph|Pres|Prof|Rep|Rev|"
    "Sen|Sep|Sept|Sgt|Sr|St|Ste|vol|Vol|vs"
)
_DOMAINS = "com|org|net|edu|gov|mil|info|io|ai|co|uk|de|fr|eu|us|ca|au|jp|cn|in|ch|nl|es|it"
_PATTERN = regex.compile(
    rf"""
      (?: https?:// | www\. ) [^{_GAP}<>"]{{1,2000}} (?<![.,;:!?'")\]}}])       # addresses, not what follows
    | {_LETTER}[{_LETTER}.+-]{{0,63}}+ @ {_RUN}(?:[.-]{_RUN}){{1,8}}           # mail
    | [@\#]{_LETTER}{_INNER}*+                                           # mentions and tags of tweets
    | (?:\p{{L}}{{1,2}}\.){{2,}}                                          # U.S., e.g., Ph.D.
    | (?:{_ABBREVIATIONS})\.(?![.{_APOSTROPHE}])
    | \p{{Lu}}\.(?=[{_GAP}]*\p{{Lu}})                                     # initials
    | \p{{Lu}}(?:\+\+|\#)(?!{_LETTER})                                    # C++, C#
    | {_RUN}(?:\.{_RUN}){{0,8}}\.(?:{_DOMAINS})\b                              # example.com
    | [{_APOSTROPHE}](?i:s|m|d|re|ve|ll|t)(?!{_INNER})                      # 's, apart already
    | {_RUN}(?:(?:[-‐‑&{_APOSTROPHE}](?={_LETTER})|(?<=\p{{N}})[.,:](?=\p{{N}})){_RUN})*+[{_APOSTROPHE}]?
    | ([.\-*=~_!?…])\1++ | '' | ``
    | \p{{Regional_Indicator}}{{1,2}}                                     # flags
    | (?=[^{_GAP}])\X                                                    # any other sign: an emoji with all its parts
    """,
    regex.VERBOSE | regex.VERSION1,
)
_NO_GAP = regex.compile(rf"[^{_GAP}]+", regex.VERSION1)
_CLUSTER = regex.compile(r"\X")
_CLITIC = rf"[{_APOSTROPHE}](?:s|m|d|re|ve|ll)"
_CUTS: dict[Contractions, regex.Pattern[str] | None] = {
    "treebank": regex.compile(rf"(?i)(?<=.)(?=(?:n[{_APOSTROPHE}]t|{_CLITIC}|[{_APOSTROPHE}])$)"),
    "apostrophe": regex.compile(rf"(?<=.)(?=[{_APOSTROPHE}])"),
    "whole": None,
}


class WordSplitter:
    """The default way to cut a text into words.

    Args:
        contractions: What becomes of ``don't`` and ``Ada's``: ``treebank`` makes ``do n't`` and ``Ada 's`` as in the
            Penn Treebank and CoNLL-2003, ``apostrophe`` makes ``don 't``, ``Ada 's`` and ``O 'Reilly`` as in CrossNER,
            ``whole`` leaves words whole.

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
        return [Word(text[start:end], start, end) for start, end in self._spans(text)]

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        cuts = _CUTS[self.contractions]
        for match in _PATTERN.finditer(text):
            start, end = match.span()
            if cuts is not None and any(sign in match.group() for sign in _APOSTROPHE):
                for cut in cuts.finditer(match.group()):
                    yield from _pieces(text, start, match.start() + cut.start())
                    start = match.start() + cut.start()
            yield from _pieces(text, start, end)


class Whitespace:
    """Cuts at spaces only, for text whose words and punctuation are apart already.

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
    """Cut a span that is too long for a word, if possible between characters as people see them."""
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
"""Splitters by name: `WordSplitter` with each way to treat contractions, and `Whitespace`."""


def find_splitter(words: str | Splitter) -> Splitter:
    """A splitter by its name, or the one that is given.

    Raises:
        UserError: There is none of that name.
    """
    if not isinstance(words, str):
        return words
    if words not in SPLITTERS:
        raise UserError(f"Expected a word splitter, one of {', '.join(SPLITTERS)}, or a function, got `{words}`.")
    return SPLITTERS[words]()
