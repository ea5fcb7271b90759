import torch

from gner.packed_rows import PADDING, PackedRows


def test_a_token_sees_what_is_shared_its_own_sequence_and_nothing_later() -> None:
    segments = torch.tensor([[0, 0, 1, 1, 2, PADDING]])
    seen = PackedRows(segments, segments, segments, segments).visible()[0]
    found = [row.nonzero().flatten().tolist() for row in seen]
    assert found == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 4], [0, 1, 5]]


def test_padding_is_not_counted_and_all_parts_move() -> None:
    segments = torch.tensor([[0, 1, PADDING]])
    packed = PackedRows(segments, segments, segments, segments)
    assert packed.num_tokens == 2
    moved = packed.to("meta")
    assert {value.device.type for value in vars(moved).values()} == {"meta"}
    assert packed.segments.device.type == "cpu"
