"""Pairing sentences by their words."""

from hypothesis import given
from hypothesis import strategies as st

from gner.data.compare.pairing import pair_sentences
from gner.records import Entity
from tests.data.compare.annotations import annotated

TEXTS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=8)


def test_repeated_sentences_are_paired_in_order() -> None:
    a = [annotated("x", place=f"a:{number}") for number in range(3)]
    b = [annotated("x", Entity(0, 1, "y"), place=f"b:{number}") for number in range(2)]
    pairs = pair_sentences(a, b)
    assert [(one.place, other.place) for one, other in pairs.both] == [("a:0", "b:0"), ("a:1", "b:1")]
    assert [one.place for one in pairs.only_a] == ["a:2"]
    assert not pairs.only_b


@given(TEXTS, TEXTS)
def test_no_sentence_is_lost(texts_a: list[str], texts_b: list[str]) -> None:
    a, b = ([annotated(text, place=str(n)) for n, text in enumerate(texts)] for texts in (texts_a, texts_b))
    pairs = pair_sentences(a, b)
    assert all(one.words == other.words for one, other in pairs.both)
    assert sorted([one for one, _ in pairs.both] + pairs.only_a) == sorted(a)
    assert sorted([other for _, other in pairs.both] + pairs.only_b) == sorted(b)
    assert not {one.words for one in pairs.only_a} & {one.words for one in pairs.only_b}
