"""Prompts, training, reading and counting in the format of GoLLIE."""

import json
import random
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from gner.alignment import OfficialAligner, PostProcessor, RobustAligner
from gner.cli import GnerCLI
from gner.errors import UserError
from gner.prompting import GollieFormat
from gner.prompting.serialize import from_config, to_config, to_short_config
from gner.records import Example
from gner.testing import check_format
from tests.conftest import SHARED_DATA, make_example

BASELINES = SHARED_DATA / "baselines"
needs_shared_data = pytest.mark.skipif(not BASELINES.is_dir(), reason="needs ../shared")
TYPES = ("person", "place", "sea port")
EXAMPLE = replace(
    make_example("Ada/B-person met/O Ada/B-person in/O New/B-place York/I-place", types=TYPES),
    descriptions=(("person", "A Person, or people."), ("place", "A Place on land.")),
)
EXAMPLES = {"person": ["Bo", "Cy", "Di", "Ed", "Flo", "Gus"], "place": ["Rome"]}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"baseline": True},
    {"examples": EXAMPLES, "num_examples": 2},
    {"paraphrases": {"person": ["Somebody."], "place": ["Somewhere."]}, "examples": EXAMPLES},
    {"shuffle_classes": False, "drop_guidelines": 0.0, "mask_class_names": 0.0},
    {"drop_guidelines": 0.9, "mask_class_names": 1.0, "examples": {"person": []}},
]


def _read(text: str, example: Example = EXAMPLE) -> tuple[str, ...]:
    return GollieFormat().read(example, [text], RobustAligner()).tags


def _counts(text: str, example: Example = EXAMPLE) -> tuple[float, int, int]:
    return GollieFormat().official_counts(example, [text], OfficialAligner())


@pytest.mark.parametrize("options", OPTIONS)
def test_it_keeps_the_contract(options: dict[str, Any]) -> None:
    check_format(GollieFormat(**options))


@pytest.mark.parametrize("options", OPTIONS)
def test_options_survive_files(options: dict[str, Any]) -> None:
    format = GollieFormat(**options)
    for write in (to_config, to_short_config):
        again = from_config(json.loads(json.dumps(write(format))), "a file")
        assert vars(again) == vars(format)


def test_options_come_from_a_run(config: Any, tmp_path: Any) -> None:
    options = {"examples": {"sea port": ["Ostia"]}, "baseline": False, "mask_class_names": 0.25}
    chosen = {"class_path": "gner.prompting.GollieFormat", "init_args": options}
    other = tmp_path / "gollie.yaml"
    other.write_text(yaml.safe_dump({"model": {"format": chosen}}), encoding="utf-8")
    format = GnerCLI("fit", ["--config", str(config), "--config", str(other)]).model.format
    assert isinstance(format, GollieFormat)
    assert (format.examples, format.mask_class_names) == ({"sea port": ["Ostia"]}, 0.25)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_examples": -1}, r"`num_examples` >= 0, got -1\. Set model\.format\.init_args\.num_examples"),
        ({"drop_guidelines": 1.0}, r"< 1, got 1\.0\. Set model\.format\.init_args\.drop_guidelines"),
        ({"mask_class_names": 15}, r"<= 1, got 15\. Set model\.format\.init_args\.mask_class_names"),
        ({"examples": {"person": "Bo"}}, r"got 'Bo' for `person`\. Set model\.format\.init_args\.examples"),
        ({"paraphrases": ["Somebody."]}, r"got \['Somebody\.'\]\. Set model\.format\.init_args\.paraphrases"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        GollieFormat(**options)


def test_classes_have_guidelines_and_the_first_examples() -> None:
    [query] = GollieFormat(examples=EXAMPLES, num_examples=2).queries(EXAMPLE)
    assert query.prompt == (
        "# The following lines describe the task definition\n"
        "@dataclass\nclass Person(Entity):\n"
        '    """A Person, or people."""\n\n'
        '    span: str  # Such as: "Bo", "Cy"\n\n\n'
        "@dataclass\nclass Place(Entity):\n"
        '    """A Place on land."""\n\n'
        '    span: str  # Such as: "Rome"\n\n\n'
        "@dataclass\nclass SeaPort(Entity):\n    span: str  #\n\n\n"
        '# This is the text to analyze\ntext = "Ada met Ada in New York"\n\n'
        "# The annotation instances that take place in the text above are listed here\nresult ="
    )
    assert query.target == (' [\n    Person(span="Ada"),\n    Person(span="Ada"),\n    Place(span="New York"),\n]\n')


def test_a_paraphrase_stands_in_for_a_missing_description() -> None:
    format = GollieFormat(paraphrases={"person": ["Somebody."], "sea port": ["A harbor."]})
    [query] = format.queries(EXAMPLE)
    assert "Somebody" not in query.prompt and "A harbor." in query.prompt


def test_without_options_of_training_it_reads_the_query() -> None:
    format = GollieFormat(examples={"place": ["Rome"]}, shuffle_classes=False, drop_guidelines=0, mask_class_names=0)
    assert format.training(EXAMPLE, random.Random(0)) == format.query_segments(EXAMPLE)


def test_classes_are_dropped_with_their_entities() -> None:
    format = GollieFormat(drop_guidelines=0.5, mask_class_names=0)
    seen = set()
    for seed in range(50):
        [[prompt, answer]] = format.training(EXAMPLE, random.Random(seed))
        offered = set(re.findall(r"^class (\w+)", prompt.text, re.MULTILINE))
        assert offered and set(re.findall(r"(\w+)\(span", answer.text)) == offered - {"SeaPort"}
        seen.add(frozenset(offered))
    assert len(seen) == 7  # all subsets but the empty one


def test_masked_names_are_the_same_in_prompt_and_answer() -> None:
    format = GollieFormat(drop_guidelines=0, mask_class_names=1)
    [[prompt, answer]] = format.training(EXAMPLE, random.Random(0))
    person = {guideline: name for name, guideline in re.findall(r'class (\w+)\(.*\n    """(.*)"""', prompt.text)}
    labels = {name: f"A {name}" for name in person.values()}
    assert set(labels) == {"LABEL_1", "LABEL_2"}
    [of_person] = [name for guideline, name in person.items() if guideline == f"A {name}, or people."]
    assert answer.text.count(f'    {of_person}(span="Ada"),') == 2
    assert "class SeaPort" in prompt.text  # nothing else says what it is
    assert "Person" not in prompt.text + answer.text and 'text = "Ada met Ada in New York"' in prompt.text


def test_a_name_within_another_does_not_change_the_other_in_the_prompt_only() -> None:
    types = ("person", "sales person", "person name")
    example = replace(
        make_example("Ada/B-person Bo/B-person", types=types),
        tags=("B-sales person", "B-person name"),
        descriptions=tuple((kind, f"A {kind}.") for kind in types),
    )
    for seed in range(20):
        [[prompt, answer]] = GollieFormat(mask_class_names=0.5, drop_guidelines=0).training(
            example, random.Random(seed)
        )
        assert set(re.findall(r"(\w+)\(span", answer.text)) <= set(re.findall(r"class (\w+)\(", prompt.text))


def test_paraphrases_and_examples_are_drawn_anew() -> None:
    format = GollieFormat(examples=EXAMPLES, paraphrases={"person": ["Somebody."]}, num_examples=3)
    rng = random.Random(0)
    prompts = [format.training(EXAMPLE, rng)[0][0].text for _ in range(60)]
    assert any("Somebody." in prompt for prompt in prompts) and any("or people." in prompt for prompt in prompts)
    for name in EXAMPLES["person"]:
        assert any(f'"{name}"' in prompt for prompt in prompts)


@pytest.mark.parametrize("types", [("a b", "a-b", "A_B"), ("A_B", "a-b", "a b")])
def test_types_with_one_name_are_told_apart_in_any_order(types: tuple[str, ...]) -> None:
    for entity_type in types:
        example = Example(("Ada",), (f"B-{entity_type}",), types, "toy", "0")
        [query] = GollieFormat().queries(example)
        assert _read(query.target, example) == example.tags
        assert query.target.count({"A_B": "AB(", "a b": "AB2(", "a-b": "AB3("}[entity_type]) == 1


@pytest.mark.parametrize(
    "text",
    [
        ' [\n    Person(span="Ada"),\n    Place(span="New York"),\n]\n',
        "[Person(span='Ada'), Place(span='New York')]",
        ' [Person("Ada"), Place("New York")',
        " Person(span='Ada'), Place(span='New York')",
        ' Here it is:\n```python\n[person(span="Ada"), PLACE("New" " York")]\n```\nThat is all [of it].',
        ' [Person(span="Ada"), Place(span="New York"), SeaPort(span="Yo',
        ' [Person(span=“Ada”), Place(span=f"New York", sure=True)]',
        ' [\n    Person(\n        span="Ad\\x61"\n    ),\n    Place(\n        span="New York"\n    ),\n]\n',
        ' [Person(span="Ada"), Place("New York")]\nresult = [Person(span="York")]',
    ],
)
def test_reading_is_lenient(text: str) -> None:
    assert _read(text) == ("B-person", "O", "O", "O", "B-place", "I-place")


def test_reading_counts_what_it_leaves_out() -> None:
    text = ' [Dog(span="Ada"), Person(span="Eve"), Person(span="Ada"), LABEL_1(span="York")] So there.'
    report = GollieFormat().read(EXAMPLE, [text], RobustAligner()).report
    assert (report.unknown_tags, report.unplaced, report.unparsed) == (2, 1, len("Sothere."))


def test_entities_know_where_they_are_written() -> None:
    text = GollieFormat().queries(EXAMPLE)[0].target
    prediction = GollieFormat().read(EXAMPLE, [text], RobustAligner())
    written = [text[start:end] for _, start, end in prediction.written]
    assert written == ['Person(span="Ada"', 'Person(span="Ada"', 'Place(span="New York"']


def test_official_reading_is_all_or_nothing() -> None:
    post = PostProcessor(GollieFormat(), aligner="official")
    whole = post(EXAMPLE, [' [Person(span="ada"), Dog("Ada"), Person(span="Eve")]'])
    assert whole.tags[0] == "B-person" and whole.report.unplaced == 2
    cut = post(EXAMPLE, [' [Person(span="ada"), Person("Ad'])
    assert set(cut.tags) == {"O"} and cut.report.unparsed > 0
    assert cut.official == (0, 0, 3)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (' [Person(span="Ada"), Person(span=" ADA "), Place("New York")]', (3, 3, 3)),
        (' [Person("Ada"), Person("Ada"), Person("Ada")]', (2, 2, 3)),  # the text has two
        (' [Place("Ada"), Person("Ada"), Person("Ada")]', (1, 2, 3)),  # the first two are kept
        (' [Entity("Ada"), Entity("Ada"), Person("Ada")]', (0, 0, 3)),  # unasked classes use them up
        (' [Person("da"), Person("d"), Person("")]', (0, 3, 3)),
        ('[Person("Ada")]', (0, 0, 3)),
        ('\n[Person("Ada")]', (0, 0, 3)),
        (' [Person("Ada")]\nresult = [Place("New York")]', (1, 1, 3)),
        (" []", (0, 0, 3)),
        ("", (0, 0, 3)),
    ],
)
def test_official_counts(text: str, counts: tuple[int, int, int]) -> None:
    assert _counts(text) == counts


@pytest.mark.parametrize("tags", ["O O O", "B-person I-person O", "B-place B-person B-sea port"])
@pytest.mark.parametrize(
    "words", ["a b c", '"x" y\' "', "word " * 3, f"{'long' * 12} {'er' * 20} '", "\\ ]), #", "東 \ud800 é"]
)
def test_grammars_write_right_answers(words: str, tags: str) -> None:
    three = tuple(words.split(" ")[:3])
    example = Example(three, tuple(re.split(r" (?=[BIO])", tags)), TYPES, "toy", "0")
    format = GollieFormat()
    [grammar] = format.grammars(example)
    [query] = format.queries(example)
    if example.tags == ("O", "O", "O"):
        assert grammar.write([]) == query.target
    rest = query.target.removeprefix(grammar.start).removesuffix(grammar.end)
    spans = [" ".join(three[0:2])] if "I-person" in tags else list(three)
    for span in spans if query.target != grammar.empty else []:
        ways = [item.before + item.escape(span) + item.after for item in grammar.items]
        [way] = {way for way in ways if rest.startswith(way)}
        rest = rest.removeprefix(way)
    assert rest == "" or query.target == grammar.empty
    assert len(format.longest_answer(example)) >= len(query.target)
    assert format.read(example, [query.target], RobustAligner()).tags == example.tags


def test_a_grammar_offers_single_quotes_and_long_lines_only_where_black_would() -> None:
    def num_ways(words: str) -> int:
        example = make_example(" ".join(f"{word}/O" for word in words.split()), types=("person",))
        return len(GollieFormat().grammars(example)[0].items)

    assert [num_ways(words) for words in ("short", 'a "quote"', "word " * 20, '"word" ' * 20)] == [1, 2, 2, 4]


def test_the_log_says_what_has_no_guideline_and_what_no_type() -> None:
    format = GollieFormat(examples={"persn": ["Bo"]})
    assert format.remark([EXAMPLE]) == (
        "1 of 3 types have no guideline: `sea port`. Give `descriptions` of a source, or set baseline.\n"
        "No sentence offers a type of model.format: `persn`."
    )
    assert GollieFormat(baseline=True).remark([EXAMPLE]) is None
    assert GollieFormat(paraphrases={"sea port": ["A harbor."]}).remark([EXAMPLE]) is None


def _vectors() -> list[dict[str, Any]]:
    with (BASELINES / "gollie.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _in_order(row: dict[str, Any], order: str) -> Example:
    types = {name: kind for kind, name in row["class_names"].items()}
    ordered = tuple(types[name] for name in row.get(order, row.get("class_order", list(types))))
    return Example(tuple(row["words"]), tuple(row["tags"]), ordered, row["dataset"], row["id"])


@needs_shared_data
def test_prompts_and_answers_are_the_published_ones() -> None:
    for row in _vectors():
        types = {name: kind for kind, name in row["class_names"].items()}
        told = re.findall(r'class (\w+)\(Entity\):\n    """(.*)"""\n\n    span: str  # Such as: "(.*)"', row["prompt"])
        assert len(told) == len(types)
        descriptions = tuple((types[name], guideline) for name, guideline, _ in told)
        examples = {types[name]: shown.split('", "') for name, _, shown in told}
        order = "class_order" if "class_order" in row else ""
        if order:
            example = replace(_in_order(row, order), descriptions=descriptions)
        else:
            example = replace(
                _in_order(row, ""), types=tuple(types[name] for name, _, _ in told), descriptions=descriptions
            )
        assert GollieFormat(examples=examples).queries(example) == [(row["prompt"], row["target"])]
        for key, format in (("without_examples", GollieFormat()), ("baseline", GollieFormat(baseline=True))):
            if f"prompt_{key}" in row:
                ordered = replace(_in_order(row, f"class_order_{key}"), descriptions=descriptions)
                assert format.queries(ordered)[0].prompt == row[f"prompt_{key}"]


@needs_shared_data
def test_shared_predictions_have_the_published_score() -> None:
    scores = json.loads((BASELINES / "scores.json").read_text(encoding="utf-8"))["gollie"]["crossner_ai"]
    totals = [0.0, 0, 0]
    with (BASELINES / "predictions.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            example = Example(tuple(row["words"]), tuple(row["tags"]), tuple(row["types"]), row["dataset"], "0")
            counts = GollieFormat().official_counts(example, [row["gollie"]], OfficialAligner())
            totals = [total + number for total, number in zip(totals, counts, strict=True)]
    correct, predicted, gold = totals
    assert predicted == scores["predictions_stats"]["total"]["predictions"]
    assert gold == scores["predictions_stats"]["total"]["gold"]
    precision, recall = correct / predicted, correct / gold
    assert abs(2 * precision * recall / (precision + recall) - scores["entities"]["f1-score"]) < 1e-9
