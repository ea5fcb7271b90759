"""Formats by the names that users give them."""

from typing import Any

import pytest

from gner.errors import UserError
from gner.prompting import Format, GnerFormat
from gner.prompting.named import make_format
from tests.prompting.questions import QuestionFormat

QUESTIONS = "tests.prompting.questions.QuestionFormat"


@pytest.mark.parametrize("name", ["gner", "GNER", "gner-format", "GnerFormat", "gner.prompting.GnerFormat"])
@pytest.mark.parametrize("options", [{}, {"context_window": 1}])
def test_a_format_is_made_by_any_of_its_names(name: str, options: dict[str, Any]) -> None:
    made = make_format({"class_path": name, "init_args": options})
    assert type(made) is GnerFormat and vars(made) == vars(GnerFormat(**options))
    assert type(make_format(name)) is GnerFormat


def test_a_format_of_ones_own_is_named_with_its_module_or_given() -> None:
    made = make_format(f'{{"class_path": "{QUESTIONS}", "init_args": {{"conversation": true}}}}')
    assert isinstance(made, QuestionFormat) and made.conversation
    assert make_format(made) is made


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("gnre", r"got `gnre`\. Did you mean `gner`\? There are: .*GnerFormat"),
        ("no_such_module.Format", "got `no_such_module.Format`: No module named"),
        ("os.system", "os.system does not correspond to a subclass of Format"),
        ({"class_path": "gner", "init_args": {"window": 1}}, "options of GnerFormat: instruction, .*'window'"),
        ({"class_path": "gner", "init_args": {"context_window": "x"}}, "`context_window`: Given value: x"),
        ({"class_path": "gner", "context_window": 1}, "`class_path` and `init_args`"),
        ({}, "`class_path` and `init_args`"),
        ("{gner", "as JSON"),
    ],
)
def test_what_is_no_format_is_refused_with_the_reason(chosen: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_format(chosen)


def test_a_format_is_no_name() -> None:
    with pytest.raises(UserError, match="name of a prompt format"):
        make_format(Format)  # type: ignore[arg-type]
