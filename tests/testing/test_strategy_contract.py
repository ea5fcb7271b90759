"""Every strategy, built in or shipped by a plugin, keeps the contract, and one that breaks it is found out."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gner.decoding import BeamSearch, Constrained, DecodingStrategy, Greedy, NucleusSampling, OnePass, Speculative
from gner.decoding.limits import row_limits
from gner.interfaces import Batch, Kind, TextModel
from gner.records import Entity, Generation
from gner.sessions import Done, Session
from gner.testing import CONTRACT, TinyModel, check_strategy, make_examples, tiny_model
from tests.conftest import KINDS
from tests.prompting.questions import QuestionFormat

STRATEGIES = [
    Greedy(),
    BeamSearch(num_beams=3),
    NucleusSampling(top_p=0.9, temperature=0.7, seed=3),
    pytest.param(NucleusSampling(num_samples=3), marks=pytest.mark.slow),
    Speculative(),
    Constrained(),
    OnePass(),
    pytest.param(Constrained(num_beams=3), marks=pytest.mark.slow),
]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: type(strategy).__name__)
@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_strategies_keep_the_contract(
    kind: Kind, check: Callable[[DecodingStrategy, TinyModel], None], strategy: DecodingStrategy
) -> None:
    check(strategy, tiny_model(kind))


class Flawed(Greedy):
    """Greedy search that can be spoilt."""

    def __init__(self, spoil: Callable[[list[Generation], Batch], list[Generation]]) -> None:
        super().__init__()
        self._spoil = spoil

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        return self._spoil(super().generate(model, batch), batch)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows, batch: rows[1:], "generations for"),
        (lambda rows, batch: [replace(row, text=row.text + "!") for row in rows], "expected the text"),
        (lambda rows, batch: [replace(row, finished=not row.finished) for row in rows], "finished"),
        (lambda rows, batch: rows[::-1], "expected one log-probability|expected the log-probability"),
        (lambda rows, batch: [replace(row, token_log_probs=[]) for row in rows], "one log-probability per token"),
        (lambda rows, batch: [replace(row, entities=(Entity(0, 99, "person", 0.5),)) for row in rows], "no span"),
        (lambda rows, batch: [replace(row, entities=(Entity(0, 1, "person"),)) for row in rows], "needs a score"),
        (lambda rows, batch: (torch.rand(1), rows)[1], "random state"),
        (
            lambda rows, batch: [
                rows[at] if example.tags[0] != "O" else replace(rows[at], token_ids=[5], token_log_probs=[-1.0])
                for at, example in enumerate(batch.examples)
            ],
            "expected the text|log-probability|gold",
        ),
        (
            lambda rows, batch: [
                replace(row, token_ids=[5] * len(batch), text="(" * len(batch), token_log_probs=[-1.0] * len(batch))
                for row in rows
            ],
            "expected the text|log-probability|alone",
        ),
    ],
)
def test_a_strategy_that_breaks_the_contract_is_found_out(spoil: object, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_strategy(Flawed(spoil))  # type: ignore[arg-type]


class SharedLimit(Greedy):
    """Greedy search that gives the longest limit of a batch to all of its rows."""

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        return Greedy(max(row_limits(model, batch))).generate(model, batch)


def test_a_limit_that_rows_share_is_found_out() -> None:
    with pytest.raises(AssertionError, match=r"expected the same tokens for .* alone"):
        check_strategy(SharedLimit())


class Doubting(Session[list[Generation]]):
    """Gives what another session gives, but for its first example, or with it once more."""

    def __init__(self, session: Session[list[Generation]], num_first: int) -> None:
        self._session = session
        self._num_first = num_first

    def add(self, batch: Batch) -> list[Done[list[Generation]]]:
        done = self._session.add(batch)
        return [*done[:1] * self._num_first, *done[1:]]

    def finish(self) -> list[Done[list[Generation]]]:
        return self._session.finish()


@pytest.mark.parametrize("num_first", [0, 2])
def test_a_session_that_loses_or_doubles_an_example_is_found_out(num_first: int) -> None:
    class Losing(Greedy):
        def session(self, model: TextModel) -> Session[list[Generation]]:
            return Doubting(super().session(model), num_first)

    with pytest.raises(AssertionError, match="each example of each batch once"):
        check_strategy(Losing(4))


def test_a_session_that_writes_something_else_is_found_out() -> None:
    class Shorter(Greedy):
        def session(self, model: TextModel) -> Session[list[Generation]]:
            return Greedy(3).session(model)

    with pytest.raises(AssertionError, match="the same tokens in a session"):
        check_strategy(Shorter(4))


@pytest.mark.parametrize("kind", [Kind.SEQ2SEQ, Kind.CAUSAL])
@pytest.mark.parametrize("strategy", [Greedy(), BeamSearch(num_beams=2), NucleusSampling(seed=1), Speculative()])
def test_strategies_write_an_answer_for_each_row_whatever_is_beside_it(kind: Kind, strategy: DecodingStrategy) -> None:
    model = tiny_model(kind, format=QuestionFormat())
    examples = make_examples()
    batch = model.batch(examples)
    assert batch.owners == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    with torch.inference_mode():
        together = strategy.generate(model, batch)
        assert len(together) == batch.num_rows
        for position, example in enumerate(examples):
            alone = strategy.generate(model, model.batch([example]))
            assert [row.token_ids for row in alone] == [row.token_ids for row in together[2 * position :][:2]]
        if isinstance(strategy, Speculative):
            greedy = Greedy().generate(model, batch)
            assert [row.token_ids for row in together] == [row.token_ids for row in greedy]
