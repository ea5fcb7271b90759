"""The batch, and what a configuration says of a backbone."""

from gner.interfaces import Kind
from gner.records import Example
from gner.testing import make_examples, tiny_model
from tests.prompting.questions import EXAMPLE, QuestionFormat


def test_all_rows_of_an_example_are_in_one_batch() -> None:
    examples: list[Example] = [EXAMPLE, *make_examples()]
    model = tiny_model(Kind.CAUSAL, format=QuestionFormat())
    batch = model.collate(examples)
    assert [batch.owners.count(owner) for owner in range(len(examples))] == [3, 2, 2, 2, 2, 2]
    first = batch.first(2)
    assert first.owners == [0, 0, 0, 1, 1] and len(first) == 2 and first.prompt_ids.shape[0] == 5
    twice = first.repeated(2)
    assert twice.owners == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1] and len(twice.examples) == 2
