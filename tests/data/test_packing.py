"""Packed sequences hold what separate ones hold."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from gner.data.packing import PackedRow, pack_rows
from gner.interfaces import IGNORED
from gner.packed_rows import PADDING, SHARED, PackedRows

PAD = 99
LENGTHS = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 6)), min_size=2, max_size=12)


def _rows(num_shared: int, lengths: list[tuple[int, int]]) -> list[PackedRow]:
    """Rows with the same beginning, each with a prompt and an answer of its own."""
    rows = []
    for number, (prompt, answer) in enumerate(lengths):
        before = [1] * num_shared + [10 + number] * prompt
        rows.append(PackedRow(before + [50 + number] * answer, [IGNORED] * len(before) + [50 + number] * answer))
    return rows


def _read(packed: PackedRows, bin_: int, segment: int) -> tuple[list[int], list[int], list[int]]:
    """Tokens, positions and targets of a sequence, as its last token sees it."""
    place = int((packed.segments[bin_] == segment).nonzero().max())
    seen = packed.visible()[bin_, place]
    parts = (packed.input_ids, packed.position_ids, packed.targets)
    tokens, positions, targets = (part[bin_][seen].tolist() for part in parts)
    return tokens, positions, targets


@given(st.integers(0, 60), LENGTHS)
def test_each_sequence_is_read_as_it_is(num_shared: int, lengths: list[tuple[int, int]]) -> None:
    rows = _rows(num_shared, lengths)
    packed = pack_rows(rows, pad=PAD, hidden_size=16)
    if packed is None:
        return
    found = []
    for bin_, segments in enumerate(packed.segments.tolist()):
        for segment in sorted(set(segments) - {SHARED, PADDING}):
            tokens, positions, targets = _read(packed, bin_, segment)
            assert positions == list(range(len(tokens)))
            found.append((tokens, targets))
    expected = [(row.tokens, [*row.labels[1:], IGNORED]) for row in rows]
    assert sorted(found) == sorted(expected)
    assert (packed.targets != IGNORED).sum() == sum(answer for _, answer in lengths)
    is_padding = packed.segments == PADDING
    assert torch.equal(is_padding, packed.input_ids == PAD)


def test_less_is_computed_than_for_separate_sequences() -> None:
    packed = pack_rows(_rows(100, [(5, 5)] * 8), pad=PAD, hidden_size=256)
    assert packed is not None
    assert packed.input_ids.numel() < 0.3 * 8 * 110


def test_a_small_network_has_shorter_bins() -> None:
    rows = _rows(100, [(50, 50)] * 8)
    widths = [pack_rows(rows, pad=PAD, hidden_size=size) for size in (48, 1024)]
    small, large = (packed.input_ids.shape[1] for packed in widths if packed is not None)
    assert small < large


def test_nothing_is_packed_where_nothing_is_saved() -> None:
    assert pack_rows(_rows(0, [(5, 5)] * 4), pad=PAD, hidden_size=64) is None
    assert pack_rows(_rows(9, [(5, 5)]), pad=PAD, hidden_size=64) is None


def test_a_learned_token_is_never_after_a_shared_one() -> None:
    """Equal sentences have equal prompts and answers, and each answer counts."""
    rows = [PackedRow([1] * 20 + [5, 6], [IGNORED] * 20 + [5, 6])] * 4
    packed = pack_rows(rows, pad=PAD, hidden_size=64)
    assert packed is not None
    assert not (packed.targets[packed.segments == SHARED] != IGNORED).any()
    assert (packed.targets == 5).sum() == 4
