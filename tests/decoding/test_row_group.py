"""Groups of rows can be divided and put together, and are written as each batch by itself."""

import random

import pytest

from gner.decoding import Greedy
from gner.decoding.drafting import WordDrafts
from gner.decoding.row_group import AnswerRow, RowGroup
from gner.interfaces import Batch
from gner.testing import TinyModel, make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import with_architecture

pytestmark = pytest.mark.usefixtures("no_gradients")
LENGTH = 24


def _group(model: TinyModel, batch: Batch) -> tuple[RowGroup, list[AnswerRow]]:
    source = WordDrafts()
    rows = [AnswerRow(source, drafter, 9, LENGTH, stops_loops=False) for drafter in source.drafters(model, batch)]
    return RowGroup(model.network, batch, rows, end=model.tokenizer.eos_token_id), rows


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", [*KINDS, "padded"])
def test_rows_are_written_the_same_in_whatever_company(kind: str, seed: int) -> None:
    model = tiny_model("causal" if kind == "padded" else kind, seed)
    if kind == "padded":  # attention that cannot be replaced
        model = with_architecture(model, "llama", "eager")
    rng, examples = random.Random(seed), make_examples()
    batches = [model.batch(rng.sample(examples, k=rng.randrange(1, 6))) for _ in range(5)]
    expected = [Greedy(LENGTH).generate(model, batch) for batch in batches]
    pool, rows = _group(model, batches[0])
    pool.advance()
    written = [rows]
    for batch in batches[1:]:
        group, rows = _group(model, batch)
        written.append(rows)
        for _ in range(rng.randrange(1, 4)):  # of different lengths
            if group:
                group.advance()
        while group and pool:
            pool.join(group.split(rng.randrange(1, len(group) + 1)))
            pool.advance()
        pool = group or pool
    while pool:
        pool.advance()
    for generations, rows in zip(expected, written, strict=True):
        for generation, row in zip(generations, rows, strict=True):
            found = row.generation(model)
            assert (found.token_ids, found.text, found.finished) == (
                generation.token_ids,
                generation.text,
                generation.finished,
            )
            assert found.token_log_probs == pytest.approx(generation.token_log_probs, abs=1e-4)
