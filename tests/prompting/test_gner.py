import subprocess
import sys
from collections.abc import Sequence

import pytest

from gner.prompting import GnerFormat
from gner.records import Alignment, AlignmentReport
from tests.conftest import make_example

OFFICIAL_PROMPT = """\
Please analyze the sentence provided, identifying the type of entity for each word on a token-by-token basis.
Output format is: word_1(label_1), word_2(label_2), ...
We'll use the BIO-format to label the entities, where:
1. B- (Begin) indicates the start of a named entity.
2. I- (Inside) is used for words within a named entity but are not the first word.
3. O (Outside) denotes words that are not part of a named entity.

Use the specific entity tags: person, place and O.
Sentence: London calling"""


def test_the_prompt_is_that_of_the_released_checkpoints() -> None:
    [query] = GnerFormat().queries(make_example("London/B-place calling/O"))
    assert query.prompt == OFFICIAL_PROMPT
    assert query.target == "London(B-place) calling(O)"


def test_the_supervised_prompt_names_data_set_and_extra_type() -> None:
    [query] = GnerFormat(dataset_line=True, extra_type="else").queries(make_example("London/B-place calling/O"))
    assert query.prompt.endswith(
        "\nUse the specific entity tags: person, place, else and O.\nDataset: toy.\nSentence: London calling"
    )


def test_a_causal_prompt_is_wrapped() -> None:
    assert GnerFormat().causal_prompt("do {prompt}") == "[INST] do {prompt} [/INST]"
    with pytest.raises(ValueError, match="causal_template"):
        GnerFormat(causal_template="no place for it")


def test_reading_reports_unknown_and_repaired_tags() -> None:
    def align(words: object, written: Sequence[tuple[str, str]]) -> Alignment:
        return Alignment(tuple(tag for _, tag in written), AlignmentReport(omissions=7))

    example = make_example("London/B-place calling/O Ada/B-person")
    prediction = GnerFormat().read(example, ["London(I-place) calling(B-time) Ada(B-person) ?"], align)
    official = GnerFormat().read_official(example, ["London(I-place) calling(B-time) Ada(B-person) ?"], align)
    assert official[:2] == (("I-place", "O", "B-person"), AlignmentReport(omissions=7, unknown_tags=1))
    assert prediction.tags == ("B-place", "O", "B-person")
    assert [(entity.start, entity.type) for entity in prediction.entities] == [(0, "place"), (2, "person")]
    assert prediction.report == AlignmentReport(omissions=7, unknown_tags=1, repaired_tags=1, unparsed=1)


def test_formats_load_without_torch() -> None:
    code = "import sys, gner.prompting, gner.bio, gner.records; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
