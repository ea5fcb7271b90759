"""The score of an entity is the probability of its tags."""

from dataclasses import replace
from math import log

import pytest

from gner.alignment.confidence import EntityScorer
from gner.alignment.postprocess import PostProcessor
from gner.alignment.token_texts import TokenTexts
from gner.bio import to_entities
from gner.prompting import GnerFormat
from gner.records import Entity, Example, Generation, Prediction
from gner.testing import tiny_model
from tests.prompting.questions import QuestionFormat

TOKENIZER = tiny_model("causal").tokenizer
WORDS = ("Ada", "Lovelace", "met", "東京🎉", "x")
TYPES = ("person", "big place")


def _generation(text: str, log_probs: dict[str, float]) -> Generation:
    """A text whose tokens have the log-probability 0 but for some pieces, each spread over its tokens."""
    ids = list(TOKENIZER(text, add_special_tokens=False)["input_ids"])
    values = [0.0] * len(ids)
    for piece, total in log_probs.items():
        start = text.index(piece)
        inside = [
            at
            for at in range(len(ids))
            if len(TOKENIZER.decode(ids[:at])) < start + len(piece) and len(TOKENIZER.decode(ids[: at + 1])) > start
        ]
        for at in inside:
            values[at] = total / len(inside)
    return Generation([*ids, TOKENIZER.eos_token_id], text, [*values, log(0.5)], True)


def _predict(text: str, log_probs: dict[str, float], entities: tuple[Entity, ...] | None = None) -> Prediction:
    """Read a text."""
    generation = replace(_generation(text, log_probs), entities=entities)
    example = Example(WORDS, ("O",) * len(WORDS), TYPES, "", "")
    prediction = PostProcessor(GnerFormat())(example, [text])
    scored = EntityScorer(TOKENIZER)(prediction, [generation])
    assert [(e.start, e.end, e.type) for e in scored.entities] == [
        (e.start, e.end, e.type) for e in to_entities(scored.tags)
    ]
    return scored


def test_tags_count_and_words_do_not() -> None:
    text = "Ada(B-person) Lovelace(I-person) met(O) 東京🎉(B-big place) x(O)"
    likely = {
        "B-person": log(0.8),
        "I-person": log(0.5),
        "Lovelace": log(0.1),
        "met": log(0.1),
        "B-big place": log(0.9),
    }
    person, place = _predict(text, likely).entities
    assert person.score == pytest.approx(0.4)
    assert place.score == pytest.approx(0.9)


def test_a_tag_that_words_share_counts_once_and_words_that_were_left_out_do_not() -> None:
    text = "Ada Lovelace(B-person) met(O) x(O)"
    [person] = _predict(text, {"B-person": log(0.7)}).entities
    assert (person.start, person.end, person.score) == (0, 2, pytest.approx(0.7))


def test_a_repaired_tag_has_the_score_of_what_was_written() -> None:
    [person] = _predict(" Ada(O) Lovelace( i-person ) met(O)", {"i-person": log(0.6)}).entities
    assert (person.start, person.score) == (1, pytest.approx(0.6))


def test_scores_that_a_strategy_gives_are_taken() -> None:
    given = (Entity(0, 2, "person", 0.3), Entity(4, 5, "person", 0.9))
    [person] = _predict("Ada(B-person) Lovelace(I-person) met(O)", {"B-person": log(0.8)}, given).entities
    assert person.score == 0.3


def test_without_places_there_are_no_scores() -> None:
    prediction = PostProcessor(GnerFormat(), aligner="official")(
        Example(WORDS, ("O",) * 5, TYPES, "", ""), ["Ada(B-person)"]
    )
    generation = Generation([5], "Ada(B-person)", [-1.0], True)
    assert [entity.score for entity in EntityScorer(TOKENIZER)(prediction, [generation]).entities] == [None]


def _lists(*generations: Generation) -> list[tuple[str, float | None]]:
    """Type and score of what is read of a text for each type."""
    example = Example(WORDS, ("O",) * len(WORDS), TYPES, "", "")
    prediction = PostProcessor(QuestionFormat(), scorer=EntityScorer(TOKENIZER)).read(example, generations)
    return [(entity.type, entity.score) for entity in prediction.entities]


EMPTY = _generation("[]", {"[]": log(0.1)})


def test_strings_of_lists_count_and_what_is_between_them_does_not() -> None:
    likely = {"Ada Lovelace": log(0.4), '", "': log(0.3), "met": log(0.7), '"]': log(0.2)}
    person, place = '["Ada Lovelace", "met"]', '["東京🎉"]'
    expected = [("person", pytest.approx(0.4)), ("person", pytest.approx(0.7)), ("big place", pytest.approx(0.9))]
    assert _lists(_generation(person, likely), _generation(place, {"東京🎉": log(0.9), '["': log(0.1)})) == expected


def test_each_string_has_its_score_from_its_own_text() -> None:
    for first, second in ((0.8, 0.3), (0.3, 0.8)):
        texts = _generation('["x"]', {"x": log(first)}), _generation('["met"]', {"met": log(second)})
        assert _lists(*texts) == [("big place", pytest.approx(second)), ("person", pytest.approx(first))]


def test_a_token_that_a_string_shares_with_what_is_around_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokenizer may well have a token for ``["A``, which does not tell where the string starts."""
    tokens = {0: '["A', 1: 'da", "', 2: 'x"]', 3: ""}
    monkeypatch.setattr(TokenTexts, "of", lambda texts, token: tokens[token])
    generation = Generation([0, 1, 2, 3], '["Ada", "x"]', [log(0.5), log(0.8), log(0.9), log(0.1)], True)
    assert _lists(generation, replace(generation, token_ids=[3], token_log_probs=[0.0], text="")) == [
        ("person", pytest.approx(0.4)),
        ("person", pytest.approx(0.9)),
    ]


def test_white_space_that_is_not_in_the_text_moves_nothing() -> None:
    whole = _generation('["Ada"]', {"Ada": log(0.8), '["': log(0.1), '"]': log(0.2)})
    ids = TOKENIZER('  ["Ada"]', add_special_tokens=False)["input_ids"]
    dropped = len(ids) + 1 - len(whole.token_ids)
    spaced = replace(
        whole,
        token_ids=[*ids, TOKENIZER.eos_token_id],
        token_log_probs=[0.0] * dropped + whole.token_log_probs,
    )
    put_back = replace(whole, text=f"  {whole.text}")
    assert dropped > 0
    for generation in (whole, spaced, put_back):
        assert _lists(generation, EMPTY) == [("person", pytest.approx(0.8))]


def test_white_space_that_is_put_back_before_characters_of_several_tokens_moves_nothing() -> None:
    whole = _generation('["東京🎉", "Ada"]', {"Ada": log(0.8), '", "': log(0.1), '"]': log(0.2)})
    for text in (whole.text, f" {whole.text}"):
        assert _lists(replace(whole, text=text), EMPTY)[0] == ("person", pytest.approx(0.8))


def test_a_string_that_occurs_twice_gives_both_entities_its_score() -> None:
    example = Example(("Ada", "met", "Ada"), ("O",) * 3, TYPES, "", "")
    texts = [_generation('["Ada"]', {"Ada": log(0.8), '"]': log(0.2)}), EMPTY]
    prediction = PostProcessor(QuestionFormat(), scorer=EntityScorer(TOKENIZER)).read(example, texts)
    assert [entity.score for entity in prediction.entities] == [pytest.approx(0.8)] * 2
