"""Dividing a source into train, dev and test."""

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonargparse import ArgumentParser

from gner.data.annotations.spans import Sentence
from gner.data.reading.division import check_shares, divide, parse_split
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from gner.records import Example
from tests.data.writers import WRITERS, pairs, write_json

Shares = dict[str, float]


def _sentence(text: str, place: str = "", document: str = "") -> Sentence:
    words = tuple(text.split())
    return Sentence(words, ("O",) * len(words), place, document=document)


def _sentences(number: int) -> list[Sentence]:
    return [_sentence(f"sentence {position}") for position in range(number)]


def _texts(sentences: list[Sentence], shares: Shares) -> dict[str, set[str]]:
    parts = divide(sentences, shares).parts
    return {split: {" ".join(sentences[one].words).casefold() for one in found} for split, found in parts.items()}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("aAbcdefghijklmnop"), st.sampled_from(["", "x", "y", "z"])), min_size=1),
    st.floats(0.05, 0.45),
    st.floats(0.05, 0.45),
)
def test_each_sentence_is_in_one_part_or_left_out_and_no_text_is_on_two_sides(
    rows: list[tuple[str, str]], dev: float, test: float
) -> None:
    sentences = [_sentence(word, document=document) for word, document in rows]
    divided = divide(sentences, {"dev": dev, "test": test})
    positions = [*divided.repeated]
    for found in divided.parts.values():
        positions += found
        assert found == sorted(found)
    assert sorted(positions) == list(range(len(sentences)))
    sides = Counter(word for texts in _texts(sentences, {"dev": dev, "test": test}).values() for word in texts)
    assert set(sides.values()) <= {1}
    if not any(document for _, document in rows):
        assert not divided.repeated


@pytest.mark.parametrize("number", [10, 11, 37, 100, 1003])
@pytest.mark.parametrize("shares", [{"dev": 0.1}, {"test": 0.3}, {"dev": 0.1, "test": 0.2}, {"dev": 0.29, "test": 0.5}])
def test_parts_have_their_fractions_within_a_sentence(number: int, shares: Shares) -> None:
    parts = divide(_sentences(number), shares).parts
    assert parts.keys() == {*shares, "train"}
    for split, share in shares.items():
        assert abs(len(parts[split]) - share * number) <= 1  # type: ignore[index]


def test_order_does_not_matter_and_the_seed_does() -> None:
    sentences, shares = _sentences(200), {"dev": 0.2, "test": 0.2}
    shuffled = random.Random(0).sample(sentences, len(sentences))
    assert _texts(sentences, shares) == _texts(shuffled, shares)
    assert _texts(sentences, shares) == _texts(sentences, {**shares, "seed": 0})
    other = _texts(sentences, {**shares, "seed": 1})
    assert len(other["test"] & _texts(sentences, shares)["test"]) < 20


def test_the_same_sentences_are_chosen_in_every_version() -> None:
    parts = divide(_sentences(20), {"dev": 0.2, "test": 0.1}).parts
    assert (parts["test"], parts["dev"]) == ([7, 16], [0, 3, 8, 14])


def test_few_sentences_change_sides_when_data_grows() -> None:
    shares = {"dev": 0.1, "test": 0.1}
    before, after = _texts(_sentences(1000), shares), _texts(_sentences(1200), shares)
    for split in shares:
        assert len(before[split] & after[split]) > 80
    assert not before["test"] & after["train"]


def test_test_does_not_depend_on_the_share_of_dev() -> None:
    found = [_texts(_sentences(100), {"dev": dev, "test": 0.2})["test"] for dev in (0.1, 0.5)]
    assert found[0] == found[1] == _texts(_sentences(100), {"test": 0.2})["test"]


def test_sentences_of_a_text_stay_together_and_shared_headings_are_left_out() -> None:
    sentences: list[Sentence] = []
    for number in range(50):
        sentences += [
            _sentence(text, document=f"{number}.txt") for text in ("Background :", f"a {number}", f"b {number}")
        ]
    divided = divide(sentences, {"dev": 0.2, "test": 0.2})
    sides = {split: {sentences[one].document for one in found} for split, found in divided.parts.items()}
    assert [len(sides[split]) for split in ("test", "dev", "train")] == [10, 10, 30]
    assert not sides["train"] & (sides["dev"] | sides["test"]) and not sides["dev"] & sides["test"]
    assert {sentences[one].words for one in divided.repeated} == {("Background", ":")}
    assert len(divided.repeated) == 40


def test_a_text_that_is_there_twice_is_on_one_side() -> None:
    sentences = [_sentence(f"text {number % 40}", document=f"{number}.txt") for number in range(80)]
    assert not divide(sentences, {"dev": 0.3}).repeated


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"val": 0.1}, "got `val`. Did you mean `dev`"),
        ({"Test": 0.1}, "got `Test`. Did you mean `test`"),
        ({"size": 0.1}, "got `size`.$"),
        ({"dev": 0.0}, "fractions of dev, test or both"),
        ({"dev": 0.6, "test": 0.4}, "together < 1"),
        ({"dev": 10}, "together < 1"),
        ({"train": 0.8}, "of dev, test or both"),
        ({"train": 0.8, "dev": 0.1}, "with train they add up to 1"),
        ({}, "fractions of dev, test or both"),
        ({"dev": 0.1, "seed": 0.5}, "a whole number >= 0 as `seed`"),
    ],
)
def test_fractions_that_divide_nothing_are_refused(shares: Shares, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Source("x", split=shares).check()


@pytest.mark.parametrize("shares", [{"dev": 0.1}, {"train": 0.7, "dev": 0.2, "test": 0.1}, {"test": 0.5, "seed": 3}])
def test_fractions_that_divide_are_taken(shares: Shares) -> None:
    check_shares("x", shares)


def test_fractions_come_from_yaml_and_the_command_line() -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--source", type=Source)
    assert parser.parse_string("source: {path: a, split: {dev: 0.1, seed: 2}}").source.split == {"dev": 0.1, "seed": 2}
    assert parser.parse_string("source: {path: a, split: all}").source.split == "all"
    assert parse_split("dev=0.1, test=0.2") == {"dev": 0.1, "test": 0.2}
    with pytest.raises(UserError, match=r"got `dev=a`\. Set --split"):
        parse_split("dev=a")


def _reader(path: Path, shares: Shares, **options: object) -> SourceReader:
    return SourceReader(Source(str(path), split=shares, **options))  # type: ignore[arg-type]


def _parts(reader: SourceReader) -> dict[str, list[Example]]:
    return {part: reader.read(part) for part in reader.chosen_parts()}


def _rows(number: int) -> list[dict[str, object]]:
    return [{"tokens": ["Ada", str(one)], "tags": ["B-person" if one else "B-rare", "O"]} for one in range(number)]


def test_a_file_is_divided(tmp_path: Path) -> None:
    path = tmp_path / "dev.jsonl"
    write_json(path, _rows(20), lines=True)
    write_json(tmp_path / "test.jsonl", [{"tokens": ["x"], "tags": ["B-place"]}], lines=True)
    reader = _reader(path, {"dev": 0.1, "test": 0.2})
    parts = _parts(reader)
    assert {part: len(examples) for part, examples in parts.items()} == {"train": 14, "dev": 2, "test": 4}
    assert [reader.part_for(split) for split in ("train", "dev", "test")] == list(parts)  # type: ignore[arg-type]
    assert {one.types for examples in parts.values() for one in examples} == {("person", "place", "rare")}
    assert {one.source for examples in parts.values() for one in examples} == {f"{path}:{n}" for n in range(1, 21)}
    assert reader.detail("dev").endswith("; 2 of 20 sentences")
    assert {part: list(report.notes) for part, report in reader.reports.items()}["train"] == []


@pytest.mark.parametrize("name", ["conll with tabs", "spans", "parquet", "brat"])
def test_dev_is_taken_from_train_where_test_is_there(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path)
    for found in [path for path in tmp_path.iterdir() if path.name.startswith(("dev", "validation"))]:
        found.rename(tmp_path.parent / f"{tmp_path.name}_{found.name}")
    reader = _reader(tmp_path, {"dev": 0.4})
    parts = _parts(reader)
    assert list(parts) == ["train", "dev", "test"]
    assert [(one.words, one.tags) for one in parts["test"]] == pairs("test")
    together = {(one.words, one.tags) for part in ("train", "dev") for one in parts[part]}
    assert together == set(pairs("train"))
    assert (len(parts["train"]), len(parts["dev"])) == (2, 1)


def test_files_that_tell_no_split_are_divided_together(tmp_path: Path) -> None:
    for name in "ab":
        write_json(tmp_path / f"{name}.jsonl", _rows(10), lines=True)
    parts = _parts(_reader(tmp_path, {"dev": 0.3}))
    assert (len(parts["train"]), len(parts["dev"])) == (14, 6)
    assert not {one.words for one in parts["train"]} & {one.words for one in parts["dev"]}


def test_what_was_left_out_is_reported_once(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"{number}.txt").write_text(f"Introduction.\n\nAda met B{number}.\n", encoding="utf-8")
        (tmp_path / f"{number}.ann").write_text("T1\tperson 15 18\tAda\nT2\tperson 15 18\tAda\n", encoding="utf-8")
    reader = _reader(tmp_path, {"dev": 0.3})
    parts = _parts(reader)
    assert (len(parts["train"]), len(parts["dev"])) == (7, 6)
    reader.read("train")
    assert reader.reports["train"].counts() == {"duplicate": 10, "shared": 7}
    assert not reader.reports["dev"].notes
    with pytest.warns(UserWarning, match="another part of the divided source has too, left out: 7; the first"):
        reader.log("dev")


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"test": 0.1}, "no test beside the sentences that `split` divides, found the split `test`"),
        ({"dev": 0.1}, "no dev beside .* found the split `dev`. Take dev out of `split`"),
    ],
)
def test_a_split_that_is_there_is_not_made_again(shares: Shares, message: str, tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    with pytest.raises(UserError, match=message):
        _reader(tmp_path, shares)


def test_a_source_without_train_is_not_divided(tmp_path: Path) -> None:
    write_json(tmp_path / "test.jsonl", _rows(20), lines=True)
    with pytest.raises(UserError, match="a split called train, found test"):
        _reader(tmp_path, {"dev": 0.1})


def test_too_few_sentences_are_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "a.jsonl", _rows(3), lines=True)
    with pytest.raises(UserError, match=r"found 3, and dev gets none.* Set larger fractions"):
        _parts(_reader(tmp_path / "a.jsonl", {"dev": 0.1}))


def test_a_part_that_is_not_made_is_not_there(tmp_path: Path) -> None:
    write_json(tmp_path / "a.jsonl", _rows(20), lines=True)
    with pytest.raises(UserError, match="a split called test, found train, dev"):
        _reader(tmp_path / "a.jsonl", {"dev": 0.1}).part_for("test")
