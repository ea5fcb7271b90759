"""What is read of a prompt is what the prompt was written from."""

from dataclasses import replace

import pytest

from gner.inference.prompt_reader import PromptReader
from gner.prompting import Format, GnerFormat, UniNerFormat
from gner.records import Example
from gner.testing import make_examples

DESCRIBED = Example(
    ("Sentence:", "a", "and", "O."), ("O",) * 4, ("song", "city"), "toy", "0", descriptions=(("song", "a title."),)
)
FORMATS = [
    GnerFormat(),
    GnerFormat(None),
    GnerFormat(None, extra_type="else", dataset_line=True),
    GnerFormat("Two lines.\n\nOf text.", context_window=0, boundaries="bioes"),
]


def _reader(format: Format) -> PromptReader:
    return PromptReader(lambda example: format.queries(example)[0].prompt, "toy")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("example", [*make_examples(), DESCRIBED])
def test_words_and_types_are_read(format: Format, example: Example) -> None:
    example = replace(example, dataset="toy")
    read = _reader(format).read(format.queries(example)[0].prompt)
    assert read is not None
    assert read.types == example.types
    assert " ".join(read.words) == " ".join(example.words)


def test_other_prompts_are_not_read() -> None:
    reader = _reader(GnerFormat())
    for prompt in ("", "Sentence: Ada", GnerFormat(None).queries(make_examples()[0])[0].prompt):
        assert reader.read(prompt) is None
    uniner = UniNerFormat()
    assert not _reader(uniner).can_read
