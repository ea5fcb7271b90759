"""GoLLIE's answers as its released code reads and counts them, without running what a model wrote.

That code gives the text to ``eval``, drops what the sentence does not have, and compares what is left. Here `ast` reads
it; of what that finds, literals and calls of names have a meaning, and anything else is nothing at all.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gner.prompting.class_names import BASE_CLASS
from gner.prompting.gollie_parser import MOST_CHARACTERS
from gner.prompting.python_literals import find_literal
from gner.records import Counts

_RESULT = "result = "
_OTHER_CLASSES = BASE_CLASS, "Other"  # known to the modules of CrossNER's tasks, though they are not asked for
_HELPERS = {  # what else their modules know: none of it can be called with a span
    *("Any", "Dict", "List", "Tuple", "Type", "TypeVar", "Union", "AnnotationList", "HallucinatedType", "Event"),
    *("Generic", "Name", "Relation", "String", "Template", "Value", "cast_to", "dataclass", "deepcopy"),
}
_CALLABLE = {*dir(builtins), *_HELPERS}
_MOST_NESTED = 20
_COMMENT_OR_QUOTE = re.compile(r"#[^\n]*|[rRbBfFuU]{0,2}[\"']")
_KEYWORDS = "|".join(sorted({*keyword.kwlist} - {"None", "True", "False"}))
_UNREADABLE = re.compile(rf"[~/%@&|^<>!:;{{}}$?`]|\b(?:\d\w*)?(?:{_KEYWORDS})\b")
_NESTED = re.compile(r"[-+*.]|[)\]][\s\\]*[(\[]")  # what nests without brackets


class OfficialAnswer(NamedTuple):
    """What the released code makes of a text.

    Attributes:
        entities: Pairs of a type and a string that it compares.
        num_hallucinated: How much it dropped because the sentence does not have it.
        parse_error: It could read nothing.
    """

    entities: list[tuple[str, str]]
    num_hallucinated: int
    parse_error: bool


class _Annotation(NamedTuple):
    """A call of a known class, with whatever its argument is."""

    name: str
    span: object


def read_as_published(answer: str, classes: Mapping[str, str], words: Sequence[str]) -> OfficialAnswer:
    """Read an answer: all of it or nothing, then without what the sentence does not have.

    The text is that after the last ``result = `` of prompt and answer, so an answer without a space at its start cannot
    be read.

    Args:
        answer: Any text.
        classes: Types by the names of their classes.
        words: Of the sentence.

    Example:
        >>> words = ["Oslo", "calling"]
        >>> read_as_published(' [City(span="oslo"), City(span="Rome")]', {"City": "city"}, words)
        OfficialAnswer(entities=[('city', 'oslo')], num_hallucinated=1, parse_error=False)
        >>> read_as_published(' [City(span="Oslo"', {"City": "city"}, words).parse_error
        True
    """
    _, found, source = f"result ={answer}".strip().rpartition(_RESULT)
    if not found or len(source) > MOST_CHARACTERS:
        return OfficialAnswer([], 0, True)
    try:
        values = _Evaluator(source, {*classes, *_OTHER_CLASSES}).values()
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return OfficialAnswer([], 0, True)
    kept = _in_text(values, " ".join(words).lower())
    entities = [(classes[name], span) for name, span in kept if name in classes]
    return OfficialAnswer(entities, len(values) - len(kept), False)


def _in_text(values: Iterable[object], text: str) -> list[tuple[str, str]]:
    """Their filter of hallucinations: of each string no more than there are in the text, whatever the classes are."""
    kept: list[tuple[str, str]] = []
    used: Counter[str] = Counter()
    for value in values:
        if not isinstance(value, _Annotation) or not isinstance(value.span, str):
            continue
        string = value.span.lower()
        if string.strip() not in text:
            continue
        used[string] += 1
        if used[string] <= text.count(string) or not string:
            kept.append((value.name, value.span))
    return kept


def count_entities(gold: Iterable[tuple[str, str]], predicted: Iterable[tuple[str, str]]) -> Counts:
    """Count pairs of a type and a string, each as often as it is there.

    Example:
        >>> count_entities([("city", "Oslo")], [("city", " oslo"), ("city", "Oslo")])
        Counts(num_correct=1, num_predicted=2, num_gold=1)
    """
    gold_keys = Counter((entity_type, string.lower().strip()) for entity_type, string in gold)
    keys = Counter((entity_type, string.lower().strip()) for entity_type, string in predicted)
    return Counts((gold_keys & keys).total(), keys.total(), gold_keys.total())


class _Evaluator:
    """Makes values of source text: strings, lists, annotations; None for all that cannot become an entity.

    Strings are taken out first, so that `ast` sees none of their characters: escapes are a source of warnings, lone
    surrogates of errors.
    """

    def __init__(self, source: str, classes: set[str]) -> None:
        self._classes = classes
        self._strings: list[str] = []
        self._source = self._without_strings(source)

    def values(self) -> list[object]:
        """The items of the list that the text stands for.

        Raises:
            ValueError: It is no list, or has more in it than literals and calls, or an error at which ``eval`` fails.
            SyntaxError: It is not Python.
        """
        if _UNREADABLE.search(self._source) or not _is_shallow(self._source):
            raise ValueError("Expected literals and calls.")
        value = self._value(ast.parse(self._source.lstrip(" \t"), mode="eval").body)
        if not isinstance(value, list | str):
            raise ValueError("Expected a list.")
        return list(value)

    def _without_strings(self, source: str) -> str:
        source = source.replace("\r\n", "\n").replace("\r", "\n")  # as Python does
        parts: list[str] = []
        position = 0
        while found := _COMMENT_OR_QUOTE.search(source, position):
            parts.append(source[position : found.start()])
            position = found.end()
            if found.group().startswith("#"):
                continue
            literal = find_literal(source, found.start())
            if literal is None or ("f" in literal.prefix and set("{}") & set(literal.body)):
                raise ValueError("Expected a string that ends and needs nothing to be run.")
            parts.append(f'{"b" * ("b" in literal.prefix)}"{len(self._strings)} "')
            self._strings.append(literal.value())
            position = literal.end
        return "".join([*parts, source[position:]])

    def _value(self, node: ast.expr) -> object:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            places = node.value.split()  # several where literals follow each other
            return "".join([self._strings[int(place)] for place in places])
        if isinstance(node, ast.Constant | ast.Name) or _is_signed_number(node):
            return None
        if isinstance(node, ast.List | ast.Tuple):
            return self._items(node.elts)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._called(node.func.id, node)
        raise ValueError("Expected literals and calls.")

    def _items(self, nodes: Iterable[ast.expr]) -> list[object]:
        items: list[object] = []
        for node in nodes:
            if not isinstance(node, ast.Starred):
                items.append(self._value(node))
                continue
            starred = self._value(node.value)
            if not isinstance(starred, list | str):
                raise ValueError("Expected a list after `*`.")
            items += starred
        return items

    def _joined(self, node: ast.BinOp) -> str:
        left, right = self._value(node.left), self._value(node.right)
        if not isinstance(left, str) or not isinstance(right, str):
            raise ValueError("Expected two strings.")
        return left + right

    def _called(self, name: str, node: ast.Call) -> _Annotation | None:
        """An annotation; None for classes that do not exist, which take any arguments."""
        values = self._items(node.args)
        keywords = [one.arg for one in node.keywords]
        values += [self._value(one.value) for one in node.keywords]
        if None in keywords or len(set(keywords)) < len(keywords):
            raise ValueError("Expected each keyword once.")
        if name not in self._classes:
            if name in _CALLABLE:
                raise ValueError(f"Expected a class, got `{name}`.")
            return None
        if len(values) != 1 or keywords not in ([], ["span"]):
            raise ValueError("Expected a span and nothing else.")
        return _Annotation(name, values[0])


def _is_signed_number(node: ast.expr) -> bool:
    if not isinstance(node, ast.UnaryOp) or not isinstance(node.operand, ast.Constant):
        return False
    return isinstance(node.operand.value, int | float | complex)


def _is_shallow(source: str) -> bool:
    """Whether Python's parser, which is recursive, can be trusted with a text."""
    depth = deepest = 0
    for bracket in re.findall(r"[()\[\]]", source):
        depth += 1 if bracket in "([" else -1
        deepest = max(deepest, depth)
    return deepest <= _MOST_NESTED and len(_NESTED.findall(source)) <= _MOST_NESTED
