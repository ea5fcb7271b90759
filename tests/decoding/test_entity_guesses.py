"""Tests of which entities are expected."""

from gner.decoding.entity_guesses import EntityGuesses, EntityMemory
from gner.records import Entity
from tests.conftest import make_example

TYPES = ("person", "city")


def _memory(*texts: str) -> EntityMemory:
    memory = EntityMemory()
    for text in texts:
        example = make_example(text, types=TYPES)
        memory.learn(example, example.tags)
    return memory


def test_a_sentence_that_was_seen_is_recalled() -> None:
    example = make_example("Ada/B-person in/O Rome/B-city", types=TYPES)
    assert EntityGuesses(_memory("Ada/B-person in/O Rome/B-city"), example).entities == [
        Entity(0, 1, "person"),
        Entity(2, 3, "city"),
    ]


def test_words_beside_tell_the_type_of_a_word_that_is_new() -> None:
    memory = _memory("he/O lives/O in/O Rome/B-city", "she/O lives/O in/O Oslo/B-city", "it/O met/O Ada/B-person")
    example = make_example("we/O live/O in/O Bern/O", types=TYPES)
    assert EntityGuesses(memory, example).likeliest(["person", "city"], [3]) == Entity(3, 4, "city")


def test_types_that_a_sentence_does_not_offer_are_not_expected() -> None:
    example = make_example("in/O Rome/O today/O", types=("person",))
    assert all(entity.type == "person" for entity in EntityGuesses(_memory("in/O Rome/B-city"), example).entities)


def test_longer_names_go_on_as_before() -> None:
    memory = _memory("in/O New/B-city York/I-city now/O", "in/O New/B-city York/I-city then/O")
    example = make_example("to/O New/O York/O then/O", types=TYPES)
    assert EntityGuesses(memory, example).end(1, "city") == 3


def test_a_word_that_another_answer_has_is_taken() -> None:
    guesses = EntityGuesses(EntityMemory(), make_example("in/O Rome/O", types=TYPES))
    guesses.claim(Entity(1, 2, "city"))
    assert not guesses.is_free(Entity(0, 2, "person"))
    assert guesses.is_free(Entity(0, 1, "person"))


def test_without_words_nothing_is_likely() -> None:
    guesses = EntityGuesses(EntityMemory(), make_example("in/O Rome/O", types=TYPES))
    assert guesses.likeliest(["city"], []) is None


def test_what_is_read_for_a_sentence_replaces_what_was_read_before() -> None:
    memory = _memory("in/O Rome/B-person", "in/O Rome/B-city")
    once = _memory("in/O Rome/B-city")
    example = make_example("near/O Rome/O", types=TYPES)
    assert memory.scores(example, 1, "O") == once.scores(example, 1, "O")


def test_other_types_of_a_sentence_are_remembered_apart() -> None:
    memory = _memory("in/O Rome/B-city")
    memory.learn(make_example("in/O Rome/O", types=("person",)), ["O", "O"])
    assert memory.recall(make_example("in/O Rome/O", types=TYPES)) == ("O", "B-city")
