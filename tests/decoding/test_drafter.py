"""Drafts never change what is written, whatever the model wants."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import tags_of
from gner.decoding.drafter import Drafter
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.word_tokens import PieceTokenizer
from gner.interfaces import Kind
from gner.models.tokenizer import load_tokenizer, train_tokenizer
from gner.prompting import GnerFormat
from gner.records import Example

WORDS = ["the", "New", "York", "(", "a)b", "Zürich", "the", "x"]
TYPES = ("person", "place name")
TAGS = tags_of(TYPES)
FORMAT = GnerFormat()
SEEN = FORMAT.draft(Example(("the", "New"), ("O", "O"), TYPES, "", ""), ["O", "B-person"])
TOKENIZER = load_tokenizer(train_tokenizer([str(SEEN)] * 9, 400, begin_token=False))
END = TOKENIZER.eos_token_id


def _example(words: Sequence[str]) -> Example:
    return Example(tuple(words), ("O",) * len(words), TYPES, "toy", "0")


def _drafter(kind: Kind, example: Example, memory: TagMemory | None = None) -> Drafter:
    pieces = PieceTokenizer(TOKENIZER, FORMAT, kind, num_probes=1)
    return Drafter(pieces, example, Guesses(memory or TagMemory(), example))


def _write(drafter: Drafter, target: Sequence[int], rng: random.Random, limit: int) -> int:
    """Let a model write that wants the target, and anything where it sees something else; returns the passes."""
    passes = 0
    while drafter.written[-1:] != [END]:
        draft = drafter.draft(limit)
        assert len(draft) <= limit
        choices = []
        for at in range(len(draft) + 1):
            seen = [*drafter.written, *draft[:at]]
            follows = seen == list(target[: len(seen)]) and len(seen) < len(target)
            choices.append(target[len(seen)] if follows else rng.choice([*target, rng.randrange(len(TOKENIZER))]))
        drafter.accept(draft, choices)
        assert drafter.written == list(target[: len(drafter.written)])
        passes += 1
        assert passes <= len(target)
    return passes


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(TAGS)), min_size=1, max_size=12),
    st.lists(st.integers(0, 11), max_size=4),
    st.integers(1, 60),
    st.randoms(use_true_random=False),
)
def test_what_is_written_is_what_the_model_wants(
    tagged: list[tuple[str, str]], changes: list[int], limit: int, rng: random.Random
) -> None:
    words = [word for word, _ in tagged]
    written = [f"{word}({tag})" for word, tag in tagged]
    for change in changes:  # words left out, doubled and altered
        place = change % len(written)
        written[place : place + 1] = rng.choice([[], [written[place]] * 2, ["other(O)"], ["no tag"]])
        written = written or ["nothing"]
    for kind in (Kind.SEQ2SEQ, Kind.CAUSAL):
        text = " ".join(written) if kind is Kind.SEQ2SEQ else f" {' '.join(written)}"
        target = [*TOKENIZER(text, add_special_tokens=False)["input_ids"], END]
        drafter = _drafter(kind, _example(words))
        _write(drafter, target, rng, limit)
        assert drafter.written == target


@pytest.mark.parametrize("kind", [Kind.SEQ2SEQ, Kind.CAUSAL])
def test_an_answer_without_entities_is_drafted_at_once(kind: Kind) -> None:
    example = _example(WORDS)
    answer = FORMAT.draft(example, ["O"] * len(WORDS))
    target = [*TOKENIZER(answer, add_special_tokens=False)["input_ids"], END]
    drafter = _drafter(kind, example)
    assert _write(drafter, target, random.Random(0), 1000) == 1


def test_drafting_goes_on_behind_a_word_that_was_left_out() -> None:
    words = ["the", "New", "York", "is", "where", "people", "live", "today"]
    target = [
        *TOKENIZER("the(O) York(O) is(O) where(O) people(O) live(O) today(O)", add_special_tokens=False)["input_ids"],
        END,
    ]
    drafter = _drafter(True, _example(words))
    assert _write(drafter, target, random.Random(0), 1000) <= 4 < len(target)


def test_drafting_goes_on_behind_a_name_that_was_copied_badly() -> None:
    words = ["they", "met", "Hopper", "in", "London", "today"]
    target = [*TOKENIZER("they(O) met(O) Hpper(B-person) in(O) Lon(B-place name) today(O)")["input_ids"]]
    drafter = _drafter(True, _example(words))
    assert _write(drafter, target, random.Random(0), 1000) <= 7 < len(target)


def test_a_loop_is_drafted_as_a_loop() -> None:
    target = [*TOKENIZER("the(O) " + "New York(O) " * 40, add_special_tokens=False)["input_ids"], END]
    drafter = _drafter(True, _example(["the", "end"]))
    assert _write(drafter, target, random.Random(0), 1000) < len(target) / 8


def test_a_sentence_that_was_seen_is_drafted_at_once() -> None:
    example, memory = _example(["London", "met", "New", "York"]), TagMemory()
    memory.learn(example, tags := ["B-person", "O", "B-place name", "I-place name"])
    target = [*TOKENIZER(FORMAT.draft(example, tags), add_special_tokens=False)["input_ids"], END]
    assert _write(_drafter(True, example, memory), target, random.Random(0), 1000) == 1


def test_drafting_goes_on_behind_a_tag_of_another_type() -> None:
    words = ["they", "met", "Hopper", "in", "London", "today", "and", "left"]
    text = "they(O) met(O) Hopper(B-strange thing) in(O) London(B-place name) today(O) and(O) left(O)"
    target = [*TOKENIZER(text)["input_ids"]]
    drafter = _drafter(True, _example(words))
    num_strange = len(TOKENIZER("strange thing", add_special_tokens=False)["input_ids"])
    assert _write(drafter, target, random.Random(0), 1000) <= num_strange + 8 < len(target)


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(TAGS)), min_size=1, max_size=8),
    st.floats(0, 1),
    st.integers(0, 60),
)
def test_drafts_end_where_they_are_not_likely_enough(words: list[tuple[str, str]], least: float, size: int) -> None:
    example = _example([word for word, _ in words])
    memory = TagMemory()
    whole = _drafter(Kind.CAUSAL, example, memory).draft(999)
    short = _drafter(Kind.CAUSAL, example, memory).draft(size, least)
    assert short == whole[: len(short)]
    sure = [_drafter(Kind.CAUSAL, example, memory).draft(999, chance) for chance in (0.0, 0.5, 1.0)]
    assert sure[0] == whole
    assert len(sure[0]) >= len(sure[1]) >= len(sure[2]) > 0


@pytest.mark.parametrize("kind", [Kind.CAUSAL, Kind.SEQ2SEQ])
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.integers(1, 60), st.integers(0, 59))
def test_a_draft_that_is_right_is_followed_as_its_tokens_are(kind: Kind, words: list[str], size: int, cut: int) -> None:
    example = _example(words)
    one, other = _drafter(kind, example), _drafter(kind, example)
    draft = one.draft(size)
    tokens = draft[: max(1, min(cut, len(draft)))]
    one.accept(tokens[:-1], tokens)
    for token in tokens:
        other.accept([], [token])
    assert one.written == other.written == tokens
    assert one.draft(99) == other.draft(99)


def test_what_somebody_else_drafted_is_followed_too() -> None:
    example = _example(["the", "New", "York"])
    one, other = _drafter(Kind.CAUSAL, example), _drafter(Kind.CAUSAL, example)
    one.draft(99)
    tokens = TOKENIZER("the(B-person) New(O)", add_special_tokens=False)["input_ids"]
    one.accept(tokens[:-1], tokens)
    for token in tokens:
        other.accept([], [token])
    assert one.tags[:2] == other.tags[:2] == ["B-person", "O"]
    assert one.draft(99) == other.draft(99)
