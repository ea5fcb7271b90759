"""Tests of how a partly written list goes on."""

import json

import pytest

from gner.decoding.entity_guesses import EntityGuesses, EntityMemory
from gner.decoding.list_completion import ListCompleter
from gner.prompting import GollieFormat, InstructUieFormat, UniNerFormat
from gner.records import Entity
from tests.conftest import make_example

SENTENCE = make_example(
    "Ada/B-person Lovelace/I-person met/O Zoë/B-person in/O New/B-city York/I-city ./O", types=("person", "city")
)
FORMATS = [UniNerFormat(), InstructUieFormat(), GollieFormat(baseline=True)]


def _completer(format: object, *, known: bool) -> ListCompleter:
    memory = EntityMemory()
    if known:
        memory.learn(SENTENCE, SENTENCE.tags)
    [grammar, *_] = format.grammars(SENTENCE)  # type: ignore[attr-defined]
    return ListCompleter(grammar, SENTENCE, EntityGuesses(memory, SENTENCE))


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.scorer)
def test_every_beginning_of_a_known_answer_is_completed_to_it(format: UniNerFormat) -> None:
    answer = format.queries(SENTENCE)[0].target.lstrip()
    for size in range(len(answer) + 1):
        completion = _completer(format, known=True).complete(answer[:size])
        assert completion is not None and completion.text == answer, answer[:size]


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.scorer)
def test_completions_begin_with_what_was_written(format: UniNerFormat) -> None:
    answer = format.queries(SENTENCE)[0].target.lstrip()
    completer = _completer(format, known=False)
    for size in range(len(answer) + 1):
        completion = completer.complete(answer[:size])
        assert completion is not None and completion.text.startswith(answer[:size])


def test_a_string_is_continued_at_its_place_with_escapes() -> None:
    completion = _completer(UniNerFormat(), known=False).complete('["Zo\\u')
    assert completion is not None
    assert json.loads(completion.text)[0].startswith("Zoë")
    [mark, *_] = completion.marks
    assert completion.text[mark.start : mark.end].startswith("Zo\\u00eb")


def test_what_is_no_list_is_not_completed() -> None:
    assert _completer(UniNerFormat(), known=True).complete("Ada") is None


def test_an_expected_entity_gives_way_to_what_the_model_starts() -> None:
    completer = _completer(UniNerFormat(), known=True)
    completer.expect_start(Entity(0, 2, "person"), "Zo")
    assert [entity.start for entity in completer.entities] == [3]
    completer.expect_start(completer.entities[0], "")
    assert not completer.entities


def test_an_end_that_was_too_early_is_expected_later() -> None:
    example = make_example("x/O " * 12, types=("person",))
    other = make_example("x/B-person y/O x/B-person z/O " * 9, types=("person",))
    memory = EntityMemory()
    memory.learn(other, other.tags)
    [grammar] = UniNerFormat().grammars(example)
    completer = ListCompleter(grammar, example, EntityGuesses(memory, example))
    ends = []
    for written in ('["x', '["x x', '["x x x'):
        completion = completer.complete(written)
        assert completion is not None
        ends.append(completion.marks[0].entity.end)
    assert ends == sorted(ends) and ends[-1] > 3


def test_an_answer_is_expected_to_have_an_entity_where_one_is_not_unlikely() -> None:
    memory = EntityMemory()
    for text in ("in/O Rome/B-city", "in/O Rome/O today/O"):
        memory.learn(seen := make_example(text, types=("city",)), seen.tags)
    example = make_example("in/O Rome/O now/O", types=("city",))
    [grammar] = UniNerFormat().grammars(example)
    completion = ListCompleter(grammar, example, EntityGuesses(memory, example)).complete("")
    assert completion is not None and completion.text == '["Rome"]'


def test_neighbors_of_a_type_stay_apart() -> None:
    example = make_example("Ada/B-person Bob/B-person", types=("person",))
    memory = EntityMemory()
    memory.learn(example, example.tags)
    [grammar] = UniNerFormat().grammars(example)
    completion = ListCompleter(grammar, example, EntityGuesses(memory, example)).complete('["A')
    assert completion is not None and completion.text == '["Ada", "Bob"]'
