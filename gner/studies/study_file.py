"""The YAML of a study: a base config, axes of changes, seeds, and what is compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import chain, product
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from jsonargparse import ArgumentError, ArgumentParser

from gner.configs import find_config
from gner.errors import UserError, did_you_mean

Split = Literal["test", "val"]
EVALUATION_KEYS = ("evaluation", "model.decoding", "data.test", "data.eval_batch_size")
"""Keys that change decoding and scoring and nothing of training: cells that differ in no other share one training."""
_BASE = "base"
_SET_BY_STUDIES = {"seed_everything": "seeds", "trainer.default_root_dir": "out"}
"""Keys of the config, and what a study has in their place."""
_UNSAFE = re.compile(r"[^\w.+=-]+")


@dataclass
class AxisFile:
    """An axis as it is written.

    Attributes:
        values: Labels with what each sets: a value for ``key`` or, without one, a mapping of keys. A list has values
            that are their own labels.
        key: The config's key that all values are for.
    """

    values: dict[str | int | float | bool, Any] | list[str | int | float | bool | None]
    key: str | None = None


@dataclass
class FigureFile:
    """A figure: curves of the first metric.

    Attributes:
        x: The axis from left to right.
        lines: The axis with a curve for each value; null for a single curve.
        scale: ``categories`` puts the values at equal distances; ``linear`` and ``log`` need labels that are numbers.
    """

    x: str
    lines: str | None = None
    scale: Literal["categories", "linear", "log"] = "categories"


@dataclass
class StudyFile:
    """What a study's YAML may hold.

    Attributes:
        base: Config of all runs, or several of which later ones win: a path beside the study, a path, or a shipped one.
        axes: What changes, by name. A value may also have ``base``, in place of the study's.
        seeds: Of the runs of each cell.
        title: Above the table and the figure.
        out: Folder of runs and results; by default ``runs/studies/<name of the file>``.
        settings: Keys of the config that all runs set, such as ``trainer.max_steps``.
        compare_with: The cell that others are compared with, by label; of axes that it leaves out, the first value.
        split: What is evaluated: ``test`` or ``val``.
        checkpoint: Which of a run is evaluated: ``best`` or ``last``.
        metrics: Columns of the table: names of ``metrics.json`` without the split. The figure has the first.
        figure: The curves, or null.
    """

    base: str | list[str]
    axes: dict[str, AxisFile]
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    title: str | None = None
    out: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    compare_with: dict[str, str | int | float | bool] = field(default_factory=dict)
    split: Split = "test"
    checkpoint: Literal["best", "last"] = "best"
    metrics: list[str] = field(default_factory=lambda: ["f1"])
    figure: FigureFile | None = None


class Value(NamedTuple):
    """A value of an axis.

    Attributes:
        label: How tables call it.
        settings: What it sets, by keys of the config.
        base: Configs in place of the study's, or None.
    """

    label: str
    settings: Mapping[str, Any]
    base: tuple[Path, ...] | None


class Axis(NamedTuple):
    """What changes from cell to cell."""

    name: str
    values: tuple[Value, ...]

    @property
    def is_evaluation(self) -> bool:
        """Whether its values differ in decoding and scoring only, so that they share trainings.

        Example:
            >>> beams = Value("4", {"model.decoding.init_args.num_beams": 4}, None)
            >>> steps = Value("9", {"trainer.max_steps": 9}, None)
            >>> Axis("beams", (beams,)).is_evaluation, Axis("steps", (steps,)).is_evaluation
            (True, False)
        """
        return all(value.base is None and all(map(_of_evaluation, value.settings)) for value in self.values)

    def value(self, label: str) -> Value:
        """The value of a label."""
        return next(value for value in self.values if value.label == label)


class Study(NamedTuple):
    """A study whose file was read and checked.

    Attributes:
        file: Where it is written.
        base: Config files of all runs.
        out: Folder of runs and results.
        axes: What changes.
        compare_with: Label of each axis, of the cell that others are compared with.
        options: All else that the file says.
    """

    file: Path
    base: tuple[Path, ...]
    out: Path
    axes: tuple[Axis, ...]
    compare_with: Mapping[str, str]
    options: StudyFile

    @property
    def base_labels(self) -> tuple[tuple[str, str], ...]:
        """The labels of the cell that others are compared with."""
        return tuple(self.compare_with.items())

    def axis(self, name: str) -> Axis:
        """The axis of a name."""
        return next(axis for axis in self.axes if axis.name == name)

    @property
    def title(self) -> str:
        """Of the table and the figure."""
        return self.options.title or self.file.stem.replace("_", " ")


def read_study(path: str) -> Study:
    """Read the file of a study.

    Args:
        path: A file, or the name of a shipped one such as ``studies/context_window.yaml``.

    Raises:
        UserError: It is not there, has unknown keys or values, or its axes contradict each other.
        OSError: It cannot be read.
    """
    file = Path(find_config(path))
    options = _parse(file)
    base = _configs(options.base, file)
    axes = tuple(_axis(name, axis, file) for name, axis in options.axes.items())
    for name, given in (("axes", options.axes), ("seeds", options.seeds), ("metrics", options.metrics)):
        if not given or len(set(given)) < len(given):
            raise UserError(f"{file}: expected one or more different `{name}`, got {list(given)}.")
    _check_keys(axes, options.settings, file)
    compare_with = {axis.name: axis.values[0].label for axis in axes}
    for name, label in options.compare_with.items():
        _check_name(name, compare_with, f"{file}: `compare_with`")
        axis = next(axis for axis in axes if axis.name == name)
        _check_name(str(label), [value.label for value in axis.values], f"{file}: `compare_with.{name}`")
        compare_with[name] = str(label)
    _check_figure(options.figure, axes, file)
    out = Path(options.out or f"runs/studies/{file.stem}")
    return Study(file, base, out, axes, compare_with, options)


def slug(text: str) -> str:
    """A text as part of a file name.

    Example:
        >>> slug("w/o context")
        'w-o-context'
    """
    return _UNSAFE.sub("-", text)


def by_dotted_keys(config: Any, prefix: str = "") -> dict[str, Any]:
    """The values of a config by dotted keys; the opposite of `gner.studies.cells.as_config`.

    Example:
        >>> by_dotted_keys({"model": {"lora": None, "format": {"init_args": {"boundaries": "none"}}}})
        {'model.lora': None, 'model.format.init_args.boundaries': 'none'}
    """
    if not isinstance(config, Mapping):
        return {prefix.removesuffix("."): config}
    found: dict[str, Any] = {}
    for key, value in config.items():
        found |= by_dotted_keys(value, f"{prefix}{key}.")
    return found


def _parse(file: Path) -> StudyFile:
    """The checked options; values are those of the YAML.

    The parser is only asked whether types fit: it would read texts among values as YAML again, and make objects of what
    has a class_path.
    """
    given = _load(file)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(StudyFile)
    try:
        parsed = parser.parse_object(deepcopy(given)).as_dict()
    except ArgumentError as error:
        raise UserError(f"{file}: {' '.join(str(error).split())}") from error
    axes = {str(name): AxisFile(axis["values"], axis.get("key")) for name, axis in given["axes"].items()}
    figure = None if parsed["figure"] is None else FigureFile(**parsed["figure"])
    return StudyFile(**{**parsed, "axes": axes, "settings": given.get("settings") or {}, "figure": figure})


def _load(file: Path) -> dict[str, Any]:
    """The file's keys, of which axes have values."""
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: expected YAML: {' '.join(str(error).split())}") from error
    if not isinstance(given, dict):
        raise UserError(f"{file}: expected the keys of a study, `base` and `axes`, found {type(given).__name__}.")
    known = list(StudyFile.__dataclass_fields__)
    for key in given.keys() - set(known):
        raise UserError(f"{file}: expected keys among {', '.join(known)}, got `{key}`.{did_you_mean(str(key), known)}")
    for name, axis in (given.get("axes") or {}).items():
        if not isinstance(axis, dict) or "values" not in axis:
            raise UserError(f"{file}: `axes.{name}`: expected `values`, and maybe a `key`, got {axis!r}.")
    return given


def _configs(given: str | list[str], file: Path) -> tuple[Path, ...]:
    """The files of a base config."""
    names = [given] if isinstance(given, str) else given
    beside = [(file.parent / name, name) for name in names]
    return tuple(path if path.is_file() else Path(find_config(name)) for path, name in beside)


def _axis(name: str, given: AxisFile, file: Path) -> Axis:
    labels = given.values if isinstance(given.values, dict) else {_label(value): value for value in given.values}
    values = tuple(_value(str(label), value, name, given.key, file=file) for label, value in labels.items())
    if not values or len({slug(value.label) for value in values}) < len(values):
        raise UserError(f"{file}: `axes.{name}`: expected one or more values with labels that differ in letters.")
    return Axis(name, values)


def _label(value: Any) -> str:
    return "null" if value is None else str(value)


def _value(label: str, given: Any, axis: str, key: str | None, *, file: Path) -> Value:
    if key is not None:
        return Value(label, {key: given}, None)
    if not isinstance(given, dict):
        raise UserError(f"{file}: `axes.{axis}`: expected a `key`, or keys and values for `{label}`, got {given!r}.")
    settings = {str(name): value for name, value in given.items() if name != _BASE}
    return Value(label, settings, _configs(given[_BASE], file) if _BASE in given else None)


def _of_evaluation(key: str) -> bool:
    return any(key == one or key.startswith(f"{one}.") for one in EVALUATION_KEYS)


def _check_keys(axes: Iterable[Axis], settings: Mapping[str, Any], file: Path) -> None:
    """Refuse two axes of which one would hide the other, and what a study sets by itself."""
    owners: dict[str, str] = {}
    for axis in axes:
        keys = set(chain.from_iterable(map(_keys, axis.values)))
        for key, owner in product(keys, owners):
            if key == owner or key.startswith(f"{owner}.") or owner.startswith(f"{key}."):
                both = f"{owners[owner]} and {axis.name}"
                raise UserError(f"{file}: expected axes that set different keys, but {both} set `{min(key, owner)}`.")
        owners |= dict.fromkeys(keys, axis.name)
    for key, instead in _SET_BY_STUDIES.items():
        if key in {*owners, *by_dotted_keys(settings)}:
            raise UserError(f"{file}: `{key}` is set for each training. Set `{instead}` of the study.")


def _keys(value: Value) -> list[str]:
    """What a value sets, down to single values."""
    return [*by_dotted_keys(value.settings), *([] if value.base is None else [_BASE])]


def _check_figure(figure: FigureFile | None, axes: Iterable[Axis], file: Path) -> None:
    if figure is None:
        return
    by_name = {axis.name: axis for axis in axes}
    for key, name in (("x", figure.x), ("lines", figure.lines)):
        if name is not None:
            _check_name(name, by_name, f"{file}: `figure.{key}`")
    labels = [value.label for value in by_name[figure.x].values]
    if figure.scale != "categories" and not all(map(_is_number, labels)):
        raise UserError(f"{file}: expected labels of `{figure.x}` that are numbers for `figure.scale`, got {labels}.")


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


def _check_name(name: str, known: Iterable[str], place: str) -> None:
    known = list(known)
    if name not in known:
        raise UserError(f"{place}: expected one of {', '.join(known)}, got `{name}`.{did_you_mean(name, known)}")
