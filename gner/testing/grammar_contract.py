"""What the grammars of a prompt format must keep to; see `gner.testing.format_contract`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, product

from gner.alignment import RobustAligner
from gner.prompting import AnswerGrammar, Format, ListItem
from gner.prompting.listed import gold_strings
from gner.records import Example

_STRINGS = ["Ada", "New York", 'O\'Neil "5"', "東京 Zürich"]


def grammars_are_of_queries(format: Format, example: Example) -> None:
    """There is a grammar for each query, of types of the example; none depends on the gold tags.

    Example:
        >>> from gner.prompting import UniNerFormat
        >>> class First(UniNerFormat):
        ...     def grammars(self, example):
        ...         return super().grammars(example)[:1]
        >>> example = Example(("Ada",), ("B-person",), ("person", "place"), "toy", "0")
        >>> grammars_are_of_queries(First(), example)
        Traceback (most recent call last):
            ...
        AssertionError: expected grammars of 2 queries, got 1
    """
    grammars = format.grammars(example)
    if grammars is None:
        return
    num_queries = len(format.queries(example))
    assert len(grammars) == num_queries, f"expected grammars of {num_queries} queries, got {len(grammars)}"
    types = {item.type for item in chain.from_iterable(grammar.items for grammar in grammars)}
    assert types == set(example.types), f"expected ways to write {example.types}, got some for {sorted(types)}"
    blind = format.grammars(replace(example, tags=("O",) * len(example.tags))) or []
    assert list(map(_shown, grammars)) == list(map(_shown, blind)), (
        "expected the same grammars when the gold tags are others"
    )


def _shown(grammar: AnswerGrammar) -> tuple[object, ...]:
    """A grammar without functions, which compare by identity."""
    items = [(item.type, item.before, item.after) for item in grammar.items]
    return grammar.empty, grammar.start, items, grammar.separator, grammar.end


def right_answers_are_in_the_grammar(format: Format, example: Example) -> None:
    """Each right answer is one of the ways in which its grammar writes the gold entities of its types."""
    grammars = format.grammars(example) or []
    for grammar, query in zip(grammars, format.queries(example) if grammars else [], strict=True):
        ways = list(_ways(grammar, example))
        assert query.target in ways, f"expected {query.target!r} among the answers of its grammar, got {ways[:3]}"


def _ways(grammar: AnswerGrammar, example: Example) -> Iterator[str]:
    """The answers that list the gold entities of the types of a grammar, in every way in which each can be written."""
    strings: list[str] = []
    ways: list[list[ListItem]] = []
    for entity_type, string in gold_strings(example):
        items = [item for item in grammar.items if item.type == entity_type]
        if items:
            strings.append(string)
            ways.append(items)
    for chosen in product(*ways):
        yield grammar.write(list(zip(chosen, strings, strict=True)))


def answers_of_the_grammar_are_read_back(format: Format, example: Example) -> None:
    """Whichever way a grammar writes the gold entities is read as the gold tags."""
    grammars = format.grammars(example) or []
    answers = [list(_ways(grammar, example)) for grammar in grammars]
    for number in range(max(map(len, answers), default=0)):
        texts = [ways[min(number, len(ways) - 1)] for ways in answers]
        tags = format.read(example, texts, RobustAligner()).tags
        assert tags == example.tags, f"expected the tags {example.tags}, read {tags} in {texts}"


def strings_are_escaped_by_character(format: Format, example: Example) -> None:
    """The string of a part of the words is written as a part of what is written for the whole."""
    for grammar in format.grammars(example) or []:
        for item in grammar.items:
            for string in _STRINGS:
                whole, parts = item.escape(string), "".join(map(item.escape, string))
                assert whole == parts, f"expected {string!r} to be escaped by character, as {parts!r}, got {whole!r}"


GRAMMAR_RULES: Sequence[Callable[[Format, Example], None]] = (
    grammars_are_of_queries,
    right_answers_are_in_the_grammar,
    answers_of_the_grammar_are_read_back,
    strings_are_escaped_by_character,
)
"""The rules; a format whose grammars are None keeps all of them."""
