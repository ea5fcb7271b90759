"""What most samples say."""

import pytest
import torch

from gner.decoding import NucleusSampling
from gner.decoding.vote import vote
from gner.errors import UserError
from gner.records import Entity, Generation
from gner.testing import TinyModel, make_examples, tiny_model
from tests.prompting.questions import QuestionFormat


def _vote(model: TinyModel, *texts: str, limit: int = 1000) -> Generation:
    example = make_examples()[0]
    ids = model.tokenizer([f"a {text}" for text in texts], add_special_tokens=False)["input_ids"]
    written = [[*row[1:], model.tokenizer.eos_token_id] for row in ids]
    with torch.inference_mode():
        [generation] = vote(model, model.batch([example]), written, [limit])
    return generation


def test_each_word_gets_the_tag_that_most_texts_give_it() -> None:
    generation = _vote(
        tiny_model("causal"),
        "Ada(B-person) Lovelace(I-person) wrote(O) to(O) London(B-place) .(O)",
        "Ada(B-person) Lovelace(I-person) wrote(O) to(O) London(O) .(O)",
        "Ada(B-place) Lovelace(I-place) wrote(O) London(O) .(O)",
        "Ada(B-person) wrote(O) to(O)",
    )
    assert generation.text == "Ada(B-person) Lovelace(I-person) wrote(O) to(O) London(O) .(O)"
    assert generation.finished
    assert generation.entities == (Entity(0, 2, "person", 0.5),)


def test_tags_of_a_vote_are_valid() -> None:
    generation = _vote(
        tiny_model("causal"),
        "Ada(B-person) Lovelace(I-person) wrote(O) to(O) London(O) .(O)",
        "Ada(O) Lovelace(B-place) wrote(O) to(O) London(O) .(O)",
        "Ada(O) Lovelace(I-person) wrote(O) to(O) London(O) .(O)",
    )
    assert generation.text.startswith("Ada(O) Lovelace(B-")


def test_what_wins_keeps_to_the_limit() -> None:
    model = tiny_model("causal")
    generation = _vote(model, "Ada(B-person)", "Ada(B-person) Lovelace(I-person) wrote(O)", limit=9)
    assert len(generation.token_ids) == len(generation.token_log_probs) == 9
    assert generation.text == model.tokenizer.decode(generation.token_ids)
    assert not generation.finished


def test_one_sample_is_what_sampling_gives() -> None:
    model = tiny_model("causal")
    with torch.inference_mode():
        [one] = NucleusSampling(seed=1).generate(model, model.batch(make_examples()[:1]))
        [voted] = NucleusSampling(seed=1, num_samples=3).generate(model, model.batch(make_examples()[:1]))
    assert one.entities is None
    assert voted.entities is not None


def test_a_format_without_tags_is_refused() -> None:
    model = tiny_model("causal", format=QuestionFormat())
    with torch.inference_mode(), pytest.raises(UserError, match="Expected a format that writes"):
        NucleusSampling(num_samples=3).generate(model, model.batch(make_examples()[:1]))
