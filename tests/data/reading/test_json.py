"""Reading JSON files in the formats of other tools."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gner.bio import to_entities
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from gner.records import Example
from tests.data.writers import write_json


def _open(path: Path, *records: Any, lines: bool = True, **options: object) -> SourceReader:
    write_json(path, records, lines=lines)
    return SourceReader(Source(str(path), **options))  # type: ignore[arg-type]


def _entities(example: Example) -> list[tuple[str, str]]:
    return [(" ".join(example.words[one.start : one.end]), one.type) for one in to_entities(example.tags)]


def _read(path: Path, *records: Any, **options: object) -> tuple[list[Example], Counter[Any]]:
    reader = _open(path, *records, **options)  # type: ignore[arg-type]
    examples = reader.read(reader.parts[0])
    return examples, reader.reports[reader.parts[0]].counts()


@pytest.mark.parametrize(
    "record",
    [
        {"text": "Ada met Bob", "spans": [{"start": 0, "end": 3, "label": "x", "token_start": 0}], "answer": "accept"},
        {"id": 4, "text": "Ada met Bob", "label": [[0, 3, "x"]], "Comments": []},
        {"id": 4, "text": "Ada met Bob", "entities": [{"id": 1, "label": "x", "start_offset": 0, "end_offset": 3}]},
        {"text": "Ada met Bob", "ents": [{"start": 0, "end": 3, "label": "x"}], "title": None},
        ["Ada met Bob", {"entities": [[0, 3, "x"]]}],
        {"text": "Ada met Bob", "entities": [{"start": 0, "end": 3, "entity_group": "x", "word": "Ada"}]},
        {"text": "Ada met Bob", "entities": [{"offset": 0, "length": 3, "category": "x"}]},
        {"text": "Ada met Bob", "entities": [{"start": 0.0, "end": 3.0, "labels": ["x"], "text": "Ada"}]},
    ],
    ids=["Prodigy", "doccano 1", "doccano", "displaCy", "spaCy 2", "pipeline", "Azure", "floats"],
)
def test_texts_with_spans(record: Any, tmp_path: Path) -> None:
    for lines in (True, False):
        [example], counts = _read(tmp_path / "a.jsonl", record, lines=lines)
        assert _entities(example) == [("Ada", "x")]
        assert example.words == ("Ada", "met", "Bob")
        assert not counts


def test_fields_can_have_other_names(tmp_path: Path) -> None:
    record = {"body": "Ada met Bob", "mentions": [{"von": 0, "bis": 3, "art": "x"}]}
    columns = {"text": "body", "spans": "mentions", "start": "von", "end": "bis", "type": "art"}
    [example], _ = _read(tmp_path / "a.jsonl", record, columns=columns)
    assert _entities(example) == [("Ada", "x")]
    [example], _ = _read(tmp_path / "a.jsonl", {"w": ["Ada"], "t": ["B-x"]}, columns={"words": "w", "tags": "t"})
    assert _entities(example) == [("Ada", "x")]


def test_rejected_texts_are_reported(tmp_path: Path) -> None:
    rows = [{"text": "Ada", "spans": [{"start": 0, "end": 3, "label": "x"}], "answer": a} for a in ("reject", "accept")]
    examples, counts = _read(tmp_path / "a.jsonl", *rows)
    assert len(examples) == 1
    assert counts == {"unannotated": 1}


def test_tags_as_numbers_need_names(tmp_path: Path) -> None:
    record = {"tokens": ["Ada", "slept"], "ner_tags": [1, 0]}
    [example], _ = _read(tmp_path / "a.jsonl", record, tag_names=["O", "B-x", "I-x", "B-y"])
    assert example.tags == ("B-x", "O")
    assert example.types == ("x", "y")
    with pytest.raises(UserError, match=r"a.jsonl:1, word 1: .* found the number 1.*Set `tag_names`"):
        _read(tmp_path / "a.jsonl", record)
    with pytest.raises(UserError, match=r"from 0 to 0, found 1"):
        _read(tmp_path / "a.jsonl", record, tag_names=["O"])


def test_rows_of_the_gner_project_offer_their_own_types(tmp_path: Path) -> None:
    instance = {"id": "0", "words": ["Ada"], "labels": ["B-x"]}
    row = {"dataset": "toy", "split": "test", "label_list": ["y", "x"], "instance": instance, "prediction": "Ada(B-x)"}
    [example], _ = _read(tmp_path / "a.jsonl", row)
    assert (example.words, example.tags, example.types) == (("Ada",), ("B-x",), ("y", "x"))


def test_whitespace_other_than_spaces_may_be_a_word(tmp_path: Path) -> None:
    [example], _ = _read(tmp_path / "a.jsonl", {"tokens": ["\u00a0", "Ada"], "tags": ["O", "B-x"]})
    assert example.words == ("\u00a0", "Ada")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"tokens": ["Ada"], "tags": ["O", "O"]}, r"a.jsonl:2: expected a tag for each word, found 1 words and 2 tags"),
        ({"tokens": ["Ada", " "], "tags": ["O", "O"]}, r"a.jsonl:2, word 2: expected a word"),
        ({"tokens": "Ada", "tags": ["O"]}, r"a.jsonl:2: expected a list of strings as `tokens`, found 'Ada'"),
        ({"tokens": ["Ada"], "tags": [None]}, r"a.jsonl:2, word 1: expected a tag"),
        ({"tokens": ["Ada"], "tags": ["X-y"]}, r"a.jsonl:2, word 1: `X-y` has a prefix that IOB2 lacks"),
        ({"tokens": ["Ada"]}, r"a.jsonl:2: expected words .* and tags .* found an object with tokens"),
        ("Ada", r"a.jsonl:2: expected an object with words and tags, found 'Ada'"),
    ],
)
def test_bad_words_raise_with_the_line(record: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _read(tmp_path / "a.jsonl", {"tokens": ["Ada"], "tags": ["B-x"]}, record, format="words")


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ({"start": 0, "label": "x"}, r"a.jsonl:1: expected a span with start, end and label"),
        ([0, 3], r"expected a span with start, end and label.* found \[0, 3\]"),
        ({"start": 0, "end": 3}, r"expected the name of an entity type, found None"),
        ({"start": 0, "end": 3, "label": " "}, r"expected the name of an entity type"),
        ({"start": 0, "end": 99, "label": "x"}, r"within the 11 characters of the text, got 0 to 99"),
    ],
)
def test_bad_spans_raise_with_the_line(span: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _read(tmp_path / "a.jsonl", {"text": "Ada met Bob", "spans": [span]}, format="spans")


def test_gliner_ends_are_inclusive_and_lists_of_types_are_kept(tmp_path: Path) -> None:
    words = ["Ada", "Lovelace", "met", "Bob"]
    examples, counts = _read(
        tmp_path / "a.json",
        {"tokenized_text": words, "ner": [[0, 1, "person"], [1, 1, "name"]], "ner_negatives": ["city"]},
        {"tokenized_text": words, "ner": [[3, 3, "person"]], "ner_labels": ["org", "person"]},
        {"tokenized_text": words, "ner": []},
        lines=False,
    )
    assert [_entities(example) for example in examples] == [[("Ada Lovelace", "person")], [("Bob", "person")], []]
    assert [example.types for example in examples[:2]] == [("person", "name", "city"), ("org", "person")]
    assert examples[2].types == ("person",)
    assert counts == {"overlapping": 1}
    with pytest.raises(UserError, match=r"a.json:1, item 1: expected a span of words from 0 to 3"):
        _read(tmp_path / "a.json", {"tokenized_text": words, "ner": [[3, 4, "person"]]}, lines=False)


def _conversation(text: str, **answers: str) -> dict[str, Any]:
    turns = [("human", f"Text: {text}"), ("gpt", "I've read this text.")]
    for kind, answer in answers.items():
        turns += [("human", f"What describes {kind} in the text?"), ("gpt", answer)]
    return {"id": "ner_0", "conversations": [{"from": who, "value": said} for who, said in turns]}


def test_pile_ner_answers_are_placed_at_every_occurrence(tmp_path: Path) -> None:
    text = "Ann met Anna. Ann's city is Rome."
    record = _conversation(text, person='["Ann", "Zoe"]', city='["rome"]', event="[]")
    [example], counts = _read(tmp_path / "train.json", record, lines=False)
    assert _entities(example) == [("Ann", "person"), ("Ann", "person"), ("Rome", "city")]
    assert example.types == ("person", "city", "event")
    assert counts == {"unplaceable": 1}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (_conversation("Ada", person="Ada"), r"turn 4: expected a list of strings such as .* found 'Ada'"),
        (_conversation("Ada"), r"expected a question such as `What describes person in the text\?`"),
        ({"conversations": [{"from": "human", "value": "hello"}]}, r"expected a turn that starts with `Text:`"),
    ],
)
def test_bad_conversations_raise(record: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _read(tmp_path / "a.jsonl", record, format="pile_ner")


def test_instruct_uie_positions_types_and_list(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('["person", "city", "NA"]')
    sentence = "Webber 's city : Rome , rome ."
    entities = [
        {"name": "Webber", "type": "person", "pos": [0, 6]},
        {"name": "Rome", "type": "city", "pos": [16, 20]},
        {"name": "rome", "type": "city"},
        {"name": "Paris", "type": "city", "pos": []},
        {"name": "city", "type": "NA", "pos": [10, 14]},
    ]
    [example], counts = _read(tmp_path / "train.json", {"sentence": sentence, "entities": entities}, lines=False)
    assert example.words == tuple(sentence.split())
    assert _entities(example) == [("Webber", "person"), ("Rome", "city"), ("rome", "city")]
    assert example.types == ("person", "city")
    assert counts == {"moved": 1, "unplaceable": 1, "no_type": 1}


@pytest.mark.parametrize(
    ("text", "span", "entity", "reported"),
    [
        ("the U.S. won", {"start": 4, "end": 8, "word": "U. S.", "entity_group": "x"}, "U.S.", {}),
        ("Ada won", {"start": 0, "end": 3, "word": "ada", "entity_group": "x"}, "Ada", {}),
        ("Ada won", {"start": 0, "end": 3, "word": "##Ada", "entity_group": "x"}, "Ada", {}),
        ("to nyc now", {"start": 3, "end": 6, "value": "New York", "entity": "x"}, "nyc", {"unmatched": 1}),
        ("nyc or York", {"start": 0, "end": 3, "value": "York", "entity": "x"}, "nyc", {"unmatched": 1}),
        ("Bob met Ada", {"start": 0, "end": 3, "word": "Ada", "entity_group": "x"}, "Ada", {"moved": 1}),
        ("Bob met", {"start": 0, "end": 3, "text": "Ada", "label": "x"}, None, {"unplaceable": 1}),
    ],
)
def test_offsets_are_trusted_if_the_text_of_a_span_is_only_written_differently(
    text: str, span: Any, entity: str | None, reported: Any, tmp_path: Path
) -> None:
    [example], counts = _read(tmp_path / "a.jsonl", {"text": text, "entities": [span]}, types=["x"])
    assert [name for name, _ in _entities(example)] == ([entity] if entity else [])
    assert counts == reported


def test_pipeline_subwords_become_entities(tmp_path: Path) -> None:
    pieces = [("B-x", 0, 3, "Ada"), ("I-x", 4, 8, "Love"), ("I-x", 8, 12, "##lace"), ("O", 13, 16, "met")]
    pieces += [("B-x", 17, 19, "Bo"), ("B-x", 19, 20, "##b"), ("I-y", 21, 25, "Rome")]
    spans = [{"entity": kind, "start": start, "end": end, "word": word} for kind, start, end, word in pieces]
    [example], counts = _read(tmp_path / "a.jsonl", {"text": "Ada Lovelace met Bob Rome", "entities": spans})
    assert _entities(example) == [("Ada Lovelace", "x"), ("Bob", "x"), ("Rome", "y")]
    assert counts == {"no_type": 1}
    with pytest.raises(UserError, match=r"a.jsonl:1: expected pieces .* in the order of the text"):
        _read(tmp_path / "a.jsonl", {"text": "Ada Lovelace met Bob Rome", "entities": spans[::-1]})


def test_unused_spans_are_reported(tmp_path: Path) -> None:
    span = {"start": 0, "end": 3, "label": "x"}
    none = {"start": 4, "end": 7, "labels": []}
    [example], counts = _read(tmp_path / "a.jsonl", {"text": "Ada met", "spans": [], "entities": [span, span, none]})
    assert _entities(example) == [("Ada", "x")]
    assert counts == {"duplicate": 1, "no_type": 1}
    record = {"text": "Ada met", "spans": [span], "entities": [span], "label": [[4, 7, "y"], [0, 1, "y"]]}
    assert _read(tmp_path / "a.jsonl", record)[1] == {"unused": 2}


def test_questions_without_a_type_are_reported(tmp_path: Path) -> None:
    record = _conversation("Ada slept", person='["Ada"]')
    for question in ("What describes  in the text?", "What describes in the text?"):
        record["conversations"] += [{"from": "human", "value": question}, {"from": "gpt", "value": '["slept"]'}]
    [example], counts = _read(tmp_path / "a.jsonl", record)
    assert (_entities(example), example.types) == ([("Ada", "person")], ("person",))
    assert counts == {"no_type": 2}


def test_parts_of_speech_are_ignored_and_empty_sentences_reported(tmp_path: Path) -> None:
    rows = [{"tokens": ["Ada"], "tags": ["NOUN"], "labels": ["B-x"]}, {"tokens": [], "tags": [], "labels": []}]
    [example], counts = _read(tmp_path / "a.jsonl", *rows)
    assert example.tags == ("B-x",)
    assert counts == {"no_words": 1}
    with pytest.raises(UserError, match=r"set `columns.tags`"):
        _read(tmp_path / "a.jsonl", {"tokens": ["Ada"], "tags": ["NOUN"]})


def test_lone_surrogates_are_replaced_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Ada \\ud83d \\ud83d\\ude00 B", "spans": [{"start": 6, "end": 7, "label": "x"}]}')
    reader = SourceReader(Source(str(path)))
    [example] = reader.read("all")
    assert (example.words[1:], _entities(example)) == (("\ufffd", "\U0001f600", "B"), [("\U0001f600", "x")])
    assert reader.reports["all"].counts() == {"replaced": 1}


LOST = ("overlapping", "duplicate", "misaligned", "unplaceable", "empty", "no_type", "dropped_type", "unused")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_all_spans_are_kept_or_reported(data: st.DataObject, tmp_path: Path) -> None:
    text = data.draw(st.text("aB1.-' \n👍", min_size=1, max_size=30))
    place = st.integers(0, len(text))
    stated = st.sampled_from([None, "a", "B1", "nowhere", "👍", "##a"])

    def spans(minimum: int) -> list[dict[str, Any]]:
        found = []
        for start, end in data.draw(st.lists(st.tuples(place, place), min_size=minimum, max_size=6)):
            span = {"start": min(start, end), "end": max(start, end)}
            labels = data.draw(st.lists(st.sampled_from(["x", "y", "z"]), max_size=1))
            key, value = data.draw(st.sampled_from(["text", "word", "value"])), data.draw(stated)
            found.append({**span, "labels": labels, **({key: value} if value else {})})
        return found

    records = [{"text": text, "spans": spans(0), "entities": spans(1)}, {"text": text, "spans": spans(1)}]
    misaligned = data.draw(st.sampled_from(["expand", "drop"]))
    path = tmp_path / "a.jsonl"
    last = {"text": "a b", "spans": [[0, 1, "x"], [2, 3, "z"]]}
    write_json(path, [*records, last], lines=True)
    options = {"types": {"z": None}, "misaligned": misaligned, "format": "spans"}
    reader = SourceReader(Source(str(path), **options))  # type: ignore[arg-type]
    examples = reader.read("all")
    counts = reader.reports["all"].counts()
    written = [spans for record in records for spans in (record["spans"], record.get("entities", []))]
    number = sum(map(len, written)) - (len(records[0]["spans"]) if records[0]["spans"] == records[0]["entities"] else 0)
    assert sum(len(_entities(one)) for one in examples) + sum(counts[kind] for kind in LOST) == number + 2
