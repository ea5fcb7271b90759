from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.alignment.postprocess import AlignerName, PostProcessor
from gner.bio import repair, tags_of
from gner.errors import UserError
from gner.prompting import GnerFormat
from gner.prompting.boundaries import BOUNDARIES, Boundaries, adjacent_entities
from gner.prompting.context_window import words_in_context
from gner.prompting.gner_parser import parse, parse_official
from gner.records import Example, TaggedWord

PIECES = [
    "(",
    ")",
    "O",
    "B-",
    "I-",
    "(O)",
    "(B-a)",
    "a",
    "x",
    " ",
    "...",
    "\uff08",
    "\uff09",
    ",",
    "52",
    "H2",
    "é",
    "\u3000",
]
WORDS = st.lists(st.sampled_from([piece for piece in PIECES if piece.strip()]), min_size=1, max_size=5).map("".join)
WORDS |= st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=5)
TYPES = ["a", "b c", "person (fictional)", "(x)", "A", "O", "B-a", "a(O)", "f(g(h)) i", "x-y/z", "\u7a2e\u985e"]


def _pairs(text: str) -> list[TaggedWord]:
    """Pairs written as ``word/tag word/tag``; ``_`` stands for a space."""
    return [TaggedWord(*part.replace("_", " ").rsplit("/", 1)) for part in text.split(" ") if part]


@st.composite
def adversarial_examples(draw: st.DrawFn) -> Example:
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=4, unique=True))
    words = draw(st.lists(WORDS, min_size=1, max_size=8))
    tags = draw(st.lists(st.sampled_from(tags_of(types)), min_size=len(words), max_size=len(words)))
    return Example(tuple(words), tuple(tags), tuple(types), "toy", "0")


@given(adversarial_examples())
def test_parsing_inverts_writing(example: Example) -> None:
    text = GnerFormat().draft(example, example.tags)
    expected = [TaggedWord(*pair) for pair in zip(example.words, example.tags, strict=True)]
    for whole in (text, f" {text}\n"):
        pairs, unparsed, places = parse(whole, example.words, example.types)
        assert (pairs, unparsed) == (expected, 0)
        assert [whole[start:end] for start, end in places] == list(example.tags)


@given(adversarial_examples(), st.integers(0, 2), st.sampled_from([None, "...", "[gap]"]))
def test_parsing_inverts_writing_with_a_context_window(example: Example, window: int, marker: str | None) -> None:
    form = GnerFormat(context_window=window, gap_marker=marker)
    pairs, unparsed, _ = parse(form.draft(example, example.tags), example.words, example.types, marker)
    tagged = list(zip(example.words, example.tags, strict=True))
    windows = [words_in_context(example.tags, width) for width in range(window, window + len(tagged) + 1)]
    expected = [[pair for pair, keep in zip(tagged, kept, strict=True) if keep] for kept in windows]
    assert pairs in expected  # the given window, or a wider one where that would be ambiguous
    assert unparsed == 0


@given(
    adversarial_examples(),
    st.sampled_from(BOUNDARIES),
    st.sampled_from([None, 0, 1, 2]),
    st.sampled_from([None, "...", "[gap]"]),
)
def test_what_is_written_is_read_back_or_refused(
    example: Example, boundaries: Boundaries, window: int | None, marker: str | None
) -> None:
    tags, _ = repair(example.tags)
    example = replace(example, tags=tags)
    form = GnerFormat(boundaries=boundaries, context_window=window, gap_marker=marker)
    try:
        [query] = form.queries(example)
    except UserError:
        is_unclear = adjacent_entities(tags) is not None or "O" in example.types
        assert boundaries == "none" and is_unclear
        return
    prediction = PostProcessor(form)(example, [query.target])
    report = prediction.report
    assert prediction.tags == tags
    assert not any((report.additions, report.substitutions, report.unknown_tags, report.repaired_tags, report.unparsed))
    for place, tag in zip(prediction.places, tags, strict=True):
        assert place is None or query.target[slice(*place)].endswith(tag.partition("-")[2] or tag)


@pytest.mark.parametrize("entity_type", ["a)", "(a", ")a(", "a (b"])
def test_type_with_an_unpaired_bracket_raises(entity_type: str) -> None:
    example = Example(("x",), ("O",), (entity_type,), "toy", "0", "toy.txt:7")
    with pytest.raises(UserError, match=r"toy.txt:7: the type .* has a round bracket without its counterpart"):
        GnerFormat().queries(example)


def test_word_with_a_space_raises_only_with_a_context_window() -> None:
    example = Example(("New York",), ("O",), ("a",), "toy", "0", "toy.txt:7")
    assert parse(GnerFormat().queries(example)[0].target, example.words, example.types).pairs == [("New York", "O")]
    with pytest.raises(UserError, match=r"toy.txt:7: .* the word `New York` has a space inside"):
        GnerFormat(context_window=1).queries(example)


@pytest.mark.parametrize(
    ("words", "text", "pairs", "unparsed"),
    [
        ("big forces .", "big(O) forces(O).(O)", "big/O forces/O ./O", 0),
        ("in Paris now", "in (O) Paris (B-city)  now(O)", "in/O Paris/B-city now/O", 0),
        ("in Paris", "in(o) Paris(b-CITY)", "in/O Paris/B-city", 0),
        ("in Paris", "in(O) Paris(B- city )", "in/O Paris/B-city", 0),
        ("in Paris", "in\uff08O\uff09 Paris\uff08B-city\uff09", "in/O Paris/B-city", 0),
        ("a (B-52) flew", "a(O) so(O) (B-52)(B-plane) flew(O)", "a/O so/O (B-52)/B-plane flew/O", 0),
        ("a B-52 flew", "a(O) (B-52)(B-plane) flew(O)", "a/O (/O B-52/B-plane )/O flew/O", 0),
        ("h2(o) flows", "H2(O)(O) well(O) flows(O)", "H2(O)/O well/O flows/O", 0),
        ("Holmes ran", "Holmes(B-hero (made up)) ran(O) off(O)", "Holmes/B-hero_(made_up) ran/O off/O", 0),
        ("in new york", "in(O) new york(B-city)", "in/O new/B-city york/I-city", 0),
        ("George Orwell ' s", "George(B-city) Orwell '(I-city) s(O)", "George/B-city Orwell/I-city '/O s/O", 0),
        ("Paris , France", "Paris,(B-city) France(B-city)", "Paris/B-city ,/O France/B-city", 0),
        ("likelihood calculation", "likelihood(B-city) calculation,(I-city)", "likelihood/B-city calculation/O ,/O", 0),
        ("in St . Louis now", "in(O) St . Louis(B-city)", "in/O St/B-city ./I-city Louis/I-city", 0),
        ("for $ 5 !", "for(O) $ 5 !(B-city)", "for/O $/B-city 5/I-city !/O", 0),
        ('he " Paris "', 'he(O) "Paris"(B-city)', 'he/O "/O Paris/B-city "/O', 0),
        ("a ! b", "a(O) ! ?(B-city)", "a/O !/B-city ?/O", 0),
        ("in New York now , ok", "in(O) New(B-city) York,(I-city)", "in/O New/B-city York/O ,/O", 0),
        ("in New York , ok", "in(O) New(B-city) York,(I-city)", "in/O New/B-city York/I-city ,/O", 0),
        ("to Paris", "to(O) Paris(B-ci", "to/O Paris/B-city", 0),
        ("to Paris", "to(O) Paris(B", "to/O", 7),
        ("to Paris", "to(O) Paris", "to/O", 5),
        ("to Ω go", "to(O) (B-city) go(O)", "to/O /B-city go/O", 0),
        ("to Paris", "to(O) Paris(B-town)", "to/O Paris/B-town", 0),
        ("to Paris", "I cannot do that.", "", 14),
        ("to Paris", "", "", 0),
    ],
)
def test_lenient_parsing_of_generated_text(words: str, text: str, pairs: str, unparsed: int) -> None:
    types = ["city", "plane", "hero (made up)"]
    parsed = parse(text, words.split(), types)
    assert parsed[:2] == (_pairs(pairs), unparsed)
    assert len(parsed.places) == len(parsed.pairs)


@pytest.mark.parametrize(
    ("boundaries", "text", "pairs", "unparsed"),
    [
        ("bio", "in(O) New(B-city) York(E-city) Rome(s-city)", "in/O New/B-city York/I-city Rome/B-city", 0),
        ("bioes", "in(O) New(B-city) York(I-city) Rome(I-city)", "in/O New/B-city York/I-city Rome/I-city", 0),
        ("bioes", "in(O) New York(S-city) Rome(S-town)", "in/O New/B-city York/I-city Rome/S-town", 0),
        ("bioes", "in(O) New York(e-City) Rome(S", "in/O New/I-city York/I-city Rome/B-city", 0),
        ("none", "in(o) new york ( CITY ) Rome(B-city)", "in/O new/B-city york/I-city Rome/B-city", 0),
        ("none", "in(O) (new)(city) York(town) Rome(ci", "in/O (new)/B-city York/town Rome/B-city", 0),
        ("none", "in(O) Rome", "in/O", 4),
    ],
)
def test_lenient_parsing_with_any_boundaries(boundaries: Boundaries, text: str, pairs: str, unparsed: int) -> None:
    parsed = parse(text, ["in", "New", "York", "Rome", "(new)"], ["city"], boundaries=boundaries)
    assert parsed[:2] == (_pairs(pairs), unparsed)


@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(),
    adversarial_examples(),
    st.sampled_from(["robust", "official"]),
    st.sampled_from(BOUNDARIES),
)
def test_any_text_gives_one_tag_per_word(
    text: str, example: Example, aligner: AlignerName, boundaries: Boundaries
) -> None:
    prediction = PostProcessor(GnerFormat(boundaries=boundaries), aligner=aligner)(example, [text])
    assert len(prediction.tags) == len(example.words)
    assert set(prediction.tags) <= set(tags_of(example.types))
    assert repair(prediction.tags) == (prediction.tags, 0)
    unparsed = parse(text, example.words, example.types, boundaries=boundaries).unparsed
    assert 0 <= unparsed <= len(text)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("London (B-place) calling(O)", "London/B-place calling/O"),
        ("London(B-place).(O) call", "London/B-place ./O"),
        ("new york(B-place)", "new_york/B-place"),
        ("(O) London(B-pla ce )", "London/B-pla_ce"),
        ("Holmes(B-hero (made up)) ran(O)", "Holmes/B-hero_(made_up )_ran/O"),
        ("H2(O)(O) in(o) Rome(O", "H2/O"),
        ("in(O) Ro(B-pla\nce) me(B-place)\n\r", "in/O Ro(B-pla\nce)_me/B-place"),
    ],
)
def test_official_parser_keeps_the_flaws_of_the_released_one(text: str, pairs: str) -> None:
    assert parse_official(text) == _pairs(pairs)


@pytest.mark.parametrize(
    ("boundaries", "text", "pairs"),
    [
        (
            "bioes",
            "New(B-city) York(E-city) in(O) Rome(S-city) Bonn(S-town)",
            "New/B-city York/I-city in/O Rome/B-city",
        ),
        ("none", "New(city) (York)(city) ((O) Rome(city) Bonn(town)", "New/B-city (York)/B-city (/O Rome/B-city"),
        ("none", "... New(city) ... York(city)", "New/B-city York/B-city"),
    ],
)
def test_the_official_parser_gets_other_tags_converted(boundaries: Boundaries, text: str, pairs: str) -> None:
    read = parse_official(text, ["city"], "...", boundaries=boundaries)
    assert [pair for pair in read if pair[0] != "Bonn"] == _pairs(pairs)
