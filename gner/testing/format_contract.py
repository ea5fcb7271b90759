"""The contract of prompt formats, tried on a few sentences and on texts that no model should have written."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from gner.alignment import OfficialAligner, PostProcessor, RobustAligner
from gner.bio import repair
from gner.prompting import Format
from gner.prompting.serialize import to_config
from gner.records import Example
from gner.testing.grammar_contract import GRAMMAR_RULES
from gner.testing.tagged_pairs import as_examples

_SENTENCES = [
    ("Ada B-person", "Lovelace I-person", "wrote O", "to O", "London B-place", ". O"),
    ("nothing O", "here O"),
    ("O'Neil B-person", "of O", '5" B-place', "is O", "here O"),
    ("Zürich B-place", "and O", "Grace B-person", "Hopper I-person", "( O", "東京 B-place", ") O"),
]
_STRANGE_TEXTS = ["", " ", "\n", "[", "((((", '["Ada"', "None", "Ada(B-person", "\ud800", "x " * 500, "[" * 5000]


def _without_tags(example: Example) -> Example:
    return replace(example, tags=("O",) * len(example.tags))


def _targets(format: Format, example: Example) -> list[str]:
    return [query.target for query in format.queries(example)]


def check_format(format: Format) -> None:
    """Check everything in `FORMAT_CONTRACT`.

    Raises:
        AssertionError: The format breaks a rule; the message says which.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> check_format(GnerFormat())
        >>> check_format(GnerFormat(context_window=0))
    """
    for check in FORMAT_CONTRACT:
        for example in as_examples(_SENTENCES):
            check(format, example)


def gold_tags_are_in_answers_only(format: Format, example: Example) -> None:
    """Prompts, and how many there are, depend on words and types, not on the tags that are to be found."""
    queries = format.queries(example)
    blind = format.queries(_without_tags(example))
    assert queries, "expected at least one query"
    assert [query.prompt for query in queries] == [query.prompt for query in blind], (
        "expected the same prompts when the gold tags are others"
    )
    num_queries = format.num_queries(example)
    assert num_queries == len(queries), f"expected `num_queries` to be {len(queries)}, got {num_queries}"


def right_answers_give_the_gold_tags(format: Format, example: Example) -> None:
    """The targets of the queries, read back, are the gold tags, where no name occurs twice.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> class Short(GnerFormat):
        ...     def draft(self, example, tags):
        ...         return super().draft(example, tags)[:13]
        >>> [example] = as_examples([("Ada B-person", "saw O", "Rome B-place")])
        >>> right_answers_give_the_gold_tags(Short(), example)
        Traceback (most recent call last):
            ...
        AssertionError: expected the tags ('B-person', 'O', 'B-place'), read ('B-person', 'O', 'O')
    """
    prediction = format.read(example, _targets(format, example), RobustAligner())
    assert prediction.tags == example.tags, f"expected the tags {example.tags}, read {prediction.tags}"
    assert not prediction.report.unplaced, "expected every string of a right answer to be found"


def any_text_gives_one_tag_per_word(format: Format, example: Example) -> None:
    """``read`` takes whatever a model wrote, and gives valid tags and their entities."""
    for text in _STRANGE_TEXTS:
        prediction = format.read(example, [text] * len(format.queries(example)), RobustAligner())
        assert len(prediction.tags) == len(example.words), f"expected one tag per word for {text[:20]!r}"
        assert repair(prediction.tags) == (prediction.tags, 0), f"expected valid tags, got {prediction.tags}"


def reading_does_not_look_at_gold_tags(format: Format, example: Example) -> None:
    """``read`` depends on words, types and texts only."""
    texts = _targets(format, example)
    blind = _without_tags(example)
    assert format.read(example, texts, RobustAligner()) == format.read(blind, texts, RobustAligner()), (
        "expected the same prediction when the gold tags are others"
    )


def training_text_has_something_to_learn(format: Format, example: Example) -> None:
    """Each sequence that training reads has a learned segment, and the same generator gives the same sequences."""
    for write in (format.training, format.seq2seq_training):
        sequences = write(example, random.Random(0))
        assert sequences, "expected at least one sequence to train on"
        for sequence in sequences:
            assert any(segment.learned for segment in sequence), "expected a learned segment in each sequence"
        assert sequences == write(example, random.Random(0)), "expected all randomness to come from `rng`"


def queries_are_prompts_and_an_answer(format: Format, example: Example) -> None:
    """``query_segments`` has a sequence for each query, of which the last segment is learned and depends on tags."""
    sequences = format.query_segments(example)
    num_queries = len(format.queries(example))
    assert len(sequences) == num_queries, f"expected segments of {num_queries} queries, got {len(sequences)}"
    for sequence in sequences:
        learned = [segment.learned for segment in sequence]
        assert learned == [False] * (len(learned) - 1) + [True] != [True], (
            f"expected segments of a prompt, and one that is learned, got {sequence}"
        )
    prompts = [sequence[:-1] for sequence in sequences]
    blind = [sequence[:-1] for sequence in format.query_segments(_without_tags(example))]
    assert prompts == blind, "expected the same segments of prompts when the gold tags are others"


def answers_start_as_told(format: Format, example: Example) -> None:
    """``answer_start`` is white space, and every answer starts with it."""
    start = format.answer_start
    assert not start.strip(), f"expected white space as `answer_start`, got {start!r}"
    for target in _targets(format, example):
        assert target.startswith(start), f"expected an answer that starts with {start!r}, got {target!r}"


def entities_are_where_they_were_written(format: Format, example: Example) -> None:
    """``written``, where ``read`` fills it in, has a part of a text for each entity."""
    right = _targets(format, example)
    for texts in (right, *([text] * len(right) for text in _STRANGE_TEXTS)):
        prediction = format.read(example, texts, RobustAligner())
        if prediction.written:
            assert len(prediction.written) == len(prediction.entities), "expected as many places as entities"
        for place in prediction.written:
            is_in_text = 0 <= place.text < len(texts) and 0 <= place.start < place.end <= len(texts[place.text])
            assert is_in_text, f"expected a place in the texts, got {place} for {texts}"


def right_answers_are_not_too_long(format: Format, example: Example) -> None:
    """``longest_answer``, where it is not None, is at least as long as every right answer."""
    longest = format.longest_answer(example)
    for target in _targets(format, example) if longest is not None else []:
        assert len(longest or "") >= len(target), f"expected a text as long as {target!r}, got {longest!r}"


def the_scorer_has_a_name(format: Format, example: Example) -> None:
    """``official_counts`` counts right answers as right if ``scorer`` names a scorer, and is None otherwise."""
    counts = format.official_counts(example, _targets(format, example), OfficialAligner())
    assert (counts is None) == (format.scorer is None), "expected `scorer` to be set if, and only if, there are counts"
    if counts is not None:
        assert counts.num_correct == counts.num_predicted == counts.num_gold, f"expected all to be right, got {counts}"


def variants_have_names(format: Format, example: Example) -> None:
    """``variant_counts`` gives as many counts as ``variants`` has names, and counts right answers as right."""
    assert len({*format.scorers}) == len(format.scorers), f"expected names that differ, got {format.scorers}"
    variants = format.variant_counts(example, _targets(format, example))
    assert len(variants) == len(format.variants), f"expected {len(format.variants)} counts, got {len(variants)}"
    for name, counts in zip(format.variants, variants, strict=True):
        is_right = counts.num_correct == counts.num_predicted == counts.num_gold
        assert is_right, f"expected all to be right for {name}, got {counts}"


def options_are_attributes(format: Format, example: Example) -> None:
    """A format made anew from its attributes writes the same, so that it can be stored with a model."""
    missing = [name for name in inspect.signature(type(format)).parameters if not hasattr(format, name)]
    assert not missing, f"expected every option as an attribute of its name, found none called {', '.join(missing)}"
    again = type(format)(**to_config(format)["init_args"])
    assert again.queries(example) == format.queries(example), "expected every option as an attribute of its name"
    assert PostProcessor(again)(example, _targets(again, example)).tags == example.tags


FORMAT_CONTRACT: Sequence[Callable[[Format, Example], None]] = (
    gold_tags_are_in_answers_only,
    right_answers_give_the_gold_tags,
    any_text_gives_one_tag_per_word,
    reading_does_not_look_at_gold_tags,
    training_text_has_something_to_learn,
    queries_are_prompts_and_an_answer,
    answers_start_as_told,
    entities_are_where_they_were_written,
    *GRAMMAR_RULES,
    right_answers_are_not_too_long,
    the_scorer_has_a_name,
    variants_have_names,
    options_are_attributes,
)
"""The rules, each of which takes a format and an example and raises an AssertionError that says what is wrong."""
