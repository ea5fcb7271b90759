"""Greedy search."""

import pytest
import torch

from gner.decoding import Greedy
from gner.records import Example
from gner.testing import TinyModel

pytestmark = pytest.mark.usefixtures("no_gradients")


def test_greedy_takes_the_most_probable_token_at_every_step(model: TinyModel, examples: list[Example]) -> None:
    """Against a loop without cache or padding."""
    [generation] = Greedy(max_new_tokens=12).generate(model, model.batch(examples[:1]))
    prompt = model.batch(examples[:1]).prompt_ids
    written: list[int] = []
    for token, log_prob in zip(generation.token_ids, generation.token_log_probs, strict=True):
        so_far = torch.tensor([written], dtype=torch.long)
        if model.network.config.is_encoder_decoder:
            start = torch.tensor([[model.network.config.decoder_start_token_id]])
            logits = model.network(input_ids=prompt, decoder_input_ids=torch.cat([start, so_far], 1)).logits
        else:
            logits = model.network(input_ids=torch.cat([prompt, so_far], 1)).logits
        log_probs = logits[0, -1].log_softmax(-1)
        assert token == log_probs.argmax()
        assert log_prob == pytest.approx(log_probs[token].item(), abs=1e-4)
        written.append(token)
