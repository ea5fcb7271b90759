import pytest

from gner.bio import tags_of
from gner.prompting.boundaries import BOUNDARIES, Boundaries
from gner.prompting.tag_grammar import squeeze, tag_grammar

TYPES = ("city", "hero (made up)")


@pytest.mark.parametrize("boundaries", BOUNDARIES)
def test_tags_of_all_schemes_are_understood(boundaries: Boundaries) -> None:
    grammar = tag_grammar(TYPES, boundaries)
    for written, tag in [
        ("B-City", "B-city"),
        ("e-city", "I-city"),
        ("S- hero(made up)", "B-hero (made up)"),
        ("o", "O"),
    ]:
        assert grammar.canonical[squeeze(written)] == tag
    for tag in tags_of(TYPES):
        found = grammar.loose.fullmatch(f"( {tag.lower()} )")
        assert found is not None and grammar.written_tag(found)[0] == tag


@pytest.mark.parametrize(
    ("boundaries", "prefix", "tag"),
    [
        ("bio", "B-ci", "B-city"),
        ("bio", "S-ci", None),
        ("bioes", "s-ci", "B-city"),
        ("bioes", "E", None),
        ("none", "ci", "B-city"),
        ("none", "B-ci", None),
        ("none", "", None),
    ],
)
def test_the_start_of_one_tag_is_completed(boundaries: Boundaries, prefix: str, tag: str | None) -> None:
    assert tag_grammar(TYPES, boundaries).completed(prefix) == tag


@pytest.mark.parametrize(
    ("boundaries", "text", "tags"),
    [
        ("bio", "a(S-city) b(B-x y) c(O)", ["B-x y", "O"]),
        ("bioes", "a(S-city) b(E-x y) c(O)", ["S-city", "E-x y", "O"]),
        ("none", "(a)(city) b((x)(O) c(town) ((O)", ["city", "O", "town", "O"]),
    ],
)
def test_what_the_released_scorer_takes_for_tags(boundaries: Boundaries, text: str, tags: list[str]) -> None:
    assert tag_grammar(TYPES, boundaries).official.findall(text) == tags
