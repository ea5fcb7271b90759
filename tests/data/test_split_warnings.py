"""Warnings about training and validation data that do not go together."""

import warnings

import pytest

from gner.data.split_warnings import find_empty, find_shared, find_untrained, warn_of_splits
from gner.records import Example


def _example(text: str, dataset: str = "news", place: str = "") -> Example:
    pairs = [pair.rsplit("/", 1) for pair in text.split()]
    words, tags = zip(*pairs, strict=True)
    return Example(words, tags, ("person", "city"), dataset, "0", place)


def _warned(train: list[Example], val: list[Example]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_splits(train, val)
    return [str(warning.message) for warning in caught]


ADA, BOB, ROME = "Ada/B-person left/O", "Bob/B-person left/O", "Rome/B-city fell/O"


def test_good_splits_are_not_warned_of() -> None:
    assert not _warned([_example(ADA), _example(ROME)], [_example(BOB)])


def test_shared_sentences_are_counted_with_the_first_place() -> None:
    train = [_example(ADA, place="train.txt:1"), _example(ROME, place="train.txt:4"), _example(ROME)]
    val = [_example(BOB), _example(ROME, place="dev.txt:7"), _example(ROME), _example(ADA, "own", "own.txt:1")]
    [message] = _warned(train, val)
    assert "2 of 3 sentences of `news` (the first: dev.txt:7, trained on as train.txt:4)" in message
    assert "1 of 1 sentences of `own` (the first: own.txt:1, trained on as train.txt:1)" in message
    assert "can be divided: see `split`" in message
    assert "divided" not in _warned(train, val[:3])[0]


def test_types_that_are_never_trained_on_are_named() -> None:
    train = [_example("Ada/B-per left/O"), _example("x/O")]
    val = [_example("Bob/B-PER left/O"), _example("Rome/B-city Oslo/B-city")]
    [message] = _warned(train, val)
    assert message == (
        "Entities of `news` in data.val have types that none in data.train has: `city` (2 times), `PER` (1 times; did "
        "you mean `per`?)."
    )


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ([_example(ADA)], [_example(ROME, "movies")]),  # zero-shot
        ([_example(ADA), _example(ROME, "movies")], [_example("Oslo/B-city")]),  # known from another dataset
    ],
)
def test_types_that_need_not_be_trained_on_are_not(train: list[Example], val: list[Example]) -> None:
    assert not find_untrained(train, val)
    assert not _warned(train, val)


def test_a_dataset_without_entities_is_named() -> None:
    train, val = [_example("x/O"), _example(ADA, "own")], [_example("y/O"), _example(BOB, "own")]
    messages = _warned(train, val)
    assert [message.partition(" has")[0] for message in messages] == [
        "No sentence of `news` in data.train",
        "No sentence of `news` in data.val",
    ]
    assert find_empty(train) == ["news"]


def test_nothing_is_found_in_nothing() -> None:
    assert (find_shared([], []), find_untrained([], []), find_empty([])) == ({}, {}, [])
