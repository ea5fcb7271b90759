"""Types are renamed and dropped."""

from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Sentence
from gner.data.reading.type_mapping import TypeMapping

SENTENCE = Sentence(("Ada", "Lovelace", "in", "Oslo"), ("B-PER", "I-PER", "O", "B-LOC"), "a.jsonl:1")


def test_entities_are_renamed_or_dropped_as_a_whole() -> None:
    report = ReadReport()
    mapped = TypeMapping({"PER": None, "LOC": "place"}).apply(SENTENCE, report)
    assert mapped.tags == ("O", "O", "O", "B-place")
    assert report.counts() == {"dropped_type": 1}


def test_types_that_become_one_are_listed_once() -> None:
    mapping = TypeMapping({"PER": "name", "LOC": "name", "*": None})
    assert mapping.rename_all(["LOC", "PER", "ORG"]) == ("name",)


def test_a_list_of_types_renames_nothing() -> None:
    mapping = TypeMapping(["PER"])
    assert mapping.apply(SENTENCE, ReadReport()) is SENTENCE
    assert mapping.unknown_keys() == {}
