"""Counts, duplicates and contradictory annotations."""

from hypothesis import given
from hypothesis import strategies as st

from gner.data.check.findings import count, find_duplicates, find_name_clashes, find_sentence_clashes, histogram
from tests.conftest import make_example


def test_counts_include_types_without_entities() -> None:
    counts = count([make_example("Ada/B-person slept/O", 1), make_example("it/O rained/O again/O", 2)])
    assert (counts.num_sentences, counts.num_words, counts.num_entities, counts.num_empty) == (2, 5, 1, 1)
    assert dict(counts.types) == {"person": 1, "place": 0}
    assert counts.longest.id == "2"


def test_duplicates_are_found_within_and_between_splits() -> None:
    one, other = make_example("Ada/B-person", 1), make_example("London/B-place", 2)
    again, third = make_example("Ada/B-person", 3), make_example("Ada/O", 4)
    found = find_duplicates({"train": [one, other, again], "test": [third]})
    assert [(item.where, item.number) for item in found] == [
        ("that are in train already", 1),
        ("of test that are in train", 1),
    ]
    assert found[0].places == ["toy.txt:3 as toy.txt:1: Ada"]
    assert found[1].places == ["toy.txt:4 as toy.txt:1: Ada"]


def test_contradictory_sentences_and_names_are_found() -> None:
    examples = [
        make_example("Ada/B-person Ohio/B-place", 1),
        make_example("Ada/O Ohio/B-place", 2),
        make_example("Ohio/B-person won/O", 3),
    ]
    [sentence] = find_sentence_clashes(examples)
    assert sentence.what == "Ada Ohio"
    assert sentence.places == ["toy.txt:1: Ada (person), Ohio (place)", "toy.txt:2: Ohio (place)"]
    [name] = find_name_clashes(examples)
    assert (name.what, name.places) == (
        "Ohio",
        ["place 2 times, first toy.txt:1", "person 1 times, first toy.txt:3"],
    )


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_a_histogram_has_every_length_in_one_of_few_bins(lengths: list[int]) -> None:
    bins = histogram(lengths)
    assert len(bins) <= 12
    assert [sum(one.start <= length < one.end for length in lengths) for one in bins] == [one.number for one in bins]
    assert sum(one.number for one in bins) == len(lengths)
