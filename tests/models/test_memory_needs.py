"""Memory beyond tensors, and the batch that needs most."""

import pytest

from gner.errors import UserError
from gner.models.memory_needs import GIB, Shape, largest_batch, needed_memory, parse_memory


def test_amounts_are_read() -> None:
    assert [parse_memory(text, "--gpu") for text in ("24GB", "24 GiB", "24G", "24")] == [24 * GIB] * 4
    assert parse_memory(None, "--gpu") is None
    assert parse_memory("1.5GB", "--gpu") == 1.5 * GIB


def test_other_texts_are_refused_with_their_option() -> None:
    with pytest.raises(UserError, match=r"got lots\. Set --gpu-memory\."):
        parse_memory("lots", "--gpu-memory")


def test_rows_of_an_example_stay_together() -> None:
    assert largest_batch([[(5, 1)] * 3, [(9, 9)]], batch_size=1) == Shape(3, 9, 9)


def test_some_memory_is_never_ours() -> None:
    assert needed_memory(0) > GIB
    assert needed_memory(GIB) > GIB + needed_memory(0)
