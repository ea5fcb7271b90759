"""Loads a model and its settings from a run, a checkpoint, a Hugging Face folder or the hub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import PreTrainedModel

from gner import run_dir
from gner.errors import UserError
from gner.inference.gner_config import FILE, Settings
from gner.interfaces import Kind
from gner.models import Backbone, TaggerBackbone, TokenClassifier
from gner.models.restore import is_checkpoint, restore
from gner.models.token_classifier import types_of
from gner.models.weight_files import find_file
from gner.prompting import Format

_ADAPTER = "adapter_config.json"
_CAUSAL_TOKENS = 1280
"""Limit of the released LLaMA, which was trained on longer inputs than the released T5s."""


class Loaded(NamedTuple):
    """A loaded model.

    Attributes:
        backbone: Source of the tokenizer.
        network: On the CPU, in evaluation mode.
        settings: How it was trained.
        config: Config of the run; empty if it is not from a checkpoint.
        meta: Other entries of the checkpoint, by Lightning's names; empty if it is not from one.
        checkpoint: The checkpoint it was loaded from; None for other models.
    """

    backbone: Backbone
    network: PreTrainedModel
    settings: Settings
    config: dict[str, Any]
    meta: dict[str, Any]
    checkpoint: Path | None = None


def load(source: str | Path, dtype: torch.dtype = torch.float32, format: Format | None = None) -> Loaded:
    """Load a model and its settings.

    Args:
        source: A checkpoint, single-file or sharded; the folder of a run, or ``best`` or ``last`` in it; a folder that
            ``gner.export`` or Hugging Face's libraries wrote, with full weights or adapters; or a name on the hub.
        dtype: Dtype of the weights.
        format: The prompt format, in place of the one that the model was saved with, or of the default one.

    Raises:
        UserError: There is no such model.
    """
    checkpoint = find_checkpoint(Path(source))
    if checkpoint is None:
        return _load_pretrained(str(source), dtype, format)
    restored = restore(checkpoint, dtype)
    settings = Settings.of_run(restored.config, restored.meta.get("GnerDataModule", {}), str(checkpoint), format)
    restored.backbone.write_in(settings.format)
    return Loaded(restored.backbone, restored.network, settings, restored.config, restored.meta, checkpoint)


def find_checkpoint(path: Path) -> Path | None:
    """The checkpoint that a path refers to: itself, or that of a run; None if it is something else.

    Raises:
        UserError: The path is of a checkpoint that does not exist.

    Example:
        >>> print(find_checkpoint(Path("google/flan-t5-base")))  # may be a name on the hub
        None
        >>> find_checkpoint(Path("runs/none/best.ckpt"))
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a checkpoint at runs/none/best.ckpt, but it does not exist.
    """
    if path.exists() and is_checkpoint(path):
        return path
    if (path / run_dir.CHECKPOINTS).is_dir():
        return run_dir.find_checkpoint(path, "best")
    if path.name in ("best", "last") and not path.exists() and (path.parent / run_dir.CHECKPOINTS).is_dir():
        return run_dir.find_checkpoint(path.parent, path.name)
    if path.suffix == ".ckpt":
        raise UserError(f"Expected a checkpoint at {path}, but it does not exist.")
    return None


def _base_model(adapter: Path) -> str:
    """The model that adapters belong to, by their configuration."""
    try:
        base = json.loads(adapter.read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{adapter}: expected the configuration of adapters, found something else: {error}.") from error
    if not base:
        raise UserError(f"{adapter}: expected the name of the adapters' base model, found none.")
    return str(base)


def load_empty(source: str | Path, format: Format | None = None) -> Loaded:
    """Load all of a model but its weights, which another engine reads: the network has none.

    Args:
        source: A folder that ``gner.export`` or Hugging Face's libraries wrote, or a name on the hub.
        format: See `load`.

    Raises:
        UserError: There is no such model, or its weights are in a checkpoint, or beside those of another model.
    """
    if find_checkpoint(Path(source)) is not None:
        raise UserError(
            f"Expected an exported model, but {source} is a checkpoint: python -m gner.export --ckpt {source} --out DIR"
        )
    outline = _outline(str(source), format)
    if outline.adapter is not None:
        raise UserError(
            f"Expected a model with all of its weights, but {source} has adapters only. Export it without "
            "--adapter-only, which merges them."
        )
    return Loaded(outline.backbone, outline.backbone.build_empty().eval(), outline.settings, {}, {})


class _Outline(NamedTuple):
    """What a folder says of a model, its weights aside."""

    backbone: Backbone
    settings: Settings
    adapter: Path | None


def _load_pretrained(source: str, dtype: torch.dtype, format: Format | None) -> Loaded:
    outline = _outline(source, format)
    network = outline.backbone.build(dtype)
    if outline.adapter is not None:
        network.load_adapter(source)
    return Loaded(outline.backbone, network.eval(), outline.settings, {}, {})


def _outline(source: str, format: Format | None) -> _Outline:
    if Path(source).is_dir() and not any(Path(source, name).is_file() for name in ("config.json", _ADAPTER)):
        raise UserError(
            f"Expected a model in the folder {source}, but it has no config.json, {_ADAPTER} or checkpoints/. Give the "
            "folder of a run, a checkpoint, or a folder that `gner.export` wrote."
        )
    adapter = find_file(source, _ADAPTER)
    base = source
    if adapter is not None:
        base = _base_model(adapter)
    path = find_file(source, FILE)
    stored = None if path is None else Settings.read(path, format)
    backbone = _backbone(base, stored)
    settings = stored or _default_settings(backbone, format)
    backbone.write_in(settings.format)
    return _Outline(backbone, settings, adapter)


def _backbone(base: str, stored: Settings | None) -> Backbone:
    """A backbone that writes, or one that tags, by its settings or, if it has none, by its configuration."""
    if stored is not None and stored.tagger is not None:
        return TaggerBackbone(_tagger_options(base, stored.tagger))
    if stored is not None or not _is_token_classifier(base):
        return Backbone(base)
    tagger = TaggerBackbone(TokenClassifier(base))
    if tagger.needs_types:
        labels = [str(label) for label in (tagger.config.id2label or {}).values()]
        raise UserError(
            f"Expected a token classifier whose labels are O and the B and I of each type, but those of `{base}` are: "
            f"{', '.join(labels[:9])}. Train a tagger on it: set model.backbone.tagger."
        )
    return tagger


def _tagger_options(base: str, stored: Mapping[str, Any]) -> TokenClassifier:
    """Options as `gner_config.json` has them."""
    try:
        return TokenClassifier(base, **stored)
    except TypeError as error:
        raise UserError(f"{base}: expected options of a tagger in {FILE}, but: {error}. Export it again.") from error


def _is_token_classifier(base: str) -> bool:
    path = find_file(base, "config.json")
    try:
        architectures = json.loads(path.read_text(encoding="utf-8")).get("architectures") if path is not None else None
    except (OSError, ValueError, AttributeError):
        return False  # transformers says what is wrong
    return any(str(name).endswith("ForTokenClassification") for name in architectures or ())


def _default_settings(backbone: Backbone, format: Format | None) -> Settings:
    """The settings of the released checkpoints, for models that come without."""
    settings = Settings(max_input_tokens=_CAUSAL_TOKENS) if backbone.kind is Kind.CAUSAL else Settings()
    if isinstance(backbone, TaggerBackbone):
        settings = replace(settings, types={Path(str(backbone.source)).name: types_of(backbone.tags)}, tagger={})
    return settings if format is None else replace(settings, format=format)
