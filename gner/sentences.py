"""Where the sentences of a text end.

A rule, not a model: it needs no data, works in all languages that write these signs, and can be foretold. It errs
towards sentences that are too long, as a cut in the wrong place takes the context from a name.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex

from gner.words import UNSPACED, Word, WordSplitter

_ENDING = regex.compile(r"[.!?…。！？｡]+")
_WIDE = "。！？｡"  # nothing is put between them and the next sentence
_CLOSING = regex.compile(r"[)\]}”’»›」』】）］》〉]+")
# Opening or closing, which only the spaces around them tell; “ and « close in German and Danish.
_EITHER = regex.compile(r"[\"'“‘«‹]+")
_BLANK_LINE = regex.compile(r"(?:\r\n|[\n\r])[^\S\n\r]*(?:\r\n|[\n\r])|[\f\u2029]")
_UNSPACED = regex.compile(rf"[{UNSPACED}「『（《【]")
_LOOK_AHEAD = 8  # characters that distinguish an initial from a full stop
_split = WordSplitter("whole")


def sentence_ends(text: str, words: Sequence[Word]) -> list[int]:
    """Find the ends of sentences.

    A sentence ends

    * after ``. ! ? …`` and closing quotes and brackets, where a space or a script without spaces follows and the next
      word does not start in lower case; after the wide ``。！？`` nothing need follow. A full stop that belongs to an
      abbreviation or an initial, as the word splitter knows them, ends nothing, nor does one after a number that starts
      a sentence, as in lists;
    * at a blank line, but not at the end of a line alone;
    * at the end of the text.

    Args:
        text: The text.
        words: W words of it, from any splitter, in order.

    Returns:
        Exclusive ends of sentences, in words, in rising order; the last is W. Empty without words.

    Example:
        >>> text = 'Dr. Wu said "Go." She left.'
        >>> words = WordSplitter()(text)
        >>> [[word.text for word in words[a:b]] for a, b in zip([0, 7], sentence_ends(text, words))]
        [['Dr.', 'Wu', 'said', '"', 'Go', '.', '"'], ['She', 'left', '.']]
    """
    ends: list[int] = []
    start = 0
    ending = ""  # the sign that closes the sentence unless the next word continues it
    for position, word in enumerate(words):
        if position:
            gap = text[words[position - 1].end : word.start]
            if ending and not _belongs_to(word, gap, text[word.end : word.end + 1]):
                if _separates(ending, gap, word):
                    ends.append(position)
                    start = position
                ending = ""
            if _BLANK_LINE.search(gap) and start < position:
                ends.append(position)
                start, ending = position, ""
        if not ending or _ENDING.fullmatch(word.text):
            ending = "" if _is_list_number(words, start, position) else _ending_of(text, word)
    return [*ends, len(words)] if words else ends


def _is_list_number(words: Sequence[Word], start: int, position: int) -> bool:
    """Whether a word follows a number that starts a sentence, as the full stop of ``1. First item``."""
    return position == start + 1 and words[start].text.isnumeric()


def _ending_of(text: str, word: Word) -> str:
    """The signs at the end of a word that may end a sentence; a splitter may have left them on it."""
    if _ENDING.fullmatch(word.text):
        return word.text
    if not _ENDING.search(word.text):
        return ""
    pieces = [piece for piece in _split(text[word.start : word.end + _LOOK_AHEAD]) if piece.end <= len(word.text)]
    while len(pieces) > 1 and (_CLOSING.fullmatch(pieces[-1].text) or _EITHER.fullmatch(pieces[-1].text)):
        pieces.pop()
    return pieces[-1].text if len(pieces) > 1 and _ENDING.fullmatch(pieces[-1].text) else ""


def _belongs_to(word: Word, gap: str, follower: str) -> bool:
    """Whether a word is a quote or bracket, or a further sign, that closes the sentence before it."""
    if _ENDING.fullmatch(word.text) and not gap:
        return True
    if _CLOSING.fullmatch(word.text):
        return "\n" not in gap
    return not gap and bool(_EITHER.fullmatch(word.text)) and (not follower or not follower.isalnum())


def _separates(ending: str, gap: str, word: Word) -> bool:
    if ending[-1] in _WIDE:
        return True
    return (bool(gap) or bool(_UNSPACED.match(word.text))) and not word.text[0].islower()
