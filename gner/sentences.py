"""Splits texts into sentences by rules on punctuation.

Rules, not a model: they need no data, work in all languages with this punctuation, and are predictable. They prefer
sentences that are too long, as a wrong split takes the context away from a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import regex

from gner.words import UNSPACED, Word, WordSplitter

_ENDING = regex.compile(r"[.!?…。！？｡]+")
_WIDE = "。！？｡"  # not followed by a space
_CLOSING = regex.compile(r"[)\]}”’»›」』】）］》〉]+")
# Opening or closing, depending on the spaces around them; “ and « close in German and Danish.
_EITHER = regex.compile(r"[\"'“‘«‹]+")
_BLANK_LINE = regex.compile(r"(?:\r\n|[\n\r])[^\S\n\r]*(?:\r\n|[\n\r])|[\f\u2029]")
_UNSPACED = regex.compile(rf"[{UNSPACED}「『（《【]")
_LOOK_AHEAD = 8  # characters needed to tell an initial from the end of a sentence
_split = WordSplitter("whole")


def sentence_ends(text: str, words: Sequence[Word]) -> list[int]:
    """Find the ends of sentences.

    A sentence ends

    * after ``. ! ? …`` and closing quotes and brackets, if a space or a script without spaces follows and the next word
      does not start in lower case; after the wide ``。！？`` nothing need follow. A full stop of an abbreviation or an
      initial, as the word splitter knows them, ends none, nor does one after a number that starts a sentence, as in
      lists;
    * at a blank line, not at a single line end;
    * at the end of the text.

    Args:
        text: The text.
        words: Its W words, from any splitter, in order.

    Returns:
        The exclusive ends of the sentences as word indices, ascending; the last is W. Empty without words.

    Example:
        >>> text = 'Dr. Wu said "Go." She left.'
        >>> words = WordSplitter()(text)
        >>> [[word.text for word in words[a:b]] for a, b in zip([0, 7], sentence_ends(text, words))]
        [['Dr.', 'Wu', 'said', '"', 'Go', '.', '"'], ['She', 'left', '.']]
    """
    if not words:
        return []
    ends: list[int] = []
    start = 0
    ending = _ending_of(text, words[0])  # punctuation that ends the sentence unless the next word continues it
    for position, (previous, word) in enumerate(pairwise(words), start=1):
        gap = text[previous.end : word.start]
        if ending and not _is_closing(word, gap, text[word.end : word.end + 1]):
            if _is_boundary(ending, gap, word):
                ends.append(position)
                start = position
            ending = ""
        if _BLANK_LINE.search(gap) and start < position:
            ends.append(position)
            start, ending = position, ""
        if not ending or _ENDING.fullmatch(word.text):
            ending = _ending_of(text, word)
            if ending and _is_list_number(words, start, position):
                ending = ""
    ends.append(len(words))
    return ends


def _ending_of(text: str, word: Word) -> str:
    """The punctuation that may end a sentence at a word: the word itself, or its end if the splitter left it on."""
    if _ENDING.fullmatch(word.text):
        return word.text
    if not _ENDING.search(word.text):
        return ""
    pieces = [piece for piece in _split(text[word.start : word.end + _LOOK_AHEAD]) if piece.end <= len(word.text)]
    while len(pieces) > 1 and (_CLOSING.fullmatch(pieces[-1].text) or _EITHER.fullmatch(pieces[-1].text)):
        pieces.pop()
    return pieces[-1].text if len(pieces) > 1 and _ENDING.fullmatch(pieces[-1].text) else ""


def _is_closing(word: Word, gap: str, follower: str) -> bool:
    """Whether a word is a quote, a bracket or further punctuation that belongs to the sentence before it."""
    if _ENDING.fullmatch(word.text) and not gap:
        return True
    if _CLOSING.fullmatch(word.text):
        return "\n" not in gap
    return not gap and bool(_EITHER.fullmatch(word.text)) and (not follower or not follower.isalnum())


def _is_boundary(ending: str, gap: str, word: Word) -> bool:
    """Whether a sentence ends before a word that follows ending punctuation."""
    if ending[-1] in _WIDE:
        return True
    return (bool(gap) or bool(_UNSPACED.match(word.text))) and not word.text[0].islower()


def _is_list_number(words: Sequence[Word], start: int, position: int) -> bool:
    """Whether a full stop follows a number at the start of a sentence."""
    return position == start + 1 and words[start].text.isnumeric()
