"""Tokens by what they spell."""

from itertools import product
from math import inf

import pytest
from transformers import PreTrainedTokenizerBase

from gner.decoding.vocabulary_trie import TrieNode, VocabularyTrie, spell_tokens
from tests.models.tokenizers import TOKENIZERS

TEXTS = ['Ada met "Bob" in [Zürich], 東京 😀 ; None', "person: (x)\n    span=\\u00eb"] * 3
PLAIN = "Ada met Bob in Zürich, person: None"


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request: pytest.FixtureRequest) -> PreTrainedTokenizerBase:
    return TOKENIZERS[request.param](TEXTS)


def test_what_tokens_spell_is_the_text_that_they_decode_to(tokenizer: PreTrainedTokenizerBase) -> None:
    spelled = spell_tokens(tokenizer)
    for text in (*TEXTS[:2], PLAIN):
        tokens = [token for token in tokenizer(text, add_special_tokens=False)["input_ids"] if token in spelled]
        decoded = tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        assert b"".join(spelled[token] for token in tokens).decode().strip() == decoded.strip()


def test_special_tokens_spell_nothing(tokenizer: PreTrainedTokenizerBase) -> None:
    assert not spell_tokens(tokenizer).keys() & set(tokenizer.all_special_ids)


def test_each_tokenizer_writes_what_it_was_trained_on(tokenizer: PreTrainedTokenizerBase) -> None:
    trie = VocabularyTrie(spell_tokens(tokenizer))
    assert trie.can_write(PLAIN)
    fewest = min(trie.fewest_tokens(text.encode()) for text in (PLAIN, f" {PLAIN}"))
    assert fewest <= len(tokenizer(PLAIN, add_special_tokens=False)["input_ids"])


@pytest.mark.parametrize("name", TOKENIZERS)
def test_characters_are_writable_if_there_is_a_token_or_all_bytes(name: str) -> None:
    trie = VocabularyTrie(spell_tokens(TOKENIZERS[name](TEXTS)))
    has_no_bytes = name in ("unigram", "mbart")
    assert trie.first_unwritable("Ada ß 🎈") == ("ß" if has_no_bytes else None)
    assert trie.first_unwritable("Ada\ud800") == "\ud800"


def _walk(node: TrieNode | None, text: bytes) -> TrieNode | None:
    for byte in text:
        node = node.child(byte) if node is not None else None
    return node


def test_the_trie_has_each_token_where_it_is_spelled() -> None:
    texts = [bytes(text) for length in (1, 2, 3) for text in product(b"ab\xff", repeat=length)][::2]
    spelled = {**dict(enumerate(texts)), 99: texts[0], **{200 + byte: bytes([byte]) for byte in range(256)}}
    trie = VocabularyTrie(spelled)
    for length in (1, 2, 3, 4):
        for text in map(bytes, product(b"ab\xff", repeat=length)):
            node = _walk(trie.root, text)
            here = [token for token, other in spelled.items() if other == text]
            longer = [other for other in spelled.values() if other.startswith(text) and other != text]
            assert sorted(node.tokens if node else ()) == sorted(here)
            assert (node is not None) == bool(here or longer)
            assert node is None or node.goes_on == bool(longer)


def test_parts_of_characters_are_left_out_unless_each_byte_is_a_token() -> None:
    first, second = "é".encode()
    some = {1: bytes([first]), 2: bytes([second]), 3: b"a" + bytes([first])}
    assert not VocabularyTrie(some).can_write("é")
    assert _walk(VocabularyTrie(some).root, b"a") is None
    all_bytes = {10 + byte: bytes([byte]) for byte in range(256)}
    assert VocabularyTrie({**some, **all_bytes}).can_write("é")
    assert _walk(VocabularyTrie({**some, **all_bytes}).root, some[3]) is not None


def test_the_fewest_tokens_are_those_of_the_best_division() -> None:
    texts = [b"a", b"b", b"ab", b"aba", b"bab"]
    trie = VocabularyTrie(dict(enumerate(texts)))

    def fewest(text: bytes) -> float:
        rests = [text[len(one) :] for one in texts if text.startswith(one)]
        return 1 + min(map(fewest, rests), default=inf) if text else 0

    for length in range(7):
        for letters in product(b"ab", repeat=length):
            assert trie.fewest_tokens(bytes(letters)) == fewest(bytes(letters))
    assert trie.fewest_tokens(b"abc") == inf


def test_a_vocabulary_of_nothing_writes_nothing() -> None:
    trie = VocabularyTrie({})
    assert trie.root.child(97) is None and not trie.root.goes_on
    assert trie.can_write("") and not trie.can_write("a")
