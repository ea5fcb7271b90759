"""Restores a network from a Lightning checkpoint, single-file or sharded, without the run's data or devices."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
import yaml
from torch import Tensor
from torch.distributed import checkpoint as distributed_checkpoint
from transformers import PreTrainedModel

from gner.errors import UserError, first_line
from gner.models.backbone import Backbone
from gner.models.conversion import ConvertedTensors, adopt_names
from gner.models.folder_metadata import read_folder_metadata
from gner.models.lora import Lora
from gner.models.quantization import WithAdapters
from gner.models.tagger_backbone import TaggerBackbone, head_of, make_backbone, parse_backbone
from gner.models.tensors import StoredTensors, plain_name
from gner.models.weight_files import WeightFiles, load_rows, materialize, untie_distinct_weights

CONFIG_KEY = "gner_config"
"""Key of a checkpoint: the configuration of its run, as YAML."""
TOKENIZER_KEY = "gner_tokenizer"
"""Key of a checkpoint: the tokenizer that its run trained, if any."""
DRAFTS_KEY = "gner_drafts"
"""Key of a checkpoint: what its decoding strategy learned of the model's texts, which makes it faster."""
TAGS_KEY = "gner_tags"
"""Key of a checkpoint: the tags of a tagger's head, if it has one for each."""
NAMES_KEY = "gner_tensor_names"
"""Key of a checkpoint: the tensor names that `save_pretrained` would write."""
_META = "meta.pt"
NETWORK_PREFIX = "network."
"""Of the names of a network's tensors in a checkpoint."""


class Restored(NamedTuple):
    """What is restored from a checkpoint.

    Attributes:
        backbone: With the tokenizer of the run.
        network: On the CPU, in evaluation mode, with the adapters of the run.
        config: The configuration of the run.
        meta: Everything else in the checkpoint, under Lightning's keys.
    """

    backbone: Backbone
    network: PreTrainedModel
    config: dict[str, Any]
    meta: dict[str, Any]


def is_checkpoint(path: Path) -> bool:
    """Whether a path is a checkpoint of a run: a file, or the folder of a sharded one.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, "last.ckpt").mkdir()
        ...     Path(folder, "last.ckpt", _META).touch()
        ...     is_checkpoint(Path(folder, "last.ckpt")), is_checkpoint(Path(folder))
        (True, False)
    """
    return path.is_file() or (path / _META).is_file()


def read_meta(path: Path) -> dict[str, Any]:
    """The content of a checkpoint; of a sharded one, all but its tensors. Tensors are mapped, and read when used."""
    meta = path / _META if path.is_dir() else path
    loaded: dict[str, Any] = torch.load(meta, map_location="cpu", mmap=True, weights_only=True)
    return loaded


def restore(path: Path, dtype: torch.dtype = torch.float32) -> Restored:
    """Load the network of a checkpoint.

    A checkpoint of QLoRA has the adapters only; they are added to the backbone's weights as they were before 4 bits
    remained of each.

    Args:
        path: A file, or the folder of a sharded checkpoint from any number of processes.
        dtype: Of the weights.

    Raises:
        UserError: It is not one of our checkpoints, or its backbone's configuration cannot be found.
    """
    meta = _read(path)
    config = yaml.safe_load(meta[CONFIG_KEY])
    settings = config["model"]
    backbone = make_backbone(parse_backbone(settings["backbone"]), settings.get("attention"))
    take_from_checkpoint(backbone, meta)
    network = backbone.build_empty(dtype)
    lora = Lora(**settings["lora"]) if settings.get("lora") is not None else None
    with ExitStack() as stack:
        files: StoredTensors
        files = CheckpointFolder(path) if path.is_dir() else CheckpointFile(path, meta.pop("state_dict"))
        if lora is not None and lora.quantization is not None:  # the checkpoint has the adapters only
            stored = stack.enter_context(WeightFiles(str(backbone.source)))
            files = WithAdapters(ConvertedTensors(stored, network), files)
        untie_distinct_weights(network, files)
        if lora is not None:
            head = head_of(network) if isinstance(backbone, TaggerBackbone) else None
            lora.add_to(network, needs_input_grads=False, head=head)
        materialize(network, torch.device("cpu"))
        load_rows(network, files)
    network.tie_weights(recompute_mapping=False)  # materializing from the meta device untied the tied weights
    if NAMES_KEY in meta:
        adopt_names(network, meta[NAMES_KEY])
    return Restored(backbone, network.eval(), config, meta)


def take_from_checkpoint(backbone: Backbone, meta: Mapping[str, Any]) -> None:
    """Give a backbone the tokenizer and the tags of the run that a checkpoint is of, if there are any.

    Example:
        >>> from gner.models import FromScratch, TokenClassifier
        >>> backbone = make_backbone(TokenClassifier(FromScratch("bert")))
        >>> take_from_checkpoint(backbone, {TAGS_KEY: ["O", "B-city", "I-city"]})
        >>> backbone.tags
        ('O', 'B-city', 'I-city')
    """
    if TOKENIZER_KEY in meta and backbone.needs_tokenizer:
        backbone.set_tokenizer(meta[TOKENIZER_KEY])
    if TAGS_KEY in meta and isinstance(backbone, TaggerBackbone):
        backbone.set_tags(meta[TAGS_KEY])


def read_checked(path: Path) -> dict[str, Any]:
    """Like `read_meta`, but first checks that the checkpoint is complete and undamaged.

    Raises:
        UserError: It is damaged, or not one of our checkpoints.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "last.ckpt")
        ...     _ = path.write_bytes(b"PK, then the disk was full")
        ...     read_checked(path)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a checkpoint at ...last.ckpt, but it is damaged: 26 bytes that ...
    """
    damage = _damage(path)
    if damage is not None:
        raise UserError(f"Expected a checkpoint at {path}, but it is damaged: {damage}.")
    return _read(path)


def _damage(path: Path) -> str | None:
    """What is wrong with a file, by its checksums, or with a folder, by the lengths of its parts; None if intact."""
    if path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                broken = archive.testzip()
        except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, ValueError, NotImplementedError) as error:
            return f"{path.stat().st_size:,} bytes that are not a complete file: {first_line(error)}"
        return None if broken is None else f"the checksum of {broken} in it is wrong"
    try:
        metadata = read_folder_metadata(path)
    except Exception as error:  # unpickling damaged bytes can raise anything
        return f"its .metadata cannot be read: {first_line(error)}"
    ends: dict[str, int] = {}
    for part in (metadata.storage_data or {}).values():
        ends[part.relative_path] = max(ends.get(part.relative_path, 0), part.offset + part.length)
    for name, end in sorted(ends.items()):
        file = path / name
        if not file.is_file() or file.stat().st_size < end:
            return f"its part {name} is {'truncated' if file.is_file() else 'missing'}"
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        meta = read_meta(path)
    except Exception as error:
        raise UserError(
            f"Expected a checkpoint at {path}, but it cannot be read as one: {first_line(error)}"
        ) from error
    if not isinstance(meta, dict) or CONFIG_KEY not in meta:
        raise UserError(
            f"Expected a checkpoint that `gner.fit` wrote, but {path} holds no configuration of a run. For weights "
            "from elsewhere, give a Hugging Face folder."
        )
    return meta


class CheckpointFile:
    """Tensors of a single-file checkpoint, under the names of the network."""

    def __init__(self, path: Path, state_dict: dict[str, Tensor]) -> None:
        self.source = str(path)
        self._tensors = {_network_name(name): tensor for name, tensor in state_dict.items()}

    @property
    def names(self) -> set[str]:
        """Names of all tensors."""
        return set(self._tensors)

    def tensor(self, name: str) -> Tensor:
        """A tensor."""
        return self._tensors[name]


class CheckpointFolder:
    """Tensors of a sharded checkpoint, assembled one at a time."""

    def __init__(self, path: Path) -> None:
        self.source = str(path)
        self._path = path

    @cached_property
    def _stored(self) -> dict[str, tuple[str, Any]]:
        """The checkpoint's name and metadata of each tensor, by the network's name."""
        start = f"state_dict.{NETWORK_PREFIX}"
        described = read_folder_metadata(self._path).state_dict_metadata
        return {
            _network_name(name.removeprefix("state_dict.")): (name.removeprefix("state_dict."), metadata)
            for name, metadata in described.items()
            if name.startswith(start)
        }

    @property
    def names(self) -> set[str]:
        """Names of all tensors."""
        return set(self._stored)

    def tensor(self, name: str) -> Tensor:
        """A whole tensor."""
        stored, metadata = self._stored[name]
        tensor = torch.empty(metadata.size, dtype=metadata.properties.dtype)
        distributed_checkpoint.load({"state_dict": {stored: tensor}}, checkpoint_id=self._path, no_dist=True)
        return tensor


def _network_name(name: str) -> str:
    return plain_name(name.removeprefix(NETWORK_PREFIX))
