"""Answers with given words: which formats have them, and how their entities are scored."""

import pytest

from gner.decoding.forced_words import ForcedWords, forced_generation, room_for_answers
from gner.errors import UserError
from gner.prompting import GnerFormat
from gner.records import Entity
from gner.testing import make_examples, tiny_model


def test_pieces_are_kept_for_a_model_and_made_anew_for_another() -> None:
    one, other, words = tiny_model("causal"), tiny_model("seq2seq"), ForcedWords("Constrained")
    pieces = words.pieces(one, one.batch(make_examples()))
    assert words.pieces(one, one.batch(make_examples()[:1])) is pieces
    assert words.pieces(other, other.batch(make_examples())) is not pieces


def test_a_format_that_leaves_words_out_is_refused_by_name() -> None:
    model = tiny_model("causal", format=GnerFormat(context_window=0))
    with pytest.raises(UserError, match="as Mine forces them, or another; got one that leaves words out"):
        ForcedWords("Mine", otherwise=", or another").pieces(model, model.batch(make_examples()))


def test_a_batch_can_allow_less_than_the_network() -> None:
    model = tiny_model("causal")
    batch = model.batch(make_examples()[:2])
    assert all(room > 1000 for room in room_for_answers(model, batch))
    batch.length_limit = 7
    assert room_for_answers(model, batch) == [7, 7]


def test_scores_are_products_and_missing_words_leave_an_answer_unfinished() -> None:
    model, example = tiny_model("causal"), make_examples()[0]
    marks, end = ["B-person", "I-person", "O"], model.tokenizer.eos_token_id
    cut = forced_generation(model, example, marks, [0.5, 0.5, 0.9], tokens=[7], log_probs=[-1.0])
    assert (cut.text, cut.finished) == ("Ada(B-person) Lovelace(I-person) wrote(O)", False)
    assert cut.entities == (Entity(0, 2, "person", 0.25),)
    whole = forced_generation(model, example, [*marks, "O", "O", "O"], [1.0] * 6, tokens=[7, end], log_probs=[])
    assert whole.finished
