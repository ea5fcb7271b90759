"""Reading answers that branch, with a cache of all branches."""

import random

import pytest

from gner.decoding.branch_reader import BranchReader
from gner.decoding.log_probs import token_log_probs
from gner.decoding.tree_node import AnswerNode
from gner.testing import TinyModel, make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.rows import TokenCounter, alone, examples_with_questions, model_of_questions

pytestmark = pytest.mark.usefixtures("no_gradients")
Asked = list[tuple[int, AnswerNode, list[int]]]


def _check(model: TinyModel, reader: BranchReader, asked: Asked) -> None:
    """Compare with texts that are read one by one."""
    for (row, node, tokens), values in zip(asked, reader.log_probs(asked), strict=True):
        batch = model.batch([make_examples()[row]])
        for token, value in zip(tokens, values, strict=True):
            [expected] = token_log_probs(model.network, batch, [[*node.tokens(), token]])
            assert value == pytest.approx(expected[-1], abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_branches_are_read_as_if_each_were_alone(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.decoding.tree_node._MOST_COLUMNS", 4)
    model, rng = tiny_model(kind), random.Random(kind)
    reader = BranchReader(model.network, model.batch(make_examples()[:3]))
    rows = [0, 1, 2]
    _check(model, reader, [(row, reader.roots[row].after([7, 8][:row]), [5, 6]) for row in rows])
    for number in range(8):
        asked = [
            (row, reader.roots[row].after(rng.choices(range(5, 8), k=rng.randint(1, 6))), [5, 9])
            for row in rows
            for _ in range(3)
        ]
        _check(model, reader, asked)  # some were read before, or dropped
        rows = [0, 2] if number > 4 else rows
        reader.keep({row: [node for at, node, _ in asked if at == row][:2] for row in rows}, num_answers=2)
    assert reader.num_passes == 9


def test_memory_does_not_grow_with_the_number_of_branches() -> None:
    model = tiny_model("causal")
    reader = BranchReader(model.network, model.batch(make_examples()[:1]))
    [root] = reader.roots
    reader.log_probs([(0, root.after([5] * 20), [6])])
    nodes, widest = [], 0
    for number in range(40):
        nodes.append(root.after([6 + number, *[5] * 19]))
        reader.log_probs([(0, nodes[-1], [6])])
        reader.keep({0: nodes}, num_answers=2)
        num_kept = sum(node.column is not None for node in _below(root))
        widest = max(widest, num_kept)
    assert 40 < widest <= 2 * 2 * 20  # twice as many as two answers have, and not all 820
    assert reader.room() > 100


def _below(root: AnswerNode) -> list[AnswerNode]:
    found = [*root.children.values()]
    for node in found:
        found += node.children.values()
    return found


def test_a_process_without_questions_reads_prompts_too() -> None:
    model = tiny_model("causal")
    batch = model.batch(make_examples()[:2])
    reader, counter = BranchReader(model.network, batch), TokenCounter(model.network)
    reader.idle()
    assert counter.taken() == sum(batch.prompt_lengths) + 1  # and one through the head, as in a pass with questions
    reader.idle()
    assert counter.passes[0] == 1 and reader.num_passes == 2


def test_what_questions_about_a_text_begin_with_is_read_once() -> None:
    model = model_of_questions()
    batch = model.batch(examples_with_questions())
    counter = TokenCounter(model.network)
    reader = BranchReader(model.network, batch)
    asked = [(row, reader.roots[row].after([7, 8, 9]), [10]) for row in range(batch.num_rows)]
    found = reader.log_probs(asked)
    assert counter.taken() < batch.prompt_ids.numel() * 0.6
    for row, [value] in enumerate(found):
        [expected] = token_log_probs(model.network, alone(batch, row), [[7, 8, 9, 10]])
        assert value == pytest.approx(expected[-1], abs=1e-4)
