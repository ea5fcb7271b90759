"""Log-probabilities of written tokens."""

import pytest
import torch

from gner.decoding.log_probs import token_log_probs
from gner.interfaces import Kind
from gner.testing import TinyModel, make_examples, tiny_model
from tests.decoding.networks import NETWORKS, with_network
from tests.decoding.rows import TokenCounter, alone, examples_with_questions, model_of_questions

pytestmark = pytest.mark.usefixtures("no_gradients")
ANSWERS = [[7, 8, 9, 7, 8], [11], [30, 4, 5]]


def _one_by_one(model: TinyModel, row: int, answer: list[int]) -> list[float]:
    """A pass for each token, without padding."""
    prompt = model.batch(make_examples()[row : row + 1]).prompt_ids
    found = []
    for place, token in enumerate(answer):
        before = torch.tensor([answer[:place]], dtype=torch.long)
        if model.network.config.is_encoder_decoder:
            start = torch.tensor([[model.network.config.decoder_start_token_id]])
            logits = model.network(input_ids=prompt, decoder_input_ids=torch.cat([start, before], 1)).logits
        else:
            logits = model.network(input_ids=torch.cat([prompt, before], 1)).logits
        found.append(logits[0, -1].log_softmax(-1)[token].item())
    return found


@pytest.mark.parametrize("name", ["t5", "llama", *NETWORKS])
def test_a_batch_in_one_pass_gives_what_a_pass_for_each_token_gives(name: str) -> None:
    model = tiny_model({"t5": Kind.SEQ2SEQ, "llama": Kind.CAUSAL}.get(name) or NETWORKS[name])
    model = with_network(model, name) if name in NETWORKS else model
    found = token_log_probs(model.network, model.batch(make_examples()[:3]), ANSWERS)
    for row, (answer, values) in enumerate(zip(ANSWERS, found, strict=True)):
        assert values == pytest.approx(_one_by_one(model, row, answer), abs=1e-4)


def test_texts_without_tokens_have_no_log_probabilities() -> None:
    model = tiny_model("causal")
    batch = model.batch(make_examples()[:2])
    assert token_log_probs(model.network, batch, [[], []]) == [[], []]
    assert [len(row) for row in token_log_probs(model.network, batch, [[], [5, 6]])] == [0, 2]


def test_what_questions_about_a_text_begin_with_is_read_once() -> None:
    model = model_of_questions()
    batch = model.batch(examples_with_questions())
    answers = [ANSWERS[row % 3] for row in range(batch.num_rows)]
    counter = TokenCounter(model.network)
    found = token_log_probs(model.network, batch, answers)
    assert len(counter.passes) == 2 and counter.taken() < batch.prompt_ids.numel()
    for row, (answer, values) in enumerate(zip(answers, found, strict=True)):
        [expected] = token_log_probs(model.network, alone(batch, row), [answer])
        assert values == pytest.approx(expected, abs=1e-4)
