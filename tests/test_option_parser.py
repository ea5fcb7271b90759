"""Option classes as command lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from jsonargparse import ArgumentError
from jsonargparse.typing import PositiveInt

from gner.errors import UserError
from gner.option_parser import errors_end_the_command, make_named, option, parse_options
from gner.plugins import FORMATS
from gner.prompting import Format, GnerFormat


@dataclass(frozen=True)
class _Options:
    """Options of a command.

    Attributes:
        files: Files to read, 95% of them.
        model: A model.
        batch_size: Most rows.
        dtype: Dtype of the weights.
        types: Types to offer.
        words: Word splitter.
        overwrite: Replace what is there.
    """

    files: Sequence[Path] = option(positional=True, metavar="FILE")
    model: str = option()
    batch_size: PositiveInt | None = option(None, metavar="N")
    dtype: Literal["fp32", "bf16"] | None = None
    types: list[str] | None = None
    words: str = option("whole", choices={"whole": 1, "treebank": 2})
    overwrite: bool = False


def _parse(*arguments: str) -> Any:
    return parse_options(_Options, arguments, prog="command", description="Does it.", epilog="The end.")


def test_values_have_the_types_of_their_fields() -> None:
    given = _parse("a", "b", "--model", "7", "--batch-size", "8", "--types", "x", "y=z", "--overwrite")
    assert given == _Options([Path("a"), Path("b")], "7", 8, types=["x", "y=z"], overwrite=True)
    assert isinstance(given.batch_size, int)


@pytest.mark.parametrize("text", ["null", "yes", "{a: b}", "[1", "1e3", "007"])
def test_texts_are_not_read_as_yaml(text: str) -> None:
    assert _parse("a", f"--model={text}").model == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "model"),
        (["--model", "m"], "files"),
        (["a", "--model", "m", "--batch-size", "0"], "batch_size"),
        (["a", "--model", "m", "--dtype", "int8"], "choose from 'fp32', 'bf16'"),
        (["a", "--model", "m", "--words", "all"], "choose from 'whole', 'treebank'"),
        (["a", "--model", "m", "--batch_size", "8"], "--batch_size"),
    ],
)
def test_wrong_arguments_exit_with_what_is_wrong(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        _parse(*arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_help_text_is_the_docstring(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _parse("--help")
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "Files to read, 95% of them" in shown
    assert "--words {whole,treebank}" in shown and "(default: whole)" in shown
    assert "--dtype {fp32,bf16}" in shown
    assert "None" not in shown and "False" not in shown


@dataclass(frozen=True, kw_only=True)
class _MoreOptions(_Options):
    """Options of a command that does more.

    Attributes:
        out: Where to write.
        model: Another model.
    """

    out: Path = option(metavar="FOLDER")
    model: str = "tiny"


def test_inherited_fields_are_explained_by_the_base_class(capsys: pytest.CaptureFixture[str]) -> None:
    given = parse_options(_MoreOptions, ["a", "--out", "b"], prog="command", description="Does it.")
    assert (given.files, given.out, given.model) == ([Path("a")], Path("b"), "tiny")
    with pytest.raises(SystemExit):
        parse_options(_MoreOptions, ["--help"], prog="command", description="Does it.")
    shown = capsys.readouterr().out
    assert "Most rows" in shown and "Another model" in shown and "Where to write" in shown


@pytest.mark.parametrize("error", [UserError("a.txt:1: expected a tag."), OSError("no space left")])
def test_errors_that_the_user_can_mend_are_one_message(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, errors_end_the_command():
        raise error
    assert (ended.value.code, capsys.readouterr().err) == (2, f"gner: {error}\n")


def test_an_object_is_made_by_name_or_with_options() -> None:
    assert make_named(FORMATS, Format, "GnerFormat").context_window == GnerFormat().context_window
    chosen = {"class_path": "gner.prompting.GnerFormat", "init_args": {"context_window": 1}}
    assert make_named(FORMATS, Format, chosen).context_window == 1
    with pytest.raises(ArgumentError):
        make_named(FORMATS, Format, {"class_path": "GnerFormat", "init_args": {"windows": 1}})
