"""Where words are scored, and what is learned there, with tokenizers of all families."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from gner.bio import tags_of
from gner.data.tagging_collate import NO_TOKEN, TaggingCollator
from gner.errors import UserError
from gner.interfaces import IGNORED
from gner.models import FromScratch, TaggerBackbone, TokenClassifier
from gner.records import Example
from gner.testing import make_examples, tiny_tagger


def _word_piece() -> PreTrainedTokenizerBase:
    """As BERT's: lower case, control characters dropped, unknown words one token."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz.,()<>/", "ada", "love", "##lace", "##s"]
    tokenizer = Tokenizer(models.WordPiece({piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")


def _byte_bpe() -> PreTrainedTokenizerBase:
    """As those of GPT-2 and Llama-3: a space belongs to the token after it."""
    vocabulary = {letter: place for place, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    vocabulary |= {"Ġa": len(vocabulary), "da": len(vocabulary) + 1, "<pad>": len(vocabulary) + 2}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("Ġ", "a"), ("d", "a")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>")


def _metaspace() -> PreTrainedTokenizerBase:
    """As those of T5 and XLM-R."""
    pieces = [("<pad>", 0.0), ("<unk>", -9.0), ("▁", -3.0), ("▁ada", -2.0), ("lace", -2.0)]
    pieces += [(letter, -4.0) for letter in "abcdefghijklmnopqrstuvwxyzAL."]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=1))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>")


def _ours() -> PreTrainedTokenizerBase:
    return tiny_tagger("bert").backbone.tokenizer


TOKENIZERS = {"word piece": _word_piece(), "byte BPE": _byte_bpe(), "metaspace": _metaspace(), "ours": _ours()}


def _collator(tokenizer: PreTrainedTokenizerBase, repeat: int = 0) -> TaggingCollator:
    backbone = TaggerBackbone(TokenClassifier(FromScratch("bert"), repeat=repeat))
    backbone.__dict__["tokenizer"] = tokenizer
    return TaggingCollator(backbone)


WORDS = st.lists(st.text(min_size=1, max_size=6).filter(lambda word: word.split() == [word]), min_size=1, max_size=8)


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=60, deadline=None)
@given(words=WORDS)
def test_a_word_is_scored_at_its_first_token(name: str, words: list[str]) -> None:
    tokenizer = TOKENIZERS[name]
    example = Example(tuple(words), ("O",) * len(words), ("person",), "toy", "0")
    batch = _collator(tokenizer)([example])
    offsets = tokenizer(" ".join(words), return_offsets_mapping=True)["offset_mapping"]
    start = 0
    for word, token in zip(words, batch.word_starts[0].tolist(), strict=True):
        touching = [place for place, (first, end) in enumerate(offsets) if first < start + len(word) and end > start]
        assert token == (touching[0] if touching else NO_TOKEN)
        start += len(word) + 1


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_last_copy_is_tagged(name: str) -> None:
    example = make_examples()[0]
    once, thrice = (_collator(TOKENIZERS[name], repeat)([example]) for repeat in (0, 2))
    ids = once.input_ids[0].tolist()
    assert thrice.input_ids[0].tolist() == ids * 3
    assert thrice.word_starts[0].tolist() == [start + 2 * len(ids) for start in once.word_starts[0].tolist()]
    assert thrice.lengths == [(3 * len(ids), 0)]


def test_labels_number_the_tags_of_the_examples_own_types() -> None:
    example = make_examples()[0]
    turned = replace(example, types=("place", "person"))
    collate = _collator(_ours())
    for one in (example, turned):
        labels = collate([one]).labels[0].tolist()
        assert [tags_of(one.types)[label] for label in labels] == list(one.tags)


def test_a_word_that_no_token_is_of_teaches_nothing_and_others_keep_their_place() -> None:
    example = Example(("ada", "\u200b", "ada"), ("B-person", "I-person", "O"), ("person",), "toy", "0")
    batch = _collator(_word_piece())([example])
    assert batch.word_starts[0].tolist() == [1, NO_TOKEN, 2]
    assert batch.labels[0].tolist() == [1, IGNORED, 0]


def test_texts_of_types_are_read_once_a_batch() -> None:
    tagger = tiny_tagger("bert", head="types")
    one, other = make_examples()[:2]
    other = replace(other, types=("place", "song"), descriptions=(("song", "a tune"),))
    batch = tagger.collate([one, other])
    assert batch.type_ids is not None and batch.type_places is not None
    texts = tagger.backbone.tokenizer.batch_decode(batch.type_ids, skip_special_tokens=True)
    assert texts == ["person", "place", "song: a tune"]
    assert batch.type_places.tolist() == [[0, 1], [1, 2]]


def test_types_that_are_too_long_to_read_are_refused_by_name() -> None:
    tagger = tiny_tagger("bert", head="types")
    example = replace(make_examples()[0], descriptions=(("person", "somebody " * 600),))
    with pytest.raises(UserError, match=r"The type `person: somebody .* tokens with its description"):
        tagger.collate([example])


def test_a_text_is_read_where_no_type_is_offered() -> None:
    tagger = tiny_tagger("bert", head="types")
    batch = tagger.collate([replace(make_examples()[1], types=())])
    assert batch.type_ids is not None and len(batch.type_ids) == 1
    assert batch.type_places is not None and batch.type_places.shape == (1, 0)


def test_training_and_evaluation_read_the_same() -> None:
    tagger, examples = tiny_tagger("bert"), make_examples()
    trained = tagger.collate.for_training(examples, [Random(0)] * 5, [9, 8, 7, 6, 5])
    assert trained.positions == [9, 8, 7, 6, 5]
    assert trained.input_ids.equal(tagger.collate.for_decoding(examples).input_ids)
    assert [[(int(size), 0)] for size in trained.attention_mask.sum(-1)] == tagger.collate.sizes(examples)


def test_rows_of_a_batch_keep_their_words() -> None:
    batch = tiny_tagger("bert", head="types").collate(make_examples())
    some = batch.first(2)
    assert len(some) == 2 and some.type_places is not None  # type: ignore[attr-defined]
    assert some.word_starts.equal(batch.word_starts[:2])  # type: ignore[attr-defined]
    assert some.to("meta").word_starts.device.type == "meta"  # type: ignore[attr-defined]
