"""The language of answers."""

import random
from collections.abc import Iterator
from itertools import product

import pytest

from gner.alignment import place_strings
from gner.decoding.answer_automaton import AnswerAutomaton, State
from gner.prompting import AnswerGrammar, ListItem

LIST = AnswerGrammar("[]", "[", (ListItem("x", '"', '"', lambda text: text.replace('"', r"\"")),), ", ", "]")
BARE = AnswerGrammar(" None", " ", (ListItem("x", "person: ", "", str), ListItem("y", "place: ", "", str)), "; ", "")
CALLS = AnswerGrammar(
    " []\n",
    " [\n",
    (
        ListItem("x", 'P("', '"),\n', lambda text: text.replace('"', r"\"")),
        ListItem("x", "P('", "'),\n", lambda text: text.replace("'", r"\'")),
        ListItem("y", 'L("', '"),\n', lambda text: text.replace('"', r"\"")),
    ),
    "",
    "]\n",
)
GRAMMARS = {"list": LIST, "bare": BARE, "calls": CALLS}
SENTENCES = [("a", "b", "a"), ("a", "a", "a"), ("ba", "a", "a"), ('"', "é"), ("ab", "a", "b"), ("None",), ()]


def _language(state: State) -> Iterator[bytes]:
    stack = [(b"", state)]
    while stack:
        text, reached = stack.pop()
        if reached.may_end:
            yield text
        stack += [(text + bytes([byte]), after) for byte, after in reached.edges.items()]


def _answers(grammar: AnswerGrammar, words: tuple[str, ...]) -> set[str]:
    """Every list of spans in which each string finds a place."""
    spans = [(start, end) for end in range(1, len(words) + 1) for start in range(end)]
    answers = {grammar.write([])}
    for size in range(1, len(words) + 1):
        for chosen in product(spans, repeat=size):
            strings = [" ".join(words[start:end]) for start, end in chosen]
            if place_strings(words, [(string, "x") for string in strings], "next place").num_unplaced == 0:
                for items in product(grammar.items, repeat=size):
                    answers.add(grammar.write(list(zip(items, strings, strict=True))))
    return answers


@pytest.mark.parametrize("name", GRAMMARS)
@pytest.mark.parametrize("words", SENTENCES, ids=" ".join)
def test_the_answers_are_all_lists_of_spans_that_find_a_place(name: str, words: tuple[str, ...]) -> None:
    grammar = GRAMMARS[name]
    written = [text.decode() for text in _language(AnswerAutomaton.of(grammar, words).start)]
    assert len(written) == len(set(written))
    spaces = {"list": range(3)}.get(name, range(1, 4))
    expected = {" " * number + answer.lstrip(" ") for answer in _answers(grammar, words) for number in spaces}
    assert set(written) == expected


def test_the_space_of_all_answers_need_not_be_written() -> None:
    written = set(_language(AnswerAutomaton.of(BARE, ("a",), optional=" ").start))
    assert {b"None", b" None", b"person: a", b"  place: a"} <= written


@pytest.mark.parametrize("name", GRAMMARS)
@pytest.mark.parametrize("words", SENTENCES, ids=" ".join)
def test_each_answer_can_be_completed_and_the_way_is_kept_to(name: str, words: tuple[str, ...]) -> None:
    rng, start = random.Random(0), AnswerAutomaton.of(GRAMMARS[name], words).start
    bound = AnswerAutomaton.of(GRAMMARS[name], words).longest_closing
    for _ in range(100):
        state = start
        for _ in range(rng.randrange(60)):
            if not state.edges:
                break
            state = rng.choice(sorted(state.edges.items()))[1]
        assert len(state.closing) <= bound
        while state.closing:
            first, rest = state.closing[0], state.closing[1:]
            state = state.edges[first]
            assert state.closing == rest
        assert state.may_end


def test_strings_that_are_not_read_back_are_in_no_answer() -> None:
    can_read = lambda item, start, end: item.type == "y" and start != 1  # noqa: E731
    written = set(_language(AnswerAutomaton.of(BARE, ("a", "b"), can_read=can_read, optional=" ").start))
    assert {text.strip() for text in written} == {b"None"}, "items that write alike are asked as one"
    calls = set(_language(AnswerAutomaton.of(CALLS, ("a", "b"), can_read=lambda item, start, end: start != 1).start))
    assert any(b"a b" in text for text in calls) and not any(b'"b' in text for text in calls)


def test_words_that_cannot_be_written_are_in_no_answer() -> None:
    written = set(_language(AnswerAutomaton.of(LIST, ("a", "é", "b"), can_write=str.isascii).start))
    assert {text.strip() for text in written} == {b"[]", b'["a"]', b'["b"]', b'["a", "b"]', b'["b", "a"]'}


def test_a_sentence_of_nothing_to_list_has_one_answer() -> None:
    automaton = AnswerAutomaton.of(LIST, ("é",), can_write=str.isascii)
    assert {text.strip() for text in _language(automaton.start)} == {b"[]"}


def test_the_longest_sentences_need_no_deep_recursion() -> None:
    words = tuple(f"w{number}" for number in range(1200))
    automaton = AnswerAutomaton.of(LIST, words, can_read=lambda item, start, end: end == 1200)
    state = automaton.start
    for byte in b'["w9':
        state = state.edges[byte]
    assert len(state.closing) > 1000
