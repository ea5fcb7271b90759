"""Sessions answer batches one after another, and may answer some examples of a batch later than others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gner.interfaces import Batch
from gner.records import Prediction

Result = TypeVar("Result")


@dataclass(frozen=True)
class Done(Generic[Result]):
    """What came out for an example.

    Attributes:
        batch: The one that the example was added with.
        place: Which of its examples it is.
        result: Its prediction, or what was written for its rows.
    """

    batch: Batch
    place: int
    result: Result


class Session(ABC, Generic[Result]):
    """Takes batches, and gives each of their examples back once, as soon as it is done and in no particular order.

    What comes out for an example does not depend on when, nor on the batches before and after its own. With sharded
    weights, every process adds as many batches as the others, and finishes.
    """

    @abstractmethod
    def add(self, batch: Batch) -> list[Done[Result]]:
        """Take a batch; called without gradients.

        Returns:
            Examples that are done now, of this batch or of earlier ones.
        """

    @abstractmethod
    def finish(self) -> list[Done[Result]]:
        """Do what is left.

        Returns:
            All other examples.
        """


class AtOnce(Session[Result]):
    """Answers every batch when it is added.

    Args:
        answer: Gives the results of a batch's examples, in order.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> session = AtOnce(lambda batch: [len(example.words) for example in batch.examples])
        >>> [done.result for done in session.add(tiny_model("causal").batch(make_examples()[:2]))], session.finish()
        ([6, 1], [])
    """

    def __init__(self, answer: Callable[[Batch], Sequence[Result]]) -> None:
        self._answer = answer

    def add(self, batch: Batch) -> list[Done[Result]]:
        """Answer a batch."""
        return [Done(batch, place, result) for place, result in enumerate(self._answer(batch))]

    def finish(self) -> list[Done[Result]]:
        """Nothing is left."""
        return []


def results_of(session: Session[Result], batch: Batch) -> list[Result]:
    """What a session of one batch gives, in the order of its examples.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> results_of(AtOnce(lambda batch: ["a", "b"]), tiny_model("causal").batch(make_examples()[:2]))
        ['a', 'b']
    """
    done = [*session.add(batch), *session.finish()]
    return [one.result for one in sorted(done, key=lambda one: one.place)]


class Predictor(ABC):
    """What turns examples into predictions; all that needs predictions calls one.

    What it gives for an example does not depend on the examples beside it.
    """

    @abstractmethod
    def predict(self, batch: Batch) -> list[Prediction]:
        """Tags and entities for the examples of a batch, in order.

        Called without gradients. On several processes each has batches of its own.

        Args:
            batch: E examples, R rows; the gold tags of the examples are not looked at.

        Returns:
            E predictions.
        """

    def session(self) -> Session[Prediction]:
        """For the batches of a validation, or of a file."""
        return AtOnce(self.predict)
