"""Tests of drafts of lists, against answers that are known; the networks are in test_speculative.py."""

from collections.abc import Sequence

import pytest

from gner.decoding.answer_tokens import AnswerTokenizer
from gner.decoding.entity_guesses import EntityGuesses, EntityMemory
from gner.decoding.list_completion import ListCompleter
from gner.decoding.list_drafter import ListDrafter
from gner.decoding.token_memory import TokenMemory
from gner.prompting import Format, GollieFormat, InstructUieFormat, UniNerFormat
from gner.records import Example
from gner.testing import tiny_model
from tests.conftest import make_example

FORMATS = [UniNerFormat(), InstructUieFormat(), GollieFormat(baseline=True)]
SENTENCE = make_example(
    "Ada/B-person Lovelace/I-person met/O Zoë/B-person in/O New/B-city York/I-city ./O", types=("person", "city")
)


def _passes(format: Format, example: Example, memory: EntityMemory, answer: str | None = None) -> int:
    """Passes to write the first right answer, or another text."""
    model = tiny_model("causal", format=format)
    tokens = AnswerTokenizer(model, example)
    grammars = format.grammars(example)
    assert grammars is not None
    completer = ListCompleter(grammars[0], example, EntityGuesses(memory, example))
    drafter = ListDrafter(tokens, completer, TokenMemory(), " ".join(example.words))
    target = [*tokens.of(format.queries(example)[0].target if answer is None else answer), model.tokenizer.eos_token_id]
    passes = 0
    while drafter.written != target:
        passes += 1
        draft = drafter.draft(min(64, len(target) - len(drafter.written) - 1))
        drafter.accept(draft, _choices(draft, target[len(drafter.written) :], model.tokenizer.pad_token_id))
    return passes


def _choices(draft: Sequence[int], wanted: Sequence[int], other: int) -> list[int]:
    """What a model that writes a text wants in the place of each token, and next; another token after a difference."""
    agreed = next((at for at, token in enumerate(draft) if token != wanted[at]), len(draft))
    return [*wanted[: agreed + 1], *[other] * (len(draft) - agreed)]


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.scorer)
def test_an_answer_that_is_expected_takes_one_pass(format: Format) -> None:
    memory = EntityMemory()
    memory.learn(SENTENCE, SENTENCE.tags)
    assert _passes(format, SENTENCE, memory) == 1


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.scorer)
def test_no_entities_are_expected_of_words_that_are_not_known(format: Format) -> None:
    nothing = make_example("all/O quiet/O here/O", types=("person", "city"))
    assert _passes(format, nothing, EntityMemory()) == 1


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.scorer)
def test_strings_are_copied_once_the_model_has_begun_them(format: Format) -> None:
    model = tiny_model("causal", format=format)
    num_tokens = len(model.tokenizer(format.queries(SENTENCE)[0].target, add_special_tokens=False)["input_ids"])
    assert 3 * _passes(format, SENTENCE, EntityMemory()) <= 2 * (num_tokens + 1)


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.scorer)
@pytest.mark.parametrize(
    "answer", ["", "[", "no list at all " * 8, ' ["Ada", "who is not here", "New York"', "\ud83d 東京"]
)
def test_any_text_is_followed_to_its_end(format: Format, answer: str) -> None:
    answer = answer.encode("utf-8", "replace").decode()
    assert _passes(format, SENTENCE, EntityMemory(), answer) <= 2 + len(answer)
