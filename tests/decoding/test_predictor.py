"""One prediction for each example of a batch."""

import pytest
import torch

from gner.decoding import DecodingStrategy, Greedy
from gner.decoding.predictor import GenerativePredictor
from gner.interfaces import Batch, Kind, TextModel
from gner.records import Counts, Generation
from gner.testing import make_examples, tiny_model
from tests.prompting.questions import EXAMPLE, QuestionFormat


class _Gold(DecodingStrategy):
    """Writes the right answers."""

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        targets = []
        for example in batch.examples:
            targets += [query.target for query in model.format.queries(example)]
        return [Generation([], target, [], True) for target in targets]


def test_a_predictor_gives_one_prediction_for_the_rows_of_an_example() -> None:
    model = tiny_model(Kind.CAUSAL, format=QuestionFormat())
    examples = [EXAMPLE, *make_examples()]
    predictions = GenerativePredictor(model, _Gold()).predict(model.batch(examples))
    assert [len(prediction.generations) for prediction in predictions] == [3, 2, 2, 2, 2, 2]
    assert predictions[0].tags == EXAMPLE.tags
    assert predictions[0].official == Counts(3, 3, 3)


class _Counts(Greedy):
    """Greedy search that remembers how many rows it was given at a time, and what they ask for."""

    def __init__(self) -> None:
        super().__init__(max_new_tokens=4)
        self.asked: list[tuple[str, ...]] = []

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        assert len(batch.prompt_ids) == len(batch.prompt_mask) == len(batch.prompt_lengths) == batch.num_rows
        self.asked += [example.types for example in batch.examples]
        return super().generate(model, batch)


@pytest.mark.parametrize("kind", list(Kind)[:2])
def test_many_types_of_an_example_are_asked_for_in_several_goes_and_read_together(kind: Kind) -> None:
    model = tiny_model(kind, format=QuestionFormat())
    batch = model.batch([EXAMPLE])
    with torch.inference_mode():
        [whole] = GenerativePredictor(model, Greedy(max_new_tokens=4)).predict(batch)
        batch.most_rows, strategy = 2, _Counts()
        [prediction] = GenerativePredictor(model, strategy).predict(batch)
    assert strategy.asked == [("person", "place"), ("car",)]
    assert [one.text for one in prediction.generations] == [one.text for one in whole.generations]
    assert prediction.tags == whole.tags
    batch.most_rows = 1
    assert GenerativePredictor(model, _Gold()).predict(batch)[0].tags == EXAMPLE.tags


def test_rows_that_depend_on_each_other_and_those_of_several_examples_are_written_together() -> None:
    model = tiny_model(Kind.CAUSAL, format=QuestionFormat())
    batch = model.batch([EXAMPLE, EXAMPLE])
    batch.most_rows, strategy = 1, _Counts()
    with torch.inference_mode():
        GenerativePredictor(model, strategy).predict(batch)
    assert strategy.asked == [EXAMPLE.types] * 2
