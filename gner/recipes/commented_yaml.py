"""YAML with a comment behind each value that has a reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import yaml

from gner.recipes.recipe import Line

_SMALL = 1e-3


def to_yaml(lines: Iterable[Line], heading: str) -> str:
    """Write the lines of a config as nested YAML.

    Args:
        lines: Keys with dots in between; those of a section must be together.
        heading: First lines, as comments.

    Example:
        >>> lines = [Line("model.backbone", "t5-base"), Line("model.lora.r", 16, "rank")]
        >>> lines.append(Line("data.train", [{"path": "a"}]))
        >>> print(to_yaml(lines, "Made by hand."))
        # Made by hand.
        model:
          backbone: t5-base
          lora:
            r: 16  # rank
        data:
          train:
          - path: a
        <BLANKLINE>
    """
    written = [f"# {line}".rstrip() for line in heading.splitlines()]
    before: list[str] = []
    for line in lines:
        *sections, key = line.key.split(".")
        shared = next((at for at, pair in enumerate(zip(sections, before, strict=False)) if pair[0] != pair[1]), None)
        depth = min(len(sections), len(before)) if shared is None else shared
        written += [f"{'  ' * at}{sections[at]}:" for at in range(depth, len(sections))]
        written += _entry("  " * len(sections), key, line)
        before = sections
    return "\n".join([*written, ""])


def _entry(indent: str, key: str, line: Line) -> Iterator[str]:
    if isinstance(line.value, list):
        if line.reason:
            yield f"{indent}# {line.reason}"
        yield f"{indent}{key}:"
        yield from (f"{indent}{row}" for row in _dump(line.value).splitlines())
        return
    reason = f"  # {line.reason}" if line.reason else ""
    yield f"{indent}{key}: {_scalar(line.value)}{reason}"


def _dump(value: Any) -> str:
    is_plain = json.dumps(value, ensure_ascii=False).isprintable()  # U+0085 would be read as the end of a line
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=is_plain, width=1000))


def _scalar(value: Any) -> str:
    if isinstance(value, float) and 0 < abs(value) < _SMALL:  # PyYAML would read `5e-05` as a text
        mantissa, _, exponent = format(Decimal(repr(value)), "e").partition("e")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}"
    return _dump(value).removesuffix("...\n").strip()
