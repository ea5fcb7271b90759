"""Pile-NER's conversations."""

from pathlib import Path
from typing import Any

import pytest

from gner.errors import UserError
from tests.data.reading.readers import entities_of, read_records


def _conversation(text: str, **answers: str) -> dict[str, Any]:
    turns = [("human", f"Text: {text}"), ("gpt", "I've read this text.")]
    for kind, answer in answers.items():
        turns += [("human", f"What describes {kind} in the text?"), ("gpt", answer)]
    return {"id": "ner_0", "conversations": [{"from": who, "value": said} for who, said in turns]}


def test_pile_ner_answers_are_placed_at_every_occurrence(tmp_path: Path) -> None:
    text = "Ann met Anna. Ann's city is Rome."
    record = _conversation(text, person='["Ann", "Zoe"]', city='["rome"]', event="[]")
    [example], counts = read_records(tmp_path / "train.json", record, lines=False)
    assert entities_of(example) == [("Ann", "person"), ("Ann", "person"), ("Rome", "city")]
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
        read_records(tmp_path / "a.jsonl", record, format="pile_ner")


def test_questions_without_a_type_are_reported(tmp_path: Path) -> None:
    record = _conversation("Ada slept", person='["Ada"]')
    for question in ("What describes  in the text?", "What describes in the text?"):
        record["conversations"] += [{"from": "human", "value": question}, {"from": "gpt", "value": '["slept"]'}]
    [example], counts = read_records(tmp_path / "a.jsonl", record)
    assert (entities_of(example), example.types) == ([("Ada", "person")], ("person",))
    assert counts == {"no_type": 2}
