"""The parser of configs and command lines: one message an error, and names of strategies and formats."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any, NamedTuple, NoReturn

from jsonargparse import Namespace
from lightning.pytorch.cli import LightningArgumentParser
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from gner.decoding import DecodingStrategy
from gner.errors import did_you_mean
from gner.plugins import FORMATS, STRATEGIES, resolve_name
from gner.prompting import Format

_MOVED = {"gner.formats": "gner.prompting", "gner.decoding.plugins": "gner.plugins"}
"""Modules of classes that configs of earlier versions name."""
_OPTION = "--model."


class Choice(NamedTuple):
    """An option whose value is a class: the entry points that name classes, and what these are subclasses of."""

    group: str
    base: type


CHOICES = {"decoding": Choice(STRATEGIES, DecodingStrategy), "format": Choice(FORMATS, Format)}
"""By the key below ``model``."""


def _subclasses(base: type) -> list[type]:
    """All concrete subclasses of a class."""
    found: list[type] = []
    children: list[type] = base.__subclasses__()
    for child in children:
        found += [child, *_subclasses(child)]
    # jsonargparse's lazy defaults are subclasses too
    return [cls for cls in found if not inspect.isabstract(cls) and not cls.__name__.startswith("LazyInstance_")]


def _available_classes(message: str) -> list[str]:
    """The classes to choose from, if a message is about a class that cannot be imported."""
    for key, choice in CHOICES.items():
        if f'"model.{key}"' in message and "import path" in message:
            return sorted(cls.__name__ for cls in _subclasses(choice.base))
    return []


class Parser(LightningArgumentParser):
    """A parser whose errors are one message with the nearest valid keys, not a page of usage."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print the message and exit with status 2."""
        fail(f"{message}{self._suggestion(message)}")

    def _apply_actions(self, cfg: Any, *args: Any, **kwargs: Any) -> Namespace:
        """Take names of a config file as `resolve_name` does, for every command in the same way."""
        model = cfg.get("model") if isinstance(cfg, dict) else None
        model = model if isinstance(model, dict) else {}
        for key, choice in CHOICES.items():
            chosen = model.get(key)
            if isinstance(chosen, str):
                model[key] = resolve_name(choice.group, chosen)
            elif isinstance(chosen, dict) and isinstance(chosen.get("class_path"), str):
                chosen["class_path"] = resolve_name(choice.group, chosen["class_path"])
        return super()._apply_actions(cfg, *args, **kwargs)

    def _suggestion(self, message: str) -> str:
        """A hint to add to jsonargparse's message: the nearest keys, or the available classes."""
        available = _available_classes(message)
        if available:
            return f"\nThere are: {', '.join(available)}."
        moved = re.search(r"class_path '([\w.]+)\.(\w+)'", message)
        if moved and moved.group(1) in _MOVED:
            return f"\nIts new class_path is {_MOVED[moved.group(1)]}.{moved.group(2)}."
        unknown = re.search(r"(?:Option|option|[Kk]ey|arguments:) ['\"]?-*([\w.]+)", message)
        if not unknown or not re.search(r"not accept|unrecognized|not expected", message):
            return ""
        keys = [action.dest for action in self._actions]
        for choice in CHOICES.values():
            for cls in _subclasses(choice.base):
                keys += inspect.signature(cls).parameters
        hint = did_you_mean(unknown.group(1), dict.fromkeys(keys), most=3)
        return f"\n{hint.strip()}" if hint else ""


def with_resolved_names(args: list[str]) -> list[str]:
    """Arguments in which strategies and formats have their own names.

    Example:
        >>> with_resolved_names(["--model.decoding", "beam-search", "--model.decoding.init_args.num_beams", "8"])
        ['--model.decoding', 'BeamSearch', '--model.decoding.init_args.num_beams', '8']
    """
    resolved = list(args)
    for place, argument in enumerate(args):
        option, has_value, value = argument.partition("=")
        key = option.removeprefix(_OPTION).removesuffix(".class_path")
        if not option.startswith(_OPTION) or key not in CHOICES:
            continue
        group = CHOICES[key].group
        if has_value:
            resolved[place] = f"{option}={resolve_name(group, value)}"
        elif place + 1 < len(args):
            resolved[place + 1] = resolve_name(group, args[place + 1])
    return resolved


def fail(message: str) -> NoReturn:
    """Print an error, on one process, and exit with status 2."""
    rank_zero_only(sys.stderr.write)(f"gner: {message}\n")
    raise SystemExit(2)
