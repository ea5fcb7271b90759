"""Prompts in batches: everything is answered, in order, whatever fits into memory."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gner.decoding import DecodingStrategy, Greedy, Speculative
from gner.decoding.predictor import GenerativePredictor
from gner.errors import UserError
from gner.inference.torch_engine import ExampleSize, TorchEngine, is_out_of_memory
from gner.interfaces import Batch, TextModel
from gner.records import Generation
from gner.sessions import Done, Session
from gner.testing import make_examples, tiny_model
from tests.prompting.questions import QuestionFormat


class _Narrow(DecodingStrategy):
    """Greedy search on a device with room for so many tokens."""

    def __init__(self, room: int, error: Callable[[], Exception]) -> None:
        self._greedy = Greedy(max_new_tokens=3)
        self._room = room
        self._error = error
        self.batches: list[tuple[int, int]] = []

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        self.batches.append(tuple(batch.prompt_ids.shape))
        if batch.prompt_ids.numel() > self._room:
            raise self._error()
        return self._greedy.generate(model, batch)


def _decode(strategy: DecodingStrategy, batch_size: int = 4, batch_tokens: int = 10_000) -> tuple[list[str], int]:
    model = tiny_model("causal")
    examples = make_examples() * 4
    sizes = [ExampleSize(sum(row.size)) for row in model.collate.encode(examples)]
    engine = TorchEngine(model.collate, torch.device("cpu"), batch_size=batch_size, batch_tokens=batch_tokens)
    predictions = engine(examples, sizes, GenerativePredictor(model, strategy))
    return [prediction.generations[0].text for prediction in predictions], engine.num_halved


def test_answers_come_in_the_order_of_the_examples() -> None:
    one_by_one, _ = _decode(Greedy(max_new_tokens=3), batch_size=1)
    together, num_halved = _decode(Greedy(max_new_tokens=3), batch_size=7)
    assert one_by_one == together
    assert len(set(one_by_one)) > 1
    assert num_halved == 0


@pytest.mark.parametrize(
    "error",
    [
        lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        lambda: RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate"),
        lambda: RuntimeError("MPS backend out of memory"),
        MemoryError,
    ],
)
def test_where_memory_runs_out_the_batch_is_halved_and_stays_small(error: Callable[[], Exception]) -> None:
    expected, _ = _decode(Greedy(max_new_tokens=3))
    narrow = _Narrow(room=150, error=error)
    found, num_halved = _decode(narrow, batch_size=20)
    assert found == expected
    assert num_halved > 0
    assert sum(rows * length > 150 for rows, length in narrow.batches) == num_halved <= 5  # 20, 10, 5, …


def test_a_prompt_that_does_not_fit_alone_is_refused() -> None:
    with pytest.raises(UserError, match="does not fit in memory even as a batch of one"):
        _decode(_Narrow(room=0, error=MemoryError))


def test_other_errors_are_not_taken_for_a_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shape mismatch"):
        _decode(_Narrow(room=0, error=lambda: RuntimeError("shape mismatch")))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_batches_have_no_more_tokens_than_asked_for() -> None:
    wide = _Narrow(room=10**9, error=MemoryError)
    _decode(wide, batch_size=20, batch_tokens=200)
    assert len(wide.batches) > 4
    assert all(rows == 1 or rows * length <= 200 for rows, length in wide.batches)
    assert all(rows <= 20 for rows, _ in wide.batches)


@pytest.mark.parametrize("option", ["batch_size", "batch_tokens"])
def test_batches_of_nothing_are_refused(option: str) -> None:
    with pytest.raises(UserError, match=option):
        _decode(Greedy(), **{option: 0})


@pytest.mark.parametrize(("rows_that_fit", "num_halved"), [(50, 0), (3, 2), (1, 3)])
def test_the_questions_about_one_text_need_not_fit_into_memory_together(rows_that_fit: int, num_halved: int) -> None:
    model, types = tiny_model("causal", format=QuestionFormat()), tuple(f"type {number}" for number in range(50))
    example = replace(make_examples()[0], types=types, tags=("O",) * 6)
    length = max(len(row.prompt) for row in model.collate.encode([example]))
    engine = TorchEngine(model.collate, torch.device("cpu"), batch_size=8, batch_tokens=10_000)
    narrow = _Narrow(room=rows_that_fit * length, error=MemoryError)
    [prediction] = engine([example], [ExampleSize(length, 50)], GenerativePredictor(model, narrow))
    assert len(prediction.generations) == 50
    assert narrow.batches[0][0] == 8 and engine.num_halved == num_halved  # 8, 4, 2, 1 at a time
    with pytest.raises(UserError, match="does not fit in memory even as a batch of one"):
        engine([example], [ExampleSize(length, 50)], GenerativePredictor(model, _Narrow(room=1, error=MemoryError)))


class _NarrowPool(Speculative):
    """Speculative decoding where memory runs out now and then, with rows of earlier batches in the pool."""

    def __init__(self, failures: set[int]) -> None:
        super().__init__()
        self.failures = failures
        self.num_steps = 0

    def session(self, model: TextModel) -> Session[list[Generation]]:
        pooling, step = super().session(model), self._step

        class Failing(Session[list[Generation]]):
            def add(self, batch: Batch) -> list[Done[list[Generation]]]:
                step()
                return pooling.add(batch)

            def finish(self) -> list[Done[list[Generation]]]:
                step()
                return pooling.finish()

        return Failing()

    def _step(self) -> None:
        self.num_steps += 1
        if self.num_steps in self.failures:
            raise MemoryError


@pytest.mark.parametrize("failures", [set(), {1}, {3}, {4}, {2, 5}])
def test_rows_that_wait_in_a_pool_are_answered_too(failures: set[int]) -> None:
    expected, _ = _decode(Greedy(), batch_size=7)
    found, num_halved = _decode(_NarrowPool(failures), batch_size=7)
    assert found == expected
    assert num_halved == len(failures)


def test_what_is_asked_first_is_answered_before_anything_else_is_known() -> None:
    model, speculative = tiny_model("causal"), Speculative()
    engine = TorchEngine(model.collate, torch.device("cpu"), batch_size=4, batch_tokens=10_000)
    predictor = GenerativePredictor(model, speculative)
    for example in make_examples():  # one text after another, as from a stream
        [prediction] = engine([example], [ExampleSize(40)], predictor)
        assert len(prediction.tags) == len(example.words)
