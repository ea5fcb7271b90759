"""InstructUIE's prompts, answers and scores."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.alignment import PostProcessor, place_strings
from gner.bio import repair, to_entities
from gner.prompting import InstructUieFormat
from gner.prompting.instruct_uie import INSTRUCTIONS, entity_strings, put_in_as_published
from gner.prompting.serialize import from_config, to_config
from gner.records import Counts, Example
from gner.scoring import Tally
from tests.conftest import SHARED_DATA, make_example

BASELINES = SHARED_DATA / "baselines"
needs_vectors = pytest.mark.skipif(not BASELINES.is_dir(), reason="no vectors of the published code here")
TRIP = make_example("Ada/B-person saw/O New/B-place York/I-place and/O Ada/B-person")
TRIP_PROMPT = (
    'Please list all entity words in the text that fit the category.Output format is "type1: word1; type2: word2". \n'
    "Option: person, place \nText: Ada saw New York and Ada \nAnswer:"
)


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _example(row: dict[str, Any]) -> Example:
    return Example(tuple(row["words"]), tuple(row["tags"]), tuple(row["types"]), row["dataset"], "0")


def test_prompt_and_answer_are_those_of_the_published_code() -> None:
    [query] = InstructUieFormat().queries(TRIP)
    assert query.prompt == TRIP_PROMPT
    assert query.target == " person: Ada; place: New York; person: Ada"
    assert InstructUieFormat().queries(make_example("nothing/O"))[0].target == " None"


def test_task_and_data_set_are_named_on_request() -> None:
    [query] = InstructUieFormat(task_name=True, dataset_name=True).queries(TRIP)
    assert query.prompt == f"Task:NER\nDataset:toy\n{TRIP_PROMPT}"


def test_instructions_are_chosen_by_name_or_drawn_for_training() -> None:
    asked = [InstructUieFormat(name).queries(TRIP)[0].prompt for name in ("single", "second", "third")]
    assert [prompt.partition("Option")[0] for prompt in asked] == list(INSTRUCTIONS)
    several, rng = InstructUieFormat("multiple"), random.Random(0)
    assert several.queries(TRIP)[0].prompt == asked[0]
    assert {several.training(TRIP, rng)[0][0].text for _ in range(50)} == set(asked)


def test_auxiliary_tasks_are_drawn_for_training() -> None:
    always = InstructUieFormat(auxiliary=1.0, task_name=True).training(TRIP, random.Random(0))
    _, (spans_prompt, spans), (types_prompt, typed) = always
    assert spans_prompt.text.startswith("Task:ES\n") and types_prompt.text.startswith("Task:ET\n")
    assert spans_prompt.text.endswith(
        '"word1, word2". \nOption: person, place \nText: Ada saw New York and Ada \nAnswer:'
    )
    assert types_prompt.text.endswith("Text: Ada saw New York and Ada \n Entities: Ada, New York, Ada \nAnswer:")
    assert (spans.text, typed.text) == (" Ada, New York, Ada", " person: Ada; place: New York; person: Ada")
    empty = InstructUieFormat(auxiliary=1.0).training(make_example("nothing/O"), random.Random(0))
    assert [answer.text for _, answer in empty] == [" None"] * 3
    rng = random.Random(0)
    numbers = [len(InstructUieFormat(auxiliary=0.3).training(TRIP, rng)) - 1 for _ in range(2000)]
    assert sum(numbers) / 2 / len(numbers) == pytest.approx(0.3, abs=0.03)


def test_a_type_with_a_brace_spoils_the_prompt_on_request_only() -> None:
    example = make_example("Ada/O {x}/O", types=("a {b}",))
    assert "Option: a {b} \nText: Ada {x} \nAnswer:" in InstructUieFormat().queries(example)[0].prompt
    published = InstructUieFormat(published_braces=True)
    assert published.queries(example)[0].prompt.endswith("Option: a {b} \nText: {0} \nAnswer:")
    assert published.queries(TRIP) == InstructUieFormat().queries(TRIP)


@given(st.text("{}ab ", max_size=8), st.text("{}0x"))
def test_braces_do_what_they_do_to_a_format_string(types: str, text: str) -> None:
    template = f"{types} Text: {{0}}"
    try:
        expected = template.format(text)
    except (ValueError, LookupError):
        expected = template
    assert put_in_as_published(template, text) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [({"instruction": "several"}, "single, second, third or multiple")]
    + [({"auxiliary": value}, "from 0 to 1") for value in (-0.1, 30, float("nan"))],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InstructUieFormat(**options)


def test_options_are_stored_with_a_model() -> None:
    config = to_config(InstructUieFormat("multiple", auxiliary=0.3))
    assert to_config(from_config(json.loads(json.dumps(config)), "gner_config.json")) == config


def test_what_is_read_is_placed_and_counted() -> None:
    text = "Person: Ada; place: new york; place: Rome; date: today; per"
    prediction = PostProcessor(InstructUieFormat())(TRIP, [text])
    assert prediction.tags == ("B-person", "O", "B-place", "I-place", "O", "O")
    report = prediction.report
    assert (report.unplaced, report.unknown_tags, report.unparsed) == (1, 1, 3)
    written = [text[place.start : place.end] for place in prediction.written]
    assert written == ["Person: Ada", "place: new york"]
    assert prediction.official == Counts(2, 5, 2)
    assert prediction.variants == (Counts(2, 5, 2),)


def test_names_with_a_semicolon_are_joined_unless_the_official_reading_is_asked_for() -> None:
    example = make_example("hear/O Rock/B-person ;/I-person Roll/I-person now/O")
    [query] = InstructUieFormat().queries(example)
    assert PostProcessor(InstructUieFormat())(example, [query.target]).tags == example.tags
    official = PostProcessor(InstructUieFormat(), aligner="official")(example, [query.target])
    assert official.tags == ("O", "B-person", "O", "O", "O")
    assert official.official == Counts(2, 2, 2)  # split in both


@given(
    st.lists(
        st.tuples(st.sampled_from(["Ada", "x", ";", "R&D;", "a:b", "(", "."]), st.sampled_from(["O", "B-t", "I-t"])),
        min_size=1,
        max_size=9,
    )
)
def test_a_right_answer_gives_what_its_strings_give(tagged: list[tuple[str, str]]) -> None:
    words = tuple(word for word, _ in tagged)
    tags = repair([tag for _, tag in tagged])[0]
    example = Example(words, tags, ("t", "u"), "toy", "0")
    strings = list(zip(entity_strings(example), [entity.type for entity in to_entities(tags)], strict=True))
    expected = place_strings(words, strings, "next place").prediction(len(words))
    [query] = InstructUieFormat().queries(example)
    prediction = PostProcessor(InstructUieFormat())(example, [query.target])
    assert (prediction.tags, prediction.report) == (expected.tags, expected.report)
    [grammar] = InstructUieFormat().grammars(example)
    item = grammar.items[0]
    assert grammar.write([(item, string) for string, _ in strings]) == query.target


def test_no_text_raises() -> None:
    rng, example = random.Random(0), make_example("Ada/B-person met/O Bob/O ;/O :/O", types=("person", "place: x"))
    parts = ["person", "place: x", ":", ";", " ", "\n", "None", "Ada", "{0}", "(", '"', "\ud800", "\x00", "é", "ADA"]
    for _ in range(3000):
        text = "".join(rng.choices(parts, k=rng.randint(0, 20)))
        for aligner in ("robust", "official"):
            prediction = PostProcessor(InstructUieFormat(), aligner=aligner)(example, [text])
            assert len(prediction.tags) == 5


@needs_vectors
def test_prompts_and_answers_are_those_of_the_vectors() -> None:
    forms = {
        "prompt": InstructUieFormat(),
        "prompt_dataset_name": InstructUieFormat(dataset_name=True),
        "prompt_task_and_dataset": InstructUieFormat(task_name=True, dataset_name=True),
    }
    for row in _rows(BASELINES / "instructuie.jsonl"):
        example = _example(row)
        if "variant" in row:
            sequences = InstructUieFormat(auxiliary=1.0).training(example, random.Random(0))
            assert (row["prompt"], row["target"]) in [(prompt.text, answer.text) for prompt, answer in sequences]
            continue
        for name in forms.keys() & row.keys():
            [query] = forms[name].queries(example)
            assert (query.prompt, query.target) == (row[name], row["target"])


@needs_vectors
def test_counts_are_those_of_the_vectors() -> None:
    form = InstructUieFormat()
    for row in _rows(BASELINES / "instructuie.jsonl"):
        for answer in row["answers"] or []:
            gold, written = set(row.get("gold_parsed") or ["product:pytorch"]), set(answer["parsed"])
            counts = form.official_counts(_example(row), [answer["text"]], None)  # type: ignore[arg-type]
            assert counts == Counts(len(gold & written), len(written), len(gold))


@needs_vectors
def test_scores_are_those_of_the_published_scorer() -> None:
    form, tallies = InstructUieFormat(), dict[str, Tally]()
    for row in _rows(BASELINES / "predictions.jsonl"):
        prediction = PostProcessor(form)(_example(row), [row["instructuie"]])
        tally = tallies.setdefault(row["dataset"], Tally(form.scorers))
        tally += Tally.of(_example(row), prediction, scorers=form.scorers)
    expected = json.loads((BASELINES / "scores.json").read_text(encoding="utf-8"))["instructuie"]["as_written"]
    for name, tally in tallies.items():
        counts = tally.official["instructuie"]
        wrong, missed = counts.num_predicted - counts.num_correct, counts.num_gold - counts.num_correct
        published = expected[name]
        assert (counts.num_correct, missed, wrong) == tuple(published[key] for key in ("tp", "fn", "fp"))
        scores = tally.scores().official
        for scorer, theirs in zip(form.scorers, (published, published["without_none_derived"]), strict=True):
            for key in ("precision", "recall", "f1"):
                assert getattr(scores[scorer], key) == pytest.approx(theirs[key], abs=1e-9)
