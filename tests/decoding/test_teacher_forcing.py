"""Log-probabilities of given answers, with a KV cache of what is settled."""

import pytest

from gner.decoding.log_probs import token_log_probs
from gner.decoding.teacher_forcing import AnswerReader
from gner.interfaces import Kind
from gner.testing import TinyModel, make_examples, tiny_model
from tests.decoding.networks import NETWORKS, with_network
from tests.decoding.rows import TokenCounter, alone, examples_with_questions, model_of_questions

pytestmark = pytest.mark.usefixtures("no_gradients")
FIRST = [[7, 8, 9, 10], [11, 12, 13, 14, 15, 16], [30, 4, 5]]
SETTLED = {0: [7, 8, 9], 1: [11, 12], 2: [30, 4]}
LATER = [[7, 8, 9, 20, 21], [11, 12, 40, 41, 42], [30, 4, 6]]


def _model(name: str) -> TinyModel:
    model = tiny_model({"t5": Kind.SEQ2SEQ, "llama": Kind.CAUSAL}.get(name) or NETWORKS[name])
    return with_network(model, name) if name in NETWORKS else model


def _asked(answers: list[list[int]], num_places: int) -> list[list[tuple[int, int]]]:
    """The written token and another one, in each of the last places."""
    return [[(token, token + 1) for token in answer[-num_places:]] for answer in answers]


@pytest.mark.parametrize("name", ["t5", "llama", *NETWORKS])
def test_a_cache_of_settled_tokens_does_not_change_probabilities(name: str) -> None:
    model = _model(name)
    batch = model.batch(make_examples()[:3])
    reader = AnswerReader(model.network, batch)
    reader.log_probs([0, 1, 2], FIRST, _asked(FIRST, 3))
    reader.settle(SETTLED)
    found = reader.log_probs([0, 1, 2], LATER, _asked(LATER, 1))
    for row, (answer, places) in enumerate(zip(LATER, found, strict=True)):
        for at, token in enumerate(_asked(LATER, 1)[row][0]):
            other = model.batch([batch.examples[row]])
            [expected] = token_log_probs(model.network, other, [[*answer[:-1], token]])
            assert places[0][at] == pytest.approx(expected[-1], abs=1e-4)
    assert reader.num_passes == 2


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_several_answers_to_some_of_the_prompts_are_read_in_one_pass(name: str) -> None:
    model = _model(name)
    batch = model.batch(make_examples()[:3])
    reader = AnswerReader(model.network, batch)
    reader.log_probs([0, 1, 2], FIRST, _asked(FIRST, 1))
    reader.settle({0: SETTLED[0], 2: SETTLED[2]})
    rows, answers = [2, 0, 2], [LATER[2], LATER[0], [30, 4, 9, 9]]
    found = reader.log_probs(rows, answers, [[(token,) for token in answer[2:]] for answer in answers])
    for row, answer, places in zip(rows, answers, found, strict=True):
        [expected] = token_log_probs(model.network, model.batch([batch.examples[row]]), [answer])
        assert [value for [value] in places] == pytest.approx(expected[2:], abs=1e-4)


def test_what_questions_about_a_text_begin_with_is_read_once() -> None:
    model = model_of_questions()
    batch = model.batch(examples_with_questions())
    counter = TokenCounter(model.network)
    reader = AnswerReader(model.network, batch)
    some = [3, 9, 3, 4]
    answers = [FIRST[0], FIRST[1], FIRST[2], FIRST[0]]
    found = reader.log_probs(some, answers, _asked(answers, 2))  # before all rows were read
    assert counter.taken() < batch.prompt_ids.numel() / 2
    every = list(range(batch.num_rows))
    reader.log_probs(every, [FIRST[0]] * len(every), _asked([FIRST[0]] * len(every), 1))
    reader.settle({3: FIRST[0][:2], 9: FIRST[0][:3]})
    rows, later = [9, 3], [LATER[0], [7, 8, 30]]
    after = reader.log_probs(rows, later, _asked(later, 1))
    for row, answer, places in [*zip(some, answers, found, strict=True), *zip(rows, later, after, strict=True)]:
        [expected] = token_log_probs(model.network, alone(batch, row), [answer])
        assert [written for written, _ in places] == pytest.approx(expected[-len(places) :], abs=1e-4)
