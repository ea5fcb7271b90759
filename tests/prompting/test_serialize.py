"""Formats as plain values that travel with a model."""

import json

import pytest

from gner.errors import UserError
from gner.prompting import Format, GnerFormat
from gner.prompting.serialize import from_config, to_config, to_short_config

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


@pytest.mark.parametrize("class_path", ["GnerFormat", "gner.prompting.GnerFormat", "gner.formats.GnerFormat"])
def test_our_formats_are_known_by_their_class_whatever_the_module(class_path: str) -> None:
    assert isinstance(from_config({"class_path": class_path}, "a file"), GnerFormat)


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
