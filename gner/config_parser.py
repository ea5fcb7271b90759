"""The parser of configs and command lines: one message an error, and names of strategies and formats."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from itertools import chain
from typing import Any, NamedTuple, NoReturn

from jsonargparse import Namespace
from lightning.pytorch.cli import LightningArgumentParser
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from gner.decoding import DecodingStrategy
from gner.errors import did_you_mean, last_line
from gner.plugins import FORMATS, STRATEGIES, plain_name, resolve_name, subclasses
from gner.prompting import Format
from gner.scoring.named_aligner import unknown_aligner

_MOVED = {"gner.formats": "gner.prompting", "gner.decoding.plugins": "gner.plugins"}
"""Modules of classes that configs of earlier versions name."""
_OPTION = "--model."
_CLASS_PATH = re.compile(r"(\bclass_path['\"]?\s*:\s*['\"]?)([\w.-]+)")


class Choice(NamedTuple):
    """An option whose value is a class: the entry points that name classes, and what these are subclasses of."""

    group: str
    base: type

    def resolve(self, name: str) -> str:
        """The name that is meant; see `resolve_name`."""
        return resolve_name(self.group, name, self.base)


CHOICES = {"decoding": Choice(STRATEGIES, DecodingStrategy), "format": Choice(FORMATS, Format)}
"""By the key below ``model``."""


_GIVEN = re.compile(
    r"import path string: (\S+)|[Ii]mport path (\S+) does not|given class_path '([\w.]+)'|Got value: (None)"
)
"""Where jsonargparse's messages have the name of a class that it does not find."""
_UNKNOWN = re.compile(r"(?:Option|option|[Kk]ey|arguments:) ['\"]?-*([\w.]+)")
"""Where they have a key that there is not."""


def _without_class(message: str) -> str | None:
    """What to say instead of a message about a class that cannot be imported; None for other messages."""
    found = _GIVEN.search(message)
    given = next(filter(None, found.groups()), "") if found else ""
    key = next((key for key in CHOICES if given and f'"model.{key}"' in message), None)
    if key is None:
        return None
    module, _, name = given.rpartition(".")
    names = sorted(cls.__name__ for cls in subclasses(CHOICES[key].base))
    short = [plain_name(CHOICES[key].group, each) for each in names]
    sentences = [f"Expected model.{key} to name a class, got `{given}`."]
    if module:
        sentences.append(f"{last_line(ValueError(message)).strip(' -.')}.")
    if name != "None" and module.partition(".")[0] in ("", __name__.partition(".")[0]):
        sentences.append(did_you_mean(name, [*names, *short]).strip())
    sentences.append(f"There are: {', '.join(names)}. A class of your own is named with its module.")
    return " ".join(filter(None, sentences))


def _without_aligner(message: str) -> str | None:
    """What to say instead of a message about a value that is no aligner; None for other messages."""
    given = re.search(r"Given value: (\S+)", message)
    if given is None or '"evaluation.aligner"' not in message:
        return None
    problem = re.search(r"Problem with given class_path .*?:\s*(.*)", message)
    reason = f" {problem[1].strip(' .-')}." if problem else ""
    return f"{unknown_aligner(given[1])}{reason} Set evaluation.aligner."


class Parser(LightningArgumentParser):
    """A parser whose errors are one message with the nearest valid keys, not a page of usage."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print the message and exit with status 2."""
        if self._is_tagger(message):
            super().error(message, ex)  # raises, so that jsonargparse tries the other kind of backbone
        if self._has_both(message):
            fail(
                "Expected either `from_scratch` or `tagger` in model.backbone, with its own options beside it; got "
                "options of both. A tagger from scratch is {tagger: {from_scratch: …}}."
            )
        suggestion = self._suggestion(message)
        instead = None if suggestion else _without_class(message) or _without_aligner(message)
        fail(instead or f"{message}{suggestion}")

    def _apply_actions(self, cfg: Any, *args: Any, **kwargs: Any) -> Namespace:
        """Take names of a config file as `resolve_name` does, for every command in the same way."""
        model = cfg.get("model") if isinstance(cfg, dict) else None
        model = model if isinstance(model, dict) else {}
        for key, choice in CHOICES.items():
            chosen = model.get(key)
            if isinstance(chosen, str):
                model[key] = choice.resolve(chosen)
            elif isinstance(chosen, dict) and isinstance(chosen.get("class_path"), str):
                chosen["class_path"] = choice.resolve(chosen["class_path"])
        return super()._apply_actions(cfg, *args, **kwargs)

    def _suggestion(self, message: str) -> str:
        """A hint to add to jsonargparse's message: the nearest keys, and what the class has whose options these are."""
        moved = re.search(r"class_path '([\w.]+)\.(\w+)'", message)
        if moved and moved.group(1) in _MOVED:
            return f"\nIts new class_path is {_MOVED[moved.group(1)]}.{moved.group(2)}."
        wrong = re.match(r'Parser key "(\w+)":', message)
        if wrong and self._class() is not None:
            return f"\nSet {self._key()}.init_args.{wrong.group(1)}."
        unknown = _UNKNOWN.search(message)
        if not unknown or not re.search(r"not accept|unrecognized|not expected", message):
            return ""
        hint = _hint(unknown.group(1), [action.dest for action in self._actions])
        return "".join(f"\n{line}" for line in (hint, self._class_options()) if line)

    def _is_tagger(self, message: str) -> bool:
        """Whether the options of a tagger were taken for those of a backbone from scratch."""
        unknown = _UNKNOWN.search(message)
        if unknown is None or list(self.groups or ()) != ["FromScratch"]:
            return False
        from gner.models import TokenClassifier  # noqa: PLC0415 - takes seconds

        return unknown.group(1).partition(".")[0] in {field.name for field in fields(TokenClassifier)}

    def _has_both(self, message: str) -> bool:
        """Whether options of a tagger are beside those of a backbone from scratch."""
        unknown = _UNKNOWN.search(message)
        key = "" if unknown is None else unknown.group(1).partition(".")[0]
        return list(self.groups or ()) == ["TokenClassifier"] and key in ("from_scratch", "vocab_size", "config")

    def _class(self) -> type | None:
        """The class whose options this is the parser of, if it is one of `CHOICES`."""
        names = list(self.groups or ())
        return next((cls for cls in _all_subclasses() if names == [cls.__name__]), None)

    def _key(self) -> str:
        """The key of the config under which that class is."""
        cls = self._class() or object
        return next((f"model.{key}" for key, choice in CHOICES.items() if issubclass(cls, choice.base)), "")

    def _class_options(self) -> str:
        """The options that there are, if this is the parser of those of a class."""
        cls = self._class()
        if cls is None:
            return ""
        options = ", ".join(inspect.signature(cls).parameters)
        return f"{cls.__name__} has {f'the options {options}' if options else 'no options'}."


def replace_lists(parser: LightningArgumentParser, keys: Iterable[str]) -> None:
    """Have lists of some keys replace earlier ones; jsonargparse fills what an entry leaves out from an earlier one.

    Args:
        parser: Has the keys.
        keys: Of lists whose entries have options.
    """

    def without_earlier(check: Callable[..., Any]) -> Callable[..., Any]:
        """A check that is not told of an earlier value where a whole list is given."""

        def check_alone(value: Any, append: bool = False, cfg: Any = None, **options: Any) -> Any:
            """Check a value; one that adds to a list, or changes an option of its last entry, needs that list."""
            is_whole = not append and isinstance(value, str | list)
            return check(value, append=append, cfg=None if is_whole else cfg, **options)

        return check_alone

    wanted = set(keys)
    actions: list[Any] = [action for action in parser._actions if action.dest in wanted]
    for action in actions:
        action._check_type_ = without_earlier(action._check_type_)


def _all_subclasses() -> list[type]:
    return list(chain.from_iterable(subclasses(choice.base) for choice in CHOICES.values()))


def _hint(unknown: str, own: list[str]) -> str:
    """What may be meant by an unknown key: that of another class, or one like it, of the same class if there is one."""
    options = {cls.__name__: list(inspect.signature(cls).parameters) for cls in _all_subclasses()}
    others = [name for name, of_class in options.items() if unknown in of_class]
    if others:
        return f"`{unknown}` is an option of {', '.join(others)}."
    everywhere = dict.fromkeys(chain(own, *options.values()))
    return (did_you_mean(unknown, own, most=3) or did_you_mean(unknown, everywhere, most=3)).strip()


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
        if has_value:
            resolved[place] = f"{option}={_resolved(CHOICES[key], value)}"
        elif place + 1 < len(args):
            resolved[place + 1] = _resolved(CHOICES[key], args[place + 1])
    return resolved


def _resolved(choice: Choice, value: str) -> str:
    """A name, or a mapping written in YAML or JSON, with the class's own name."""
    if not value.lstrip().startswith("{"):
        return choice.resolve(value)
    return _CLASS_PATH.sub(lambda found: found.group(1) + choice.resolve(found.group(2)), value, count=1)


def fail(message: str) -> NoReturn:
    """Print an error, on one process, and exit with status 2."""
    rank_zero_only(sys.stderr.write)(f"gner: {message}\n")
    raise SystemExit(2)
