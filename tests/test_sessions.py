"""Sessions give every example back once."""

from gner.interfaces import Batch
from gner.records import AlignmentReport, Prediction
from gner.sessions import AtOnce, Done, Predictor, Session, results_of
from gner.testing import make_examples, tiny_model


class _Late(Session[int]):
    """Gives the examples of a batch back in reverse, and with the next batch."""

    def __init__(self) -> None:
        self._waiting: list[Done[int]] = []

    def add(self, batch: Batch) -> list[Done[int]]:
        done, self._waiting = self._waiting, [Done(batch, place, place) for place in reversed(range(len(batch)))]
        return done

    def finish(self) -> list[Done[int]]:
        return self._waiting


def test_results_are_in_the_order_of_the_examples() -> None:
    assert results_of(_Late(), tiny_model("causal").batch(make_examples()[:3])) == [0, 1, 2]


def test_a_session_that_does_not_wait_answers_every_batch_when_it_comes() -> None:
    model = tiny_model("causal")
    session = AtOnce(lambda batch: [example.id for example in batch.examples])
    for some in (make_examples()[:2], make_examples()[2:]):
        batch = model.batch(some)
        assert session.add(batch) == [Done(batch, place, example.id) for place, example in enumerate(some)]
    assert session.finish() == []


def test_a_predictor_answers_at_once_unless_it_says_otherwise() -> None:
    class Nothing(Predictor):
        def predict(self, batch: Batch) -> list[Prediction]:
            return [Prediction((), (), AlignmentReport()) for _ in batch.examples]

    session = Nothing().session()
    assert len(session.add(tiny_model("causal").batch(make_examples()))) == len(make_examples())
