"""The score of an entity is the probability of its tags."""

from math import log

import pytest

from gner.alignment.confidence import EntityScorer
from gner.alignment.postprocess import PostProcessor
from gner.bio import to_entities
from gner.prompting import GnerFormat
from gner.records import Entity, Example, Generation, Prediction
from gner.testing import tiny_model

TOKENIZER = tiny_model("causal").tokenizer
WORDS = ("Ada", "Lovelace", "met", "東京🎉", "x")
TYPES = ("person", "big place")


def _predict(text: str, log_probs: dict[str, float], entities: tuple[Entity, ...] | None = None) -> Prediction:
    """Read a text whose tokens have the log-probability 0 but for some pieces, each spread over its tokens."""
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
    example = Example(WORDS, ("O",) * len(WORDS), TYPES, "", "")
    generation = Generation([*ids, TOKENIZER.eos_token_id], text, [*values, log(0.5)], True, entities)
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
