from collections.abc import Callable
from pathlib import Path

import pytest

from gner.data.reading.gner_folder import GnerFolder, read_types
from gner.data.reading.run_sources import read_dataset
from gner.errors import UserError

Write = Callable[..., Path]


def _read(root: Path, **options: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(example.words, example.tags) for example in read_dataset(root, "toy", "train", **options)]  # type: ignore[arg-type]


ADA = (("Ada", "slept"), ("B-person", "O"))
LONDON = (("London",), ("B-place",))


@pytest.mark.parametrize(
    "content",
    [
        "Ada\tB-person\nslept\tO\n\nLondon\tB-place\n",
        "Ada\tB-person\r\nslept\tO\r\n\r\nLondon\tB-place\r\n",
        "Ada\tB-person\rslept\tO\r\rLondon\tB-place",
        "\ufeffAda\tB-person\nslept\tO\n\nLondon\tB-place",
        "\n\n\nAda\tB-person\nslept\tO\n\n \t\n\nLondon\tB-place\n\n\n",
        "-DOCSTART-\tO\n\nAda\tB-person\nslept\tO\n\n-DOCSTART-\nLondon\tB-place",
        "Ada\tB-person \nslept\tO\t\n\n London\tB-place",
    ],
    ids=["plain", "CRLF", "CR", "BOM and no newline at the end", "blank lines", "DOCSTART", "stray whitespace"],
)
def test_line_ends_and_blank_lines_do_not_matter(write_dataset: Write, content: str) -> None:
    assert _read(write_dataset(train=content)) == [ADA, LONDON]


@pytest.mark.parametrize("word", ["(B-52)", "H2(O)", "東京", "a\u2028b", "x\u00a0y", "New York", '"', "👩\u200d🔬"])
def test_odd_words_are_read_unchanged(write_dataset: Write, word: str) -> None:
    assert _read(write_dataset(train=f"{word}\tB-place\n")) == [((word,), ("B-place",))]


def test_a_word_of_whitespace_does_not_hide_the_layout(write_dataset: Write) -> None:
    root = write_dataset(train="\u00a0\tO\nLondon\tB-place\n")
    assert GnerFolder().recognizes_folder(root / "toy")


def test_examples_have_their_source(write_dataset: Write) -> None:
    root = write_dataset(train="Ada\tB-person\n\nLondon\tB-place\n")
    first, second = read_dataset(root, "toy", "train")
    assert (first.dataset, first.id, first.types) == ("toy", "0", ("person", "place"))
    assert second.source == f"{root / 'toy' / 'train.txt'}:3"


@pytest.mark.parametrize(
    ("written", "scheme", "expected"),
    [
        ("O I-place I-place B-place I-person", "IOB1", ("O", "B-place", "I-place", "B-place", "B-person")),
        ("O B-place E-place S-place S-person", "BIOES", ("O", "B-place", "I-place", "B-place", "B-person")),
        ("O B-place I-place B-place B-person", "IOB2", ("O", "B-place", "I-place", "B-place", "B-person")),
    ],
)
def test_schemes_are_detected_and_converted(
    write_dataset: Write, caplog: pytest.LogCaptureFixture, written: str, scheme: str, expected: tuple[str, ...]
) -> None:
    root = write_dataset(train="".join(f"w\t{tag}\n" for tag in written.split()))
    with caplog.at_level("INFO"):
        assert _read(root)[0][1] == expected
    assert ("converted to IOB2" in caplog.text) == (scheme != "IOB2")
    assert _read(root, scheme=scheme)[0][1] == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Ada\tB-person\nslept\n", r"train.txt:2: expected `word<TAB>tag`, found one column"),
        ("Ada B-person\n", r"train.txt:1: .* no TAB .* Put a TAB"),
        ("Ada\tNNP\tB-person\n", r"train.txt:1: .* 3 columns"),
        ("\tO\n", r"train.txt:1: .* an empty word"),
        ("Ada\tB-person\n\nx\tB-city\n", r"train.txt:3: the type `city` is not in .*label.txt"),
        ("x\tB-persn\n", r"train.txt:1: the type `persn` .* Did you mean `person`\? If not, add it there"),
        ("x\tB-PLACE\n", r"train.txt:1: the type `PLACE` .* Did you mean `place`"),
        ("Ada\tB-person\n\ncaf\u00e9\tO\n".encode("latin-1"), r"train.txt:3: expected UTF-8, found the byte 0xe9"),
        ("", r"toy \(train\): expected sentences, found none"),
        ("\n\n", r"toy \(train\): expected sentences, found none"),
        ("x\tI-place\ny\tO\nz\tB-place\n", r"(?s)not IOB2 .*train.txt:1: .*not IOB1 .*train.txt:3: .*not BIOES"),
        ("x\tplace\n", r"train.txt:1: `place` is not a tag"),
    ],
)
def test_bad_files_raise_with_the_line(write_dataset: Write, content: str | bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        _read(write_dataset(train=content))


def test_a_named_scheme_is_enforced(write_dataset: Write) -> None:
    with pytest.raises(UserError, match=r"train.txt:1: `I-place` continues no entity"):
        _read(write_dataset(train="x\tI-place\n"), scheme="IOB2")


def test_the_error_names_what_is_missing(write_dataset: Write, tmp_path: Path) -> None:
    root = write_dataset(train="x\tO\n")
    with pytest.raises(UserError, match=r"dataset `toi` .*Did you mean `toy`"):
        read_dataset(root, "toi", "train")
    with pytest.raises(UserError, match=r"expected a split called dev or validation, found train"):
        read_dataset(root, "toy", "dev")
    with pytest.raises(UserError, match=r"that folder does not exist\. Set data\.root"):
        read_dataset(tmp_path / "nowhere", "toy", "train")


@pytest.mark.parametrize(
    ("types", "message"), [("a\nb\na\n", "label.txt:3: the type `a` is listed twice"), (" \n", "found none")]
)
def test_bad_type_lists_raise(write_dataset: Write, types: str, message: str) -> None:
    root = write_dataset(types=types, train="x\tO\n")
    with pytest.raises(UserError, match=message):
        read_types(root / "toy" / "label.txt")
