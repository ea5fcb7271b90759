"""GoLLIE's reading and counting, compared with `eval` where that is harmless and with the shared vectors."""

import json
import random
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gner.prompting.class_names import class_names
from gner.prompting.gollie_parser import MOST_CHARACTERS
from gner.prompting.gollie_scorer import OfficialAnswer, count_entities, read_as_published
from tests.conftest import SHARED_DATA

VECTORS = SHARED_DATA / "baselines" / "gollie.jsonl"
PREDICTIONS = SHARED_DATA / "baselines" / "predictions.jsonl"
WORDS = ["Ada", "met", "Ada", "in", "New", "York", '"']
CLASSES = {"Person": "person", "City": "city"}


def _read(text: str) -> OfficialAnswer:
    return read_as_published(text, CLASSES, WORDS)


@pytest.mark.parametrize(
    ("text", "entities", "num_hallucinated"),
    [
        (' [Person(span="Ada"), City("New" " York")]\n', [("person", "Ada"), ("city", "New York")], 0),
        (' Person(" ada "), City(span="York")', [("person", " ada "), ("city", "York")], 0),
        (' [Person("Ada"), Dog("Ada"), Dog, 3, -1.5, None, "Ada", Person(Dog("x", y=2))]', [("person", "Ada")], 7),
        (' [Person("Ada"), City("Ada"), Person("Ada")]', [("person", "Ada"), ("city", "Ada")], 1),
        (' [Entity("Ada"), Other("Ada"), Person("Ada")]', [], 1),
        (' [*[Person("Ada")], (Person("Ada"))]', [("person", "Ada")] * 2, 0),
        (' [Person(r"A" + u"da"), Person(f"Ada")]  # "it\'s', [("person", "Ada")] * 2, 0),
        (' [Person(b"Ada"), Person(["Ada"])]', [], 2),
        (' [Person("d"), Person("")]', [("person", "d"), ("person", "")], 0),
        (' [Person("x")]\nresult = [City("York")]', [("city", "York")], 0),
        (" []", [], 0),
        (' [\r\n  Person("Ada"),\r]', [("person", "Ada")], 0),
    ],
)
def test_what_python_reads_is_read(text: str, entities: list[tuple[str, str]], num_hallucinated: int) -> None:
    assert _read(text) == (entities, num_hallucinated, False)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", '[Person("Ada")]', '\n[Person("Ada")]', ' [Person("Ada")', ' [Person("Ada") City("York")]'),
        *(' Person("Ada")', " None", ' {"a": 1}', ' [Person("Ada")] and', ' Here: [Person("Ada")]'),
        *(" [Person()]", ' [Person("Ada", "x")]', ' [Person(name="Ada")]', ' [Person("Ada", span="Ada")]'),
        *(' [Person(span="Ada", span="Ada")]', " [Dog(x=1, x=2)]", ' [Person(**{"span": "Ada"})]', ' [Person("\\x1")]'),
        *(' [Person("Ada"), *3]', ' [Person("Ada" + 3)]', ' [Person("Ada"), Value("x")]', ' [Person("Ada\n")]'),
        *(' [Person("Ada")][0]', ' [Person(f"{1}")]', ' [Person("Ada") for x in "y"]', ' [Person("result = Ada")]'),
        *(' [Person("Ada"), x.y]', ' [Person("Ada"), print()]', " [Person(“Ada”)]", ' [Person("Ada"), "\x00" \x00]'),
    ],
)
def test_anything_else_is_nothing(text: str) -> None:
    assert _read(text) == ([], 0, True)


class _Entity:
    """A stand-in for the released classes."""

    def __init__(self, span: Any) -> None:
        self.span = span


class _Unknown:
    def __init__(self, *positional: Any, **named: Any) -> None:
        """Takes anything."""


_TOKENS = [*"\"',()[]+#1x\n ", "Person(", "City(", "Dog(", "span=", '"Ada"', "'New York'", '"""', "\\x", ")]", "),"]


def _published(source: str) -> list[tuple[str, str]] | None:
    """What the released code makes of a text, here with `eval`; None where it fails in a way of its own."""
    known = {name: type(name, (_Entity,), {}) for name in CLASSES}
    scope: dict[str, Any] = {**known}
    while True:
        try:
            values = eval(source, {"__builtins__": {}}, scope)
            break
        except NameError as error:
            scope[error.name] = _Unknown
        except Exception:
            return []
    if not isinstance(values, list | tuple):
        return []
    kept, used = [], Counter[str]()
    text = " ".join(WORDS).lower()
    for value in values:
        if isinstance(value, _Entity) and isinstance(value.span, str) and value.span.lower().strip() in text:
            used[value.span.lower()] += 1
            if used[value.span.lower()] <= text.count(value.span.lower()):
                kept.append((CLASSES[type(value).__name__], value.span))
    return kept


def _mutations(seed: int, number: int) -> Iterator[str]:
    rng = random.Random(seed)
    for _ in range(number):
        text = list(' [Person(span="Ada"), Dog("x", x=1), City(span="New" "York"), City("York")]')
        for _ in range(rng.randint(0, 3)):
            place = rng.randrange(len(text))
            text[place : place + rng.choice([0, 0, 1, 3])] = rng.choice(_TOKENS) if rng.random() < 0.7 else ""
        yield "".join(text)


def test_mutated_answers_are_read_as_eval_reads_them() -> None:
    num_read = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of `eval`
        for text in _mutations(0, 3000):
            if "==" in text:  # would have to be run
                continue
            assert not set("._") & set(text)  # no attributes, so nothing that can do harm
            expected = _published(f"result ={text}".strip().rpartition("result = ")[2])
            assert _read(text).entities == expected, text
            num_read += bool(expected)
    assert num_read > 500


def test_no_text_raises_warns_or_runs_anything(tmp_path: Path) -> None:
    mark = tmp_path / "was_run"
    bad = f'__import__("pathlib").Path({str(mark)!r}).touch()'
    tokens = [*_TOKENS, bad, f'f"{{{bad}}}"'.replace('"pathlib"', "'pathlib'"), "\x00", "\ud800", "lambda:", "-", "~"]
    tokens += ["9" * 5000, "not ", '"\\d"', "1if 2else", "(", "[" * 30, "result = ", "{", "}", ":=", "\\N{", "1_", "0x"]
    rng = random.Random(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3000):
            _read(" [" + "".join(rng.choices(tokens, k=rng.randint(0, 15))))
    assert not mark.exists()


@pytest.mark.parametrize(
    "unit",
    [*"[(-~\\\"'1.+*\x00\ud800", "not ", "lambda:", "a.", "a[0]", "a()", '"a"+', '"""a', "9", "1,", 'Person("x"),'],
)
def test_neither_size_nor_depth_matters(unit: str) -> None:
    start = time.process_time()
    for number in (100, MOST_CHARACTERS // len(unit), 10 * MOST_CHARACTERS):
        _read(f" [{unit * number}")
        _read(f" [{unit * number}]")
    assert time.process_time() - start < 5


def test_pairs_are_counted_as_often_as_they_are_there() -> None:
    gold = [("person", "Ada"), ("person", "Ada"), ("city", "York")]
    assert count_entities(gold, [("person", "ADA "), ("city", "Ada"), ("city", "York")]) == (2, 3, 3)
    assert count_entities(gold, [("person", "Ada")] * 3) == (2, 3, 3)
    assert count_entities([], []) == (0, 0, 0)


@pytest.mark.skipif(not VECTORS.exists(), reason="needs ../shared")
def test_shared_answers_are_read_as_published() -> None:
    for row in map(json.loads, VECTORS.read_text(encoding="utf-8").splitlines()):
        classes = class_names(tuple(row["types"]))
        assert dict(classes.names) == row["class_names"]
        for answer in row["answers"]:
            if answer.get("needs_execution"):
                continue
            expected = [tuple(pair) for pair in answer["parsed"]]
            read = read_as_published(answer["text"], classes.types, row["words"])
            assert read == (expected, answer["hallucinated"], answer["parse_error"]), answer["text"]


@pytest.mark.skipif(not PREDICTIONS.exists(), reason="needs ../shared")
def test_shared_predictions_have_the_published_statistics() -> None:
    scores = json.loads(PREDICTIONS.with_name("scores.json").read_text(encoding="utf-8"))
    statistics = scores["gollie"]["crossner_ai"]["predictions_stats"]
    answers = []
    for row in map(json.loads, PREDICTIONS.read_text(encoding="utf-8").splitlines()):
        classes = class_names(tuple(row["types"])).types
        answers.append(read_as_published(row["gollie"], classes, row["words"]))
    assert sum(answer.parse_error for answer in answers) == statistics["impossible_to_parse"]["total"]
    assert sum(answer.num_hallucinated for answer in answers) == statistics["hallucinated_predictions"]["total"]
    assert sum(len(answer.entities) for answer in answers) == statistics["total"]["predictions"]
