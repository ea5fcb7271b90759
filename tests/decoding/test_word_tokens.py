"""Pieces put together are what a tokenizer makes of the whole answer."""

import random

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from gner.bio import OUTSIDE, find_fault, repair, tags_of
from gner.decoding.word_tokens import PieceTokenizer, TrieNode, answer_start
from gner.interfaces import Kind
from gner.prompting import GnerFormat
from gner.prompting.boundaries import BOUNDARIES, Boundaries, to_marks
from gner.records import Example
from gner.testing import tiny_model

WORDS = ["the", "New", "(", "a)b", "Zürich", "東京", "don't", "x(", "H2(O)", "...", "100%", "a"]
TYPES = ("person", "place (big)")


def _joining_tokenizer(splits: str) -> PreTrainedTokenizerBase:
    """Byte-pair encoding that may join a word with the bracket behind it."""
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(splits), "isolated"), byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    rng = random.Random(0)
    texts = [" ".join(f"{rng.choice(WORDS)}({rng.choice(tags_of(TYPES))})" for _ in range(8)) for _ in range(40)]
    trainer = trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", pad_token="<pad>")


TOKENIZERS = {
    "ours": tiny_model("causal").tokenizer,
    "punctuation together": _joining_tokenizer(r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"),  # as GPT-2's
    "anything together": _joining_tokenizer(r" ?\S+"),
}


@pytest.mark.parametrize("boundaries", BOUNDARIES)
@pytest.mark.parametrize("kind", [Kind.SEQ2SEQ, Kind.CAUSAL])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_pieces_are_cut_as_in_the_whole_answer(name: str, kind: Kind, boundaries: Boundaries) -> None:
    gner_format = GnerFormat(boundaries=boundaries, merge_adjacent=True)
    tokenizer, rng = TOKENIZERS[name], random.Random(1)
    pieces = PieceTokenizer(tokenizer, gner_format, kind)
    for _ in range(60):
        words = tuple(rng.choices(WORDS, k=rng.randint(1, 6)))
        tags, _ = repair(rng.choices(tags_of(TYPES), k=len(words)))
        example = Example(words, tags, TYPES, "", "")
        assert find_fault(tags, "IOB2") is None
        pieces.prepare([example])
        tokens: list[int] = []
        marks = to_marks(tags, boundaries)
        for position, tag in enumerate(marks):
            before = marks[position - 1] if position else OUTSIDE
            stem, node = pieces.choices(example, position, before)
            tokens += stem
            while node.tag != tag:
                tokens.append(node.toward[tag])
                node = node.children[node.toward[tag]]
        text = gner_format.draft(example, tags)
        if kind is Kind.SEQ2SEQ:
            whole = [*answer_start(tokenizer), *tokenizer(text, add_special_tokens=False)["input_ids"]]
        else:
            before, whole = tokenizer(["a", f"a {text}"], add_special_tokens=False)["input_ids"]
            tokens = before + tokens
        assert tokens == whole


def test_a_word_is_followed_by_tags_that_may_follow_the_one_before() -> None:
    pieces = PieceTokenizer(TOKENIZERS["ours"], GnerFormat(), Kind.CAUSAL)
    example = Example(("New", "York"), ("O", "O"), TYPES, "", "")
    for before, extra in (("O", []), ("B-person", ["I-person"]), ("I-place (big)", ["I-place (big)"])):
        assert set(pieces.choices(example, 1, before).tags.toward) == {"O", "B-person", "B-place (big)", *extra}


def test_of_tags_that_are_written_alike_the_first_counts() -> None:
    root = TrieNode.of({"O": [1], "B-x": [2, 3, 4], "B-y": [2, 3, 4]})
    assert set(root.toward) == {"O", "B-x"}
    assert [token for _, token in root.path("B-x")] == [2, 3, 4]
    assert root.last == {1, 4} and root.depth == 3
