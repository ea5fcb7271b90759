"""Trains tokenizers for backbones from scratch, keeps special tokens out of text, and finds decoder start tokens.

Why not plain byte-pair encoding: docs/decisions/tokenizer_from_scratch.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedConfig, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from gner.errors import UserError

_NO_LIMIT = 2**40  # longer words would become the unknown token, which is otherwise never needed
PAD, BEGIN, END = "<pad>", "<s>", "</s>"
_WORD_JOINER = "\u2060"
_PIECES = Regex(r" ?\((?:O\)|[BI]-)?| ?\p{N}| ?\p{P}| ?[^\s\p{N}\p{P}]+|\s")
"""Separates brackets, punctuation and digits from words, so that a name has the same tokens in prompt and answer."""


def train_tokenizer(texts: Iterable[str], vocab_size: int, *, begin_token: bool) -> str:
    """Train a byte-level tokenizer, which can encode any text.

    The vocabulary is the most used part of one that byte-pair encoding (Sennrich et al., 2016) finds; words are
    tokenized by longest match. Byte-pair encoding itself keeps every intermediate merge of a long word. Such a token is
    hardly ever seen in training, so a small model cannot copy an unseen name that contains it.

    Args:
        texts: Prompts and answers.
        vocab_size: Number of tokens; at least 259, for the 256 bytes and three special tokens.
        begin_token: Start every text with ``<s>``, as causal models expect, or end it with ``</s>``, as seq2seq
            models do.

    Returns:
        The tokenizer as JSON.

    Raises:
        UserError: The vocabulary is too small for all bytes.

    Example:
        >>> tokenizer = load_tokenizer(train_tokenizer(["Ada(B-person) slept(O)"] * 2, 300, begin_token=True))
        >>> tokenizer.tokenize("Ada(B-person)"), tokenizer.decode(tokenizer("東京")["input_ids"])
        (['ĠAda', '(B-', 'person', ')'], '<s> 東京')
        >>> train_tokenizer(["Ada"], vocab_size=100, begin_token=True)
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected `vocab_size` >= 259, got 100. Set model.backbone.vocab_size.
    """
    special = [PAD, BEGIN, END]
    base = sorted(pre_tokenizers.ByteLevel.alphabet())
    smallest = len(base) + len(special)
    if vocab_size < smallest:
        raise UserError(f"Expected `vocab_size` >= {smallest}, got {vocab_size}. Set model.backbone.vocab_size.")
    texts = list(texts)
    tokenizer = _byte_level_bpe()
    trainer = trainers.BpeTrainer(vocab_size=2 * vocab_size, initial_alphabet=base, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    used = _count_tokens(tokenizer, texts)
    by_use = sorted(used.keys() - {*base, *special}, key=lambda token: (-used[token], token))
    kept = (base + by_use)[: vocab_size - len(special)]
    vocabulary = {token: token_id for token_id, token in enumerate(kept)}
    tokenizer.model = models.WordPiece(
        vocabulary, unk_token=PAD, continuing_subword_prefix="", max_input_chars_per_word=_NO_LIMIT
    )
    tokenizer.add_special_tokens(special)  # not in the model's vocabulary, from which text is tokenized
    ids = [(token, tokenizer.token_to_id(token)) for token in (BEGIN, END)]
    template = f"{BEGIN} $A" if begin_token else f"$A {END}"
    tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=ids)
    return tokenizer.to_str()


def _byte_level_bpe() -> Tokenizer:
    """An untrained byte-level tokenizer that decodes to the encoded text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Prepend(" ")  # so that the first word of an answer is tokenized like any other
    split = pre_tokenizers.Split(_PIECES, "isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    return tokenizer


def _count_tokens(tokenizer: Tokenizer, texts: list[str]) -> Counter[str]:
    counts: Counter[int] = Counter()
    for start in range(0, len(texts), 1000):  # in chunks, as the encodings of a large corpus would fill the memory
        for encoding in tokenizer.encode_batch(texts[start : start + 1000]):
            counts.update(encoding.ids)
    return Counter({str(tokenizer.id_to_token(token_id)): count for token_id, count in counts.items()})


def load_tokenizer(serialized: str) -> PreTrainedTokenizerFast:
    """Make a Hugging Face tokenizer from the JSON of `train_tokenizer`.

    Example:
        >>> tokenizer = load_tokenizer(train_tokenizer(["Ada slept"], 300, begin_token=False))
        >>> tokenizer("Ada")["input_ids"][-1] == tokenizer.eos_token_id
        True
        >>> tokenizer.eos_token_id in tokenizer("</s>", add_special_tokens=False)["input_ids"]  # text in a sentence
        False
    """
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(serialized),
        pad_token=PAD,
        bos_token=BEGIN,
        eos_token=END,
        split_special_tokens=True,  # `</s>` in a sentence is text and does not end it
    )


def take_special_tokens_as_text(tokenizer: PreTrainedTokenizerBase) -> None:
    """Tokenize special tokens that occur in a text, such as ``</s>``, as ordinary text, so that they end nothing.

    ``split_special_tokens`` does that, except for unigram vocabularies (T5, mBART), which hold special tokens like any
    other piece. There a word joiner (U+2060) is inserted after their first character.

    Args:
        tokenizer: Modified in place, and so when it is saved.

    Example:
        >>> tokenizer = load_tokenizer(train_tokenizer(["Ada slept"], 300, begin_token=False))
        >>> tokenizer.split_special_tokens = False
        >>> tokenizer.eos_token_id in tokenizer("</s>", add_special_tokens=False)["input_ids"]
        True
        >>> take_special_tokens_as_text(tokenizer)
        >>> tokenizer.eos_token_id in tokenizer("</s>", add_special_tokens=False)["input_ids"]
        False
    """
    tokenizer.split_special_tokens = True
    spelt = set(tokenizer.all_special_tokens) - {tokenizer.unk_token}
    remaining = [token for token in spelt if _is_found_in_text(tokenizer, token)]
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not remaining or backend is None:
        return
    replacements = []
    for first in sorted({token[0] for token in remaining}):
        rests = "|".join(re.escape(token[1:]) for token in sorted(remaining) if token[0] == first)
        pattern = Regex(f"{re.escape(first)}(?=(?:{rests}))")
        replacements.append(normalizers.Replace(pattern, f"{first}{_WORD_JOINER}"))
    before = [] if backend.normalizer is None else [backend.normalizer]
    backend.normalizer = normalizers.Sequence([*before, *replacements])


def _is_found_in_text(tokenizer: PreTrainedTokenizerBase, token: str) -> bool:
    return tokenizer.convert_tokens_to_ids(token) in tokenizer(token, add_special_tokens=False)["input_ids"]


def decoder_start(config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> int:
    """The start token of the decoder of a seq2seq backbone.

    mBART has none in its configuration: its tokenizer puts the language code after the end token, and the decoder
    starts with that code (Liu et al., 2020, arXiv 2001.08210).

    Args:
        config: Of the backbone.
        tokenizer: Of the backbone.

    Example:
        >>> from gner.testing import tiny_model
        >>> tiny = tiny_model("seq2seq")
        >>> decoder_start(tiny.network.config, tiny.tokenizer) == tiny.tokenizer.pad_token_id  # as for T5
        True
    """
    target = tokenizer(text_target="a")["input_ids"]
    if tokenizer.eos_token_id in target[:-1]:
        return int(target[-1])
    decoder = config.get_text_config(decoder=True)
    candidates = [getattr(config, "decoder_start_token_id", None)]
    candidates += [getattr(owner, "bos_token_id", None) for owner in (decoder, config, tokenizer)]
    return int(next((token for token in candidates if token is not None), tokenizer.pad_token_id))
