"""Tests of answers that list the strings of entities."""

import json

from gner.prompting import AnswerGrammar, ListedEntity, ListItem, place_listed
from gner.records import TextRange
from tests.conftest import make_example

EXAMPLE = make_example("Ada/O met/O Ada/O and/O Bob/O", types=("person", "dog"))


def test_an_answer_is_written_with_frame_separators_and_escapes() -> None:
    item = ListItem("person", '"', '"', lambda string: json.dumps(string)[1:-1])
    grammar = AnswerGrammar("[]", "[", (item,), ", ", "]")
    strings = ["Ada", 'the "Boss"', "Zoë"]
    assert json.loads(grammar.write([(item, string) for string in strings])) == strings
    assert grammar.write([]) == "[]"


def test_each_entity_knows_where_it_is_written() -> None:
    listed = [
        ListedEntity("Bob", "dog", TextRange(1, 2, 5)),
        ListedEntity("Ada", "person", TextRange(0, 2, 5)),
        ListedEntity("Ada", "person", TextRange(0, 9, 12)),
    ]
    every = place_listed(EXAMPLE, listed, "every occurrence")
    assert every.tags == ("B-person", "O", "B-person", "O", "B-dog")
    assert every.written == (TextRange(0, 2, 5), TextRange(0, 2, 5), TextRange(1, 2, 5))
    following = place_listed(EXAMPLE, listed, "next place")
    assert following.written == (TextRange(0, 2, 5), TextRange(0, 9, 12), TextRange(1, 2, 5))


def test_what_cannot_be_placed_is_counted() -> None:
    listed = [ListedEntity("Eve", "person", TextRange(0, 0, 3))]
    report = place_listed(EXAMPLE, listed, "next place", unknown_types=2, unparsed=7).report
    assert (report.unplaced, report.unknown_tags, report.unparsed) == (1, 2, 7)
