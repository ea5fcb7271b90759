import torch

from gner.testing import tiny_tagger


def test_a_tiny_tagger_is_the_same_each_time_and_leaves_the_random_state_alone() -> None:
    state = torch.get_rng_state()
    one, other = (tiny_tagger("bert").network.state_dict() for _ in range(2))
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert torch.equal(torch.get_rng_state(), state)
