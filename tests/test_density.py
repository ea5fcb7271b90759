"""Short is not dense: how much a body, a statement and a comprehension may hold (STYLE: size and naming)."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "gner"
MOST_NODES = 200
MOST_EXPRESSIONS = 25
MOST_BRANCHES = 12
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.match_case, ast.comprehension)


def _functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """All functions and methods of the package, each with its place."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, _FUNCTIONS):
                yield f"{path.relative_to(PACKAGE.parent)}:{node.lineno} {node.name}", node  # type: ignore[misc]


def _body(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements behind the docstring."""
    has_docstring = ast.get_docstring(function, clean=False) is not None
    return function.body[1:] if has_docstring else function.body


def _num_nodes(function: ast.FunctionDef) -> int:
    nodes = [node for statement in _body(function) for node in ast.walk(statement)]
    return sum(isinstance(node, ast.expr | ast.stmt) for node in nodes)


def _complexity(function: ast.FunctionDef) -> int:
    """Cyclomatic complexity (McCabe, 1976), with a branch for each condition in ``and``, ``or`` and comprehensions."""
    nodes = [node for statement in _body(function) for node in ast.walk(statement)]
    conditions = sum(len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp))
    filters = sum(len(node.ifs) for node in nodes if isinstance(node, ast.comprehension))
    return 1 + sum(isinstance(node, _BRANCHES) for node in nodes) + conditions + filters


def _expressions_of(statement: ast.stmt) -> int:
    """Expressions of a statement itself, without those of statements in it."""
    waiting: list[ast.AST] = [statement]
    number = 0
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if not isinstance(child, ast.stmt):
                waiting.append(child)
                number += isinstance(child, ast.expr)
    return number


def test_a_body_is_small() -> None:
    large = {place: number for place, function in _functions() if (number := _num_nodes(function)) > MOST_NODES}
    assert not large


def test_a_body_has_few_branches() -> None:
    tangled = {place: number for place, function in _functions() if (number := _complexity(function)) > MOST_BRANCHES}
    assert not tangled


def test_a_statement_says_one_thing() -> None:
    long = {}
    for place, function in _functions():
        for node in ast.walk(function):
            is_statement = isinstance(node, ast.stmt) and not isinstance(node, (*_FUNCTIONS, ast.ClassDef))
            if is_statement and (number := _expressions_of(node)) > MOST_EXPRESSIONS:
                long[f"{place}:{node.lineno}"] = number
    assert not long


def test_a_comprehension_has_one_for() -> None:
    nested = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            generators = getattr(node, "generators", [])
            if len(generators) > 1:
                nested.append(f"{path.relative_to(PACKAGE.parent)}:{node.lineno}")
    assert not nested
