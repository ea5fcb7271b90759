"""The most harmful disagreements come first."""

from gner.data.compare.annotated import Annotated
from gner.data.compare.ranking import TagsElsewhere, rank
from gner.records import Entity
from tests.data.compare.annotations import annotated


def _ranked(*pairs: tuple[Annotated, Annotated]) -> list[str]:
    return [one.b.place for one in rank(pairs, TagsElsewhere([a for a, _ in pairs]))]


def test_a_sure_model_comes_before_many_disagreements() -> None:
    a = annotated("Ada Bob Cyd")
    many = annotated("Ada Bob Cyd", *(Entity(n, n + 1, "person", 0.6) for n in range(3)), place="many")
    sure = annotated("Ada Bob Cyd", Entity(0, 1, "person", 0.9), place="sure")
    unscored = annotated("Ada Bob Cyd", *(Entity(n, n + 1, "person") for n in range(3)), place="unscored")
    same = annotated("Ada Bob Cyd", place="same")
    assert _ranked((a, unscored), (a, many), (a, same), (a, sure)) == ["sure", "many", "unscored"]


def test_entities_that_agree_do_not_count() -> None:
    ada, oslo = Entity(0, 1, "person", 0.99), Entity(2, 3, "city", 0.5)
    a = annotated("Ada left Oslo", Entity(0, 1, "person"))
    other = annotated("Ada left Oslo", ada, Entity(2, 3, "city", 0.7), place="other")
    assert _ranked((a, annotated("Ada left Oslo", ada, oslo, place="one")), (a, other)) == ["other", "one"]


def test_without_scores_many_disagreements_come_first_then_what_contradicts_itself() -> None:
    milan = annotated("Milan", Entity(0, 1, "city"))
    odd = annotated("Milan", Entity(0, 1, "club"))
    single = annotated("Rex", Entity(0, 1, "club"))
    many = annotated("Ada Bob", Entity(0, 1, "person"), Entity(1, 2, "person"))
    city = annotated("Milan", Entity(0, 1, "city"), place="contradicts")
    pairs = [(single, annotated("Rex", place="single")), (odd, city), (many, annotated("Ada Bob", place="many"))]
    assert _ranked(*pairs, (milan, milan), (milan, milan)) == ["many", "contradicts", "single"]


def test_equal_ones_keep_their_order() -> None:
    pairs = [(annotated(word, Entity(0, 1, "x")), annotated(word, place=word)) for word in ("b", "a", "c")]
    assert _ranked(*pairs) == ["b", "a", "c"]
