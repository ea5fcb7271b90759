"""The cells of a study: what is trained, and how each training is evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf

from gner.errors import UserError
from gner.run_dir import MOST_CHARACTERS
from gner.studies.study_file import Axis, Study, Value, slug

Labels = tuple[tuple[str, str], ...]
"""Name of an axis and label of its value, for each axis."""


class Evaluation(NamedTuple):
    """How a training is evaluated for one cell.

    Attributes:
        labels: Of the cell, of all axes in the study's order.
        name: What its predictions and metrics are called beside those of other cells; None where there is one.
        settings: Keys of the config that it sets.
    """

    labels: Labels
    name: str | None
    settings: Mapping[str, Any]


class Training(NamedTuple):
    """A training, of which one or more cells have their figures for one seed.

    Attributes:
        name: For people.
        folder: Of all that it writes.
        base: Config files; later ones win.
        settings: Keys of the config that its fit sets.
        common: Those of them that its evaluations have too: all but the ones of decoding and scoring.
        seed: Of the run.
        evaluations: Of its cells.
    """

    name: str
    folder: Path
    base: tuple[Path, ...]
    settings: Mapping[str, Any]
    common: Mapping[str, Any]
    seed: int
    evaluations: tuple[Evaluation, ...]

    @property
    def run_dir(self) -> Path:
        """The run folder."""
        return self.folder / "run"


def trainings(study: Study) -> list[Training]:
    """All trainings of a study, those of the first seed first, so that every cell has a figure early.

    What an axis of decoding or scoring changes is not trained for: such trainings have the value of the cell that
    others are compared with.
    """
    of_training = [axis for axis in study.axes if not axis.is_evaluation]
    points = list(product(*(axis.values for axis in of_training)))
    return [_training(study, of_training, point, seed) for seed, point in product(study.options.seeds, points)]


def _training(study: Study, axes: Sequence[Axis], point: Sequence[Value], seed: int) -> Training:
    labels = {axis.name: value.label for axis, value in zip(axes, point, strict=True)}
    others = [axis for axis in study.axes if axis.is_evaluation]
    evaluations = [_evaluation(study, labels, others, chosen) for chosen in product(*(axis.values for axis in others))]
    usual = [axis.value(study.compare_with[axis.name]).settings for axis in others]
    own = [value.settings for value in point]
    base = next((value.base for value in point if value.base is not None), study.base)
    settings = merged(study.options.settings, *usual, *own)
    common = merged(study.options.settings, *own)
    name = name_of((*labels.items(), ("seed", str(seed))))
    folder = study.out / (_short_file_name(labels) or "all") / f"seed={seed}"
    return Training(name, folder, base, settings, common, seed, tuple(evaluations))


def _evaluation(study: Study, trained: Mapping[str, str], axes: Sequence[Axis], point: Sequence[Value]) -> Evaluation:
    own = {axis.name: value.label for axis, value in zip(axes, point, strict=True)}
    whole = {**trained, **own}
    labels = tuple((axis.name, whole[axis.name]) for axis in study.axes)
    return Evaluation(labels, _short_file_name(own) or None, merged(*(value.settings for value in point)))


def file_name_of(labels: Labels) -> str:
    """Labels as part of a file's name.

    Example:
        >>> file_name_of((("context", "w/o"), ("boundaries", "bio")))
        'context=w-o+boundaries=bio'
    """
    return "+".join(slug(f"{name}={label}") for name, label in labels)


def _short_file_name(labels: Mapping[str, str]) -> str:
    """The same.

    Raises:
        UserError: It is longer than the name of an evaluation may be.
    """
    name = file_name_of(tuple(labels.items()))
    if len(name) > MOST_CHARACTERS:
        raise UserError(f"Expected shorter labels of a study: {name} has more than {MOST_CHARACTERS} characters.")
    return name


def name_of(labels: Labels) -> str:
    """Labels as text.

    Example:
        >>> name_of((("context", "0"), ("boundaries", "bio")))
        'context=0, boundaries=bio'
    """
    return ", ".join(f"{name}={label}" for name, label in labels)


def merged(*settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of several sources; later ones win."""
    return dict(chain.from_iterable(one.items() for one in settings))


def config_arguments(files: Iterable[Path]) -> list[str]:
    """The options by which commands get config files."""
    return list(chain.from_iterable(("--config", str(file)) for file in files))


def as_config(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by dotted keys as a config.

    Example:
        >>> as_config({"model.lora": None, "model.format.init_args.boundaries": "none", "seed_everything": 1})
        {'model': {'lora': None, 'format': {'init_args': {'boundaries': 'none'}}}, 'seed_everything': 1}
    """
    config = OmegaConf.create()
    for key, value in settings.items():
        OmegaConf.update(config, key, value, force_add=True)
    found = OmegaConf.to_container(config)
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items()}
