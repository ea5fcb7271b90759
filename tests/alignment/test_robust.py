import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.alignment.official import OfficialAligner, _bit_parallel, _next_occurrences, longest_common_subsequence
from gner.alignment.robust import RobustAligner
from gner.bio import repair, to_entities
from gner.data.reading.run_sources import read_dataset
from gner.data.synthetic import SyntheticCorpus
from gner.records import Aligner, AlignmentReport, Example, TaggedWord
from tests.conftest import SHARED_DATA

WORDS = st.lists(st.sampled_from(["a", "A", "b", "bb", "word", "wrod", ""]), max_size=9)


def _tagged(text: str) -> list[TaggedWord]:
    return [TaggedWord(*part.rsplit("/", 1)) for part in text.split()]


@pytest.mark.parametrize("align", [RobustAligner(), OfficialAligner()])
@given(WORDS)
def test_a_text_aligned_with_itself_keeps_its_tags(align: Aligner, words: list[str]) -> None:
    written = [TaggedWord(word, f"B-{position}") for position, word in enumerate(words)]
    tags = tuple(pair.tag for pair in written)
    assert align(words, written) == (tags, AlignmentReport(), tuple(range(len(words))))


@given(WORDS, WORDS)
def test_order_is_kept_and_every_word_is_accounted_for(source: list[str], written: list[str]) -> None:
    tags, report, _ = RobustAligner()(source, [TaggedWord(word, f"B-{n}") for n, word in enumerate(written)])
    places = [int(tag[2:]) for tag in tags if tag != "O"]
    assert len(tags) == len(source)
    assert places == sorted(set(places))
    assert report.omissions == len(source) - len(places)
    assert report.additions == len(written) - len(places)
    assert report.substitutions <= len(places)


@pytest.mark.parametrize(
    ("source", "written", "tags"),
    [
        ("us in US", "US/B-country", "O O B-country"),
        ("the x the y", "the/O y/B-a", "O O O B-a"),
        ("the cat the dog", "the/B-a dog/I-a", "O O B-a I-a"),
        ("in Österling now", "in/O sterling/B-a now/O", "O B-a O"),
        ("in Petőfi now", "in/O Petfi/B-a now/O", "O B-a O"),
        ("met Ω there", "met/O xyz/B-a there/O", "O B-a O"),
        ("New York rocks", "new/B-a york/I-a rocks/O", "B-a I-a O"),
        ("New York", "New/B-a New/B-a York/I-a", "B-a I-a"),
        ("New York", "New/B-a New/O York/I-a", "B-a I-a"),
        ("New York now", "New/B-a New/O New/O York/I-a York/O now/O", "B-a I-a O"),
        ("New York", "New/B-a new/I-a", "B-a I-a"),
        ("we met Ann Lee , Jo Ray", "we/O met/O Ann/B-a Lee/I-a Ray/I-a", "O O B-a I-a O O I-a"),
        ("the Ann , Lee group", "the/O Ann/B-a Lee/I-a group/I-a", "O B-a I-a I-a I-a"),
        ("one two three four", "one/O four/B-a", "O O O B-a"),
        ("a b c d e f g h i j k l", "a/O b/O x/B-a x/B-a x/B-a x/B-a x/B-a x/B-a x/B-a", "O O" + " O" * 10),
        ("x y", "", "O O"),
        ("the New York Times said", "the/O New/B-a Times/I-a said/O", "O B-a I-a I-a O"),
        ("the New York Times said", "the/O York/I-a Times/I-a said/O", "O I-a I-a I-a O"),
        ("the New York Times said", "the/O New/B-a Times/I-b said/O", "O B-a I-b I-b O"),
        ("New York in the Times said", "New/B-a Times/I-a said/O", "B-a O O O I-a O"),
    ],
)
def test_alignment_choices(source: str, written: str, tags: str) -> None:
    assert RobustAligner()(source.split(), _tagged(written)).tags == tuple(tags.split())


def test_back_tokenized_words_are_compared_too() -> None:
    def back_tokenize(words: object) -> list[str]:
        return ["".join(c for c in word if c.isascii()) for word in words]  # type: ignore[attr-defined]

    tags, report, _ = RobustAligner(back_tokenize)(["met", "北京", "上海"], _tagged("met/O /B-city /I-city"))
    assert (tags, report) == (("O", "B-city", "I-city"), AlignmentReport())


def test_report_distinguishes_omissions_additions_and_substitutions() -> None:
    source = ["one", "two", "three", "four", "five", "six"]
    report = RobustAligner()(source, _tagged("one/O three/O fuor/O five/O more/O six/O")).report
    assert report == AlignmentReport(omissions=1, additions=1, substitutions=1)


def test_runaway_does_not_affect_earlier_words() -> None:
    source = [f"word{n}" for n in range(60)]
    written = [TaggedWord(word, "B-a") for word in source[:30]] + [TaggedWord("loop", "I-a")] * 2000
    tags, report, _ = RobustAligner()(source, written)
    assert tags == ("B-a",) * 30 + ("O",) * 30
    assert report == AlignmentReport(omissions=30, additions=2000)


def test_a_huge_text_is_aligned_in_bounded_memory() -> None:
    source = [f"word{n % 700}" for n in range(3000)]
    written = [TaggedWord(word.upper(), f"B-{n}") for n, word in enumerate(source) if n % 10]
    tags, report, _ = RobustAligner()(source, written)
    assert sum(tag != "O" for tag in tags) == 2700
    assert report == AlignmentReport(omissions=300)


def _misspell(word: str, rng: random.Random) -> str:
    place = rng.randrange(len(word))
    return word[:place] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[place + 1 :]


def _noisy_f1(examples: list[Example], misspelt: float, dropped: float = 0.0, doubled: float = 0.0) -> float:
    """Strict F1 of gold tags after noise and alignment."""
    rng = random.Random(0)
    align = RobustAligner()
    correct = num_gold = num_found = 0
    for example in examples:
        written = []
        for pair in map(TaggedWord._make, zip(example.words, example.tags, strict=True)):
            noisy = pair._replace(word=_misspell(pair.word, rng)) if rng.random() < misspelt else pair
            copies = 0 if rng.random() < dropped else 1 + (rng.random() < doubled)
            written += [noisy] * copies
        found, gold = set(to_entities(align(example.words, written).tags)), set(to_entities(example.tags))
        correct, num_gold, num_found = correct + len(found & gold), num_gold + len(gold), num_found + len(found)
    return 200 * correct / (num_gold + num_found)


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    root = tmp_path_factory.mktemp("data")
    SyntheticCorpus(num_train=1, num_dev=1000).write(root)
    return read_dataset(root, "synthetic", "dev")


def test_noise_costs_little(sentences: list[Example]) -> None:
    assert _noisy_f1(sentences, misspelt=0.05) >= 99.9
    assert _noisy_f1(sentences, misspelt=0.05, dropped=0.01, doubled=0.01) >= 98


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="no real datasets here")
@pytest.mark.parametrize("name", ["crossner_ai", "crossner_literature", "crossner_science", "mit-restaurant"])
def test_noise_costs_little_on_real_sentences(name: str) -> None:
    real = read_dataset(SHARED_DATA, name, "test")
    assert _noisy_f1(real, misspelt=0.05) >= 99.9
    assert _noisy_f1(real, misspelt=0.05, dropped=0.01, doubled=0.01) >= 98


def test_ties_match_earlier_words() -> None:
    assert RobustAligner()(["the", "x", "the"], _tagged("the/B-a")).tags == ("B-a", "O", "O")
    assert RobustAligner()(["the"], _tagged("the/B-a the/B-b")).tags == ("B-a",)


@pytest.mark.parametrize("align", [RobustAligner(), OfficialAligner()])
@pytest.mark.parametrize("num_words", [4_000, 60_000])
def test_endless_repetitions_are_aligned_in_bounded_time(align: Aligner, num_words: int) -> None:
    source = ["la"] * num_words
    for written in (["la"] * (num_words - 1), [*source[:-1], "lo"], ["lo", *source, *source[:9]]):
        tags, report, _ = align(source, [TaggedWord(word, f"B-{word}") for word in written])
        assert sum(tag == "B-la" for tag in tags) >= num_words - 1
        assert report.omissions + report.substitutions <= 1


@given(WORDS, WORDS)
def test_bit_parallel_alignment_is_as_long_as_the_official_one(source: list[str], written: list[str]) -> None:
    official, other = longest_common_subsequence(source, written), _bit_parallel(source, written)
    assert len(other) == len(official)
    for found in (other, _next_occurrences(source, written)):
        assert found == sorted(found)
        assert all(source[match.source] == written[match.written] for match in found)
        assert len({match.source for match in found}) == len({match.written for match in found}) == len(found)


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="no real datasets here")
@pytest.mark.parametrize("slip", ["written twice as O", "left out", "two left out", "followed by another"])
def test_no_kind_of_slip_scores_below_the_official_alignment(slip: str) -> None:
    counts = {"robust": [0, 0], "official": [0, 0]}
    rng = random.Random(0)
    for example in read_dataset(SHARED_DATA, "crossner_literature", "test"):
        written: list[TaggedWord] = []
        skip = 0
        for word, tag in zip(example.words, example.tags, strict=True):
            is_slip, skip = rng.random() < 0.04, max(0, skip - 1)
            if not skip and not (is_slip and "left out" in slip):
                written.append(TaggedWord(word, tag))
            if is_slip and slip == "two left out":
                skip = 2
            if is_slip and slip == "written twice as O":
                written.append(TaggedWord(word, "O"))
            if is_slip and slip == "followed by another":
                written.append(TaggedWord(rng.choice(example.words), "O"))
        gold = set(to_entities(example.tags))
        for name, align in (("robust", RobustAligner()), ("official", OfficialAligner())):
            found = set(to_entities(repair(align(example.words, written).tags)[0]))
            counts[name][0] += len(found & gold)
            counts[name][1] += len(found - gold)
    assert counts["robust"][0] >= counts["official"][0]
    assert counts["robust"][1] <= counts["official"][1]
