"""One prediction for each example of a batch."""

from gner.decoding import DecodingStrategy
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
