"""What the tokens of a vocabulary spell, by beginnings in common, so that those that fit a text are found fast.

Works on bytes: vocabularies split characters such as emoji into several tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from math import inf

from transformers import PreTrainedTokenizerBase
from transformers.convert_slow_tokenizer import bytes_to_unicode

_BEFORE = "a"
"""A text that tokens are spelled after, as tokenizers drop the space that a text starts with."""
_AT_ONCE = 4096
_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_BYTES_OF_LETTERS = {letter: byte for byte, letter in bytes_to_unicode().items()}
_PARTS_OF_CHARACTERS = [bytes([byte]) for byte in (*range(0x80, 0xC0), *range(0xC2, 0xF5))]


def spell_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[int, bytes]:
    """What each token adds to a text, as UTF-8 bytes; without special tokens.

    Args:
        tokenizer: Of any family: byte-level (GPT-2, Llama 3), pieces with byte fallback (Llama 2) or without it (T5),
            or single bytes (ByT5).

    Example:
        >>> from gner.testing import tiny_model
        >>> tokenizer = tiny_model("causal").tokenizer
        >>> spelled = spell_tokens(tokenizer)
        >>> b"".join(spelled[token] for token in tokenizer("Zürich 東", add_special_tokens=False)["input_ids"]).decode()
        ' Zürich 東'
        >>> tokenizer.eos_token_id in spelled
        False
    """
    special = {*tokenizer.all_special_ids, *_special_added(tokenizer)}
    tokens = [token for token in range(len(tokenizer)) if token not in special]
    before: list[int] = tokenizer(_BEFORE, add_special_tokens=False)["input_ids"]
    [start] = _decode(tokenizer, [before])
    spelled: dict[int, bytes] = {}
    for at in range(0, len(tokens), _AT_ONCE):
        some = tokens[at : at + _AT_ONCE]
        texts = _decode(tokenizer, [[*before, token] for token in some])
        pieces = tokenizer.convert_ids_to_tokens(some)
        for token, text, piece in zip(some, texts, pieces, strict=True):
            added = text[len(start) :] if text.startswith(start) else ""
            is_whole = bool(added) and "\ufffd" not in added
            written = added.encode() if is_whole else _part_of_character(str(piece), is_shown=bool(added))
            if written:
                spelled[token] = written
    return spelled


def _decode(tokenizer: PreTrainedTokenizerBase, rows: list[list[int]]) -> list[str]:
    return list(tokenizer.batch_decode(rows, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _special_added(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return [token for token, content in added.items() if content.special]


def _part_of_character(piece: str, *, is_shown: bool) -> bytes:
    """The bytes of a token that is not valid by itself, which decoders show as U+FFFD, or leave out (ByT5)."""
    if not is_shown:
        return bytes([ord(piece)]) if len(piece) == 1 and 0x80 <= ord(piece) <= 0xFF else b""
    fallback = _BYTE_PIECE.fullmatch(piece)
    if fallback:
        return bytes([int(fallback.group(1), 16)])
    letters = [_BYTES_OF_LETTERS.get(letter) for letter in piece]
    return bytes([byte for byte in letters if byte is not None]) if None not in letters else b""


class TrieNode:
    """A beginning that some tokens have in common; its children are made when they are asked for.

    Attributes:
        tokens: Those that spell just this.

    Example:
        >>> root = VocabularyTrie({5: b"A", 6: b"Ad"}).root
        >>> root.child(ord("A")).tokens, root.child(ord("A")).goes_on
        ((5,), True)
    """

    __slots__ = ("_children", "_depth", "_end", "_spelled", "_start", "tokens")

    def __init__(self, spelled: _Spelled, start: int, end: int, depth: int) -> None:
        self._spelled = spelled
        self._start = start
        self._end = end
        self._depth = depth
        self._children: dict[int, TrieNode | None] = {}
        is_token = start < end and len(spelled.texts[start]) == depth
        self.tokens = spelled.tokens[start] if is_token else ()

    @property
    def goes_on(self) -> bool:
        """Whether there are longer tokens."""
        return self._end - self._start > bool(self.tokens)

    def child(self, byte: int) -> TrieNode | None:
        """What goes on with this byte; None if no token does.

        Example:
            >>> root = VocabularyTrie({5: b"Ada", 6: b"Adam"}).root
            >>> root.child(ord("A")).tokens, root.child(ord("B"))
            ((), None)
        """
        if byte not in self._children:
            self._children[byte] = self._find(byte)
        return self._children[byte]

    def _find(self, byte: int) -> TrieNode | None:
        texts, depth = self._spelled.texts, self._depth
        if self._start == self._end:
            return None
        beginning = texts[self._start][:depth]
        start = bisect_left(texts, beginning + bytes([byte]), self._start, self._end)
        is_last = byte == 0xFF
        end = self._end if is_last else bisect_left(texts, beginning + bytes([byte + 1]), start, self._end)
        return TrieNode(self._spelled, start, end, depth + 1) if start < end else None


class _Spelled:
    """All that tokens spell, sorted, each with its tokens."""

    def __init__(self, spelled: Mapping[int, bytes]) -> None:
        by_text: dict[bytes, list[int]] = {}
        for token, text in spelled.items():
            by_text.setdefault(text, []).append(token)
        self.texts = sorted(by_text)
        self.tokens = [tuple(by_text[text]) for text in self.texts]


class VocabularyTrie:
    """The tokens of a vocabulary by what they spell.

    Tokens that end within a character are left out, unless every byte is a token: otherwise the character might have
    no end.

    Args:
        spelled: See `spell_tokens`.

    Attributes:
        root: The empty beginning.

    Example:
        >>> trie = VocabularyTrie({5: b"A", 6: b"d", 7: b"Ad", 8: b"a", 9: "é".encode(), 10: b"\\xc3"})
        >>> trie.can_write("Adé"), trie.can_write("Ö"), trie.fewest_tokens(b"Ada")
        (True, False, 2)
    """

    def __init__(self, spelled: Mapping[int, bytes]) -> None:
        has_bytes = {*spelled.values()}.issuperset(_PARTS_OF_CHARACTERS)
        kept = spelled if has_bytes else {token: text for token, text in spelled.items() if _is_whole(text)}
        self._spelled = _Spelled(kept)
        self._known = set(self._spelled.texts)
        self._writable: dict[str, bool] = {}
        self._fewest: dict[bytes, float] = {}
        self.root = TrieNode(self._spelled, 0, len(self._spelled.texts), 0)

    def can_write(self, text: str) -> bool:
        """Whether each character of a text can be written by itself, so that no beginning of it is a dead end."""
        return self.first_unwritable(text) is None

    def first_unwritable(self, text: str) -> str | None:
        """The first character that cannot be written by itself.

        Example:
            >>> VocabularyTrie({5: b"A", 6: b"d"}).first_unwritable("Ada")
            'a'
        """
        return next((character for character in text if not self._has(character)), None)

    def _has(self, character: str) -> bool:
        if character not in self._writable:
            written = character.encode(errors="ignore")  # half of a surrogate pair is nothing
            has_bytes = all(bytes([byte]) in self._known for byte in written)
            self._writable[character] = bool(written) and (written in self._known or has_bytes)
        return self._writable[character]

    def fewest_tokens(self, text: bytes) -> float:
        """Number of tokens that it takes to write a text; infinity if it cannot be written."""
        if text not in self._fewest:
            fewest: list[float] = [inf] * len(text) + [0]
            for start in reversed(range(len(text))):
                fewest[start] = self._fewest_from(text, start, fewest)
            self._fewest[text] = fewest[0]
        return self._fewest[text]

    def _fewest_from(self, text: bytes, start: int, fewest: Sequence[float]) -> float:
        node, best = self.root, inf
        for end, byte in enumerate(text[start:], start=start + 1):
            child = node.child(byte)
            if child is None:
                break
            node = child
            if node.tokens:
                best = min(best, 1 + fewest[end])
        return best


def _is_whole(text: bytes) -> bool:
    """Whether bytes are characters and no part of one."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
