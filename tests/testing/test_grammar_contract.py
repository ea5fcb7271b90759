"""Grammars of our own formats keep the rules, and grammars that break one fail with the reason."""

import json
from dataclasses import replace

import pytest

from gner.bio import to_entities
from gner.prompting import AnswerGrammar, Format, GnerFormat, GollieFormat, InstructUieFormat, ListItem, UniNerFormat
from gner.records import Example
from gner.testing.grammar_contract import GRAMMAR_RULES
from tests.conftest import make_example
from tests.prompting.questions import QuestionFormat

EXAMPLES = [
    make_example("O'Neil/B-person of/O 5\"/B-place is/O O'Neil/B-person"),
    make_example("nothing/O here/O"),
    make_example("Zürich/B-place 東京/I-place"),
]


def _check(format: Format) -> None:
    for rule in GRAMMAR_RULES:
        for example in EXAMPLES:
            rule(format, example)


@pytest.mark.parametrize(
    "format", [GnerFormat(), UniNerFormat(), InstructUieFormat(), GollieFormat(), GollieFormat(baseline=True)]
)
def test_our_grammars_keep_the_rules(format: Format) -> None:
    _check(format)


class _FirstOnly(QuestionFormat):
    def grammars(self, example: Example) -> list[AnswerGrammar]:
        return super().grammars(example)[:1]


class _OfOneType(QuestionFormat):
    def grammars(self, example: Example) -> list[AnswerGrammar]:
        return [super().grammars(example)[0]] * len(example.types)


class _Tells(QuestionFormat):
    def grammars(self, example: Example) -> list[AnswerGrammar]:
        end = "]" if to_entities(example.tags) else " ]"
        return [grammar._replace(end=end) for grammar in super().grammars(example)]


class _Spaced(QuestionFormat):
    def grammars(self, example: Example) -> list[AnswerGrammar]:
        return [grammar._replace(end=" ]") for grammar in super().grammars(example)]


class _OtherWay(QuestionFormat):
    def grammars(self, example: Example) -> list[AnswerGrammar]:
        items = [ListItem(kind, "'", "'", str) for kind in example.types]
        pairs = zip(super().grammars(example), items, strict=True)
        return [grammar._replace(items=(*grammar.items, item)) for grammar, item in pairs]


class _Whole(QuestionFormat):
    def grammars(self, example: Example) -> list[AnswerGrammar]:
        grammars = []
        for grammar in super().grammars(example):
            items = [item._replace(before="", after="", escape=json.dumps) for item in grammar.items]
            grammars.append(grammar._replace(items=(*grammar.items, *items)))
        return grammars


@pytest.mark.parametrize(
    ("format", "message"),
    [
        (_FirstOnly(), "expected grammars of 2 queries, got 1"),
        (_OfOneType(), r"ways to write \('person', 'place'\), got some for \['person'\]"),
        (_Tells(), "same grammars when the gold tags are others"),
        (_Spaced(), "among the answers of its grammar"),
        (_OtherWay(), "expected the tags"),
        (_Whole(), "escaped by character"),
    ],
)
def test_what_breaks_a_rule_is_told(format: Format, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        _check(format)


def test_entities_of_types_that_an_example_does_not_offer_break_no_rule() -> None:
    example = replace(EXAMPLES[1], types=())
    for rule in GRAMMAR_RULES:
        rule(UniNerFormat(), example)
