"""Tests of the tokens of whole answers."""

import pytest

from gner.decoding.answer_tokens import AnswerTokenizer
from gner.prompting import Format, GnerFormat, GollieFormat, InstructUieFormat, UniNerFormat
from gner.testing import make_examples, tiny_model
from tests.conftest import KINDS

FORMATS = [GnerFormat(instruction=None), UniNerFormat(), InstructUieFormat(), GollieFormat(baseline=True)]


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.scorer)
@pytest.mark.parametrize("kind", KINDS)
def test_answers_have_the_tokens_that_training_gave_them(kind: str, format: Format) -> None:
    model = tiny_model(kind, format=format)
    examples = make_examples()
    tokens = AnswerTokenizer(model, examples[0])
    targets = [query.target for example in examples for query in format.queries(example)]
    end = model.tokenizer.eos_token_id
    for target, row in zip(targets, model.collate.encode(examples), strict=True):
        assert [*tokens.of(target), end] == row.answer
        assert "".join(map(tokens.text, row.answer)).strip() == target.strip()


def test_it_is_for_one_model() -> None:
    model, other = tiny_model("causal"), tiny_model("seq2seq")
    tokens = AnswerTokenizer(model, make_examples()[0])
    assert tokens.is_for(model) and not tokens.is_for(other)
