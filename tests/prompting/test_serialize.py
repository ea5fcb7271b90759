"""Formats as plain values that travel with a model."""

import json
from importlib.metadata import EntryPoint

import pytest

from gner import plugins
from gner.errors import UserError
from gner.prompting import Format, GnerFormat
from gner.prompting.serialize import find_format, from_config, to_config, to_short_config
from tests.prompting.questions import QuestionFormat

FORMATS = [
    GnerFormat(),
    GnerFormat(None, dataset_line=True, extra_type="else"),
    GnerFormat("Do it.", context_window=2, gap_marker="..."),
    GnerFormat(boundaries="bioes"),
]


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_comes_back_from_json(format: Format) -> None:
    for write in (to_config, to_short_config):
        again = from_config(json.loads(json.dumps(write(format))), "a file")
        assert type(again) is type(format) and vars(again) == vars(format)


def test_a_short_configuration_has_only_what_is_not_default() -> None:
    assert to_short_config(GnerFormat()) == {"class_path": "GnerFormat", "init_args": {}}
    assert to_short_config(FORMATS[1])["init_args"] == {"instruction": None, "dataset_line": True, "extra_type": "else"}


@pytest.mark.parametrize("class_path", ["GnerFormat", "gner.prompting.GnerFormat", "gner.formats.GnerFormat", "gner"])
def test_our_formats_are_known_by_their_class_whatever_the_module(class_path: str) -> None:
    assert isinstance(from_config({"class_path": class_path}, "a file"), GnerFormat)


@pytest.mark.parametrize("name", ["gner", "GNER", "Gner_Format", "GnerFormat"])
def test_a_format_is_found_by_its_short_name(name: str) -> None:
    assert find_format(name) is GnerFormat


def test_a_format_of_a_package_is_found_by_either_name(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = [EntryPoint("one_question", "tests.prompting.questions:QuestionFormat", "gner.formats")]
    monkeypatch.setattr(plugins, "entry_points", lambda group: declared)
    for name in ("one_question", "One-Question", "OneQuestionFormat", "QuestionFormat"):
        assert find_format(name) is QuestionFormat
    assert find_format("gner") is GnerFormat
    with pytest.raises(UserError, match=r"Did you mean `one_question`\? There are: .*GnerFormat.*, one_question\."):
        find_format("one_qestion")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"class_path": "os.system", "init_args": {"command": ""}},
            r"run\.yaml: the format `os\.system`.*declares",
        ),
        ({"class_path": "GnerFormat", "init_args": {"colour": 1}}, r"run\.yaml: .*colour.*another version of gner"),
    ],
)
def test_other_code_and_other_options_are_refused(config: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        from_config(config, "run.yaml")
