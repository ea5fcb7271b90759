"""Prompts and answers of GoLLIE as black lays them out."""

import ast
import random

import pytest

from gner.prompting.gollie_prompt import (
    ClassDefinition,
    frames,
    mask_names,
    write_answer,
    write_entity,
    write_prompt,
)
from gner.prompting.python_literals import write_literal


def _text_lines(text: str) -> list[str]:
    prompt = write_prompt([], text)
    return prompt[prompt.index("text = ") : prompt.index("\n\n# The annotation")].split("\n")


@pytest.mark.parametrize(
    ("length", "num_lines"),
    [(79, 1), (80, 3), (82, 3), (83, 1), (500, 1)],  # two quotes, `text = ` or four blanks
)
def test_a_text_is_put_in_brackets_only_where_it_fits_then(length: int, num_lines: int) -> None:
    assert len(_text_lines("a" * length)) == num_lines


def test_lines_of_more_than_88_characters_become_three() -> None:
    fits = "a" * (88 - len('    City(span=""),'))
    assert write_entity("City", fits) == f'    City(span="{fits}"),\n'
    assert write_entity("City", f"{fits}a") == f'    City(\n        span="{fits}a"\n    ),\n'
    quoted = '"' + fits[2:]  # single quotes, and still as long
    assert write_entity("City", quoted).count("\n") == 1
    assert write_entity("City", "東" * len(fits)).count("\n") == 1  # characters count, not columns


@pytest.mark.parametrize(
    ("guideline", "line"),
    [
        ("A town.", '    """A town."""'),
        ('"Town"', '    """ "Town" """'),
        (r"Like C:\new", r'    """Like C:\\new"""'),
        ('Not """this"""', r'    """Not \"\"\"this\"\"\" """'),
        ("One.\n\n  Two.", '    """One.\n\n    Two."""'),
        ("\ttrimmed\n", '    """trimmed"""'),
    ],
)
def test_any_guideline_is_a_docstring(guideline: str, line: str) -> None:
    written = ClassDefinition("City", guideline).write()
    assert line in written
    [statement] = ast.parse(written).body
    assert isinstance(statement, ast.ClassDef)
    assert (ast.get_docstring(statement) or "").split() == guideline.split()


def test_comments_stay_in_their_line() -> None:
    written = ClassDefinition("City", None, ("New\nYork", 'the "City"\r')).write()
    assert written.endswith('    span: str  # Such as: "New York", "the "City""')
    assert ClassDefinition("City", None, ()).write().endswith("    span: str  #")
    assert ClassDefinition("City").write() == "@dataclass\nclass City(Entity):\n    span: str"


def test_prompt_and_answer_are_python() -> None:
    rng = random.Random(0)
    for _ in range(100):
        strings = ["".join(rng.choices(["a ", '"', "'", "\\", "\n", "東", '"""', "#"], k=30)) for _ in range(3)]
        definitions = [ClassDefinition("City", strings[0], (strings[1],))]
        code = write_prompt(definitions, strings[2]) + write_answer([("City", string) for string in strings])
        *_, text, result = ast.parse(code).body
        assert isinstance(text, ast.Assign) and ast.literal_eval(text.value) == strings[2]
        assert isinstance(result, ast.Assign) and isinstance(result.value, ast.List)
        calls = [one for one in result.value.elts if isinstance(one, ast.Call)]
        assert [ast.literal_eval(call.keywords[0].value) for call in calls] == strings


def test_every_string_of_a_text_is_written_in_one_of_the_frames() -> None:
    text = " ".join(['"word"', "it's", "long" * 20, "\\", "'"] * 2)
    for start in range(len(text)):
        for end in range(start + 1, len(text), 7):
            string = text[start:end]
            ways = [frame.before + frame.escape(string) + frame.after for frame in frames("City", text)]
            assert ways.count(write_entity("City", string)) == 1, write_literal(string)


def test_masking_changes_whole_classes_and_texts_that_hold_their_names() -> None:
    classes = [
        ClassDefinition("City", "A City, no Port.", ("Citytown",)),
        ClassDefinition("Port", "Citys by the sea.", ()),
        ClassDefinition("PortName", None, ()),
    ]
    changed, masks = mask_names(classes, 1, random.Random(1))
    assert sorted(masks) == ["City", "Port"] and sorted(masks.values()) == ["LABEL_1", "LABEL_2"]
    assert changed == [
        ClassDefinition(masks["City"], f"A {masks['City']}, no {masks['Port']}.", (f"{masks['City']}town",)),
        ClassDefinition(masks["Port"], f"{masks['City']}s by the sea.", ()),
        ClassDefinition("PortName", None, ()),
    ]
    assert mask_names(classes, 0, random.Random(1)) == (classes, {})


def test_masks_are_numbered_without_gaps() -> None:
    classes = [ClassDefinition(f"C{number}x", "A guideline.") for number in range(20)]
    for seed in range(10):
        masks = mask_names(classes, 0.5, random.Random(seed))[1]
        assert sorted(masks.values(), key=len) and set(masks.values()) == {f"LABEL_{n + 1}" for n in range(len(masks))}
