"""Loads safetensors files into a network, sharded or whole: each process reads only its own rows."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.distributed.tensor._utils import compute_local_shape_and_global_offset
from transformers import PreTrainedModel
from transformers.utils import cached_file

from gner.errors import UserError, close_names
from gner.models.tensors import StoredTensors, is_adapter, plain_name, shape_of

_INDEX, _SINGLE = "model.safetensors.index.json", "model.safetensors"
_NAMES_SHOWN = 5


class WeightFiles:
    """The safetensors files of a checkpoint, opened on demand.

    Args:
        source: Local folder, or name on the Hugging Face hub.

    Raises:
        UserError: There are none.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from gner.testing import tiny_model
        >>> with TemporaryDirectory() as folder:
        ...     tiny_model("causal").network.save_pretrained(folder)
        ...     with WeightFiles(folder) as files:
        ...         files.tensor("model.norm.weight").get_shape()
        [16]
    """

    def __init__(self, source: str) -> None:
        self.source = source
        index = find_file(source, _INDEX)
        if index is not None:
            files = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            paths = {name: find_file(source, name) for name in set(files.values())}
            missing = sorted(name for name, path in paths.items() if path is None)
            if missing:
                raise UserError(f"Expected the files that {index} lists, but {', '.join(missing)} are missing.")
            self._paths: dict[str, Any] = {name: paths[file] for name, file in files.items()}
        else:
            single = find_file(source, _SINGLE)
            if single is None:
                raise UserError(
                    f"Expected {_SINGLE} or {_INDEX} in {source}, found neither. Sharded training reads safetensors "
                    "only: load the checkpoint with `from_pretrained` and write it with `save_pretrained` first."
                )
            with safe_open(single, "pt") as file:
                self._paths = dict.fromkeys(file.keys(), single)
        self._open = ExitStack()
        self._files: dict[Path, Any] = {}

    def __enter__(self) -> WeightFiles:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self._files.clear()

    @property
    def names(self) -> set[str]:
        """Names of all tensors."""
        return set(self._paths)

    def tensor(self, name: str) -> Any:
        """A safetensors slice, which reads rows of a tensor."""
        path = self._paths[name]
        if path not in self._files:
            self._files[path] = self._open.enter_context(safe_open(path, "pt"))
        return self._files[path].get_slice(name)


def find_file(source: str, name: str) -> Path | None:
    """A file of a local folder or of a repository on the hub, or None if it is not there.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, "config.json").touch()
        ...     find_file(folder, "config.json").name, find_file(folder, "adapter_config.json")
        ('config.json', None)
    """
    try:
        path = cached_file(
            source,
            name,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_gated_repo=False,
            _raise_exceptions_for_connection_errors=False,
        )
    except OSError:  # neither a folder nor a valid name on the hub
        return None
    return Path(path) if path is not None else None


def untie_distinct_weights(network: PreTrainedModel, files: StoredTensors) -> None:
    """Untie a tied weight if the checkpoint has both weights, and they differ.

    T5's configuration ties its head to its embeddings, but the checkpoints of flan-T5 and T5 v1.1 have separate heads.
    """
    tied: dict[str, str] = network.all_tied_weights_keys
    for name, source in list(tied.items()):
        if {name, source} <= files.names and not _equal(files.tensor(name), files.tensor(source)):
            owner, _, attribute = name.rpartition(".")
            module = network.get_submodule(owner)
            setattr(module, attribute, nn.Parameter(torch.empty_like(network.get_parameter(source))))
            del tied[name]


def _equal(one: Any, other: Any) -> bool:
    if shape_of(one) != shape_of(other):
        return False
    rows = shape_of(one)[0]
    step = max(1, rows // 64)  # a part at a time, as embeddings are the largest tensors there are
    for start in range(0, rows, step):
        part = slice(start, start + step)
        if not torch.equal(one[part], other[part]):
            return False
    return True


def materialize(network: PreTrainedModel, device: torch.device) -> None:
    """Allocate the weights of a network on the meta device, and compute the buffers that checkpoints do not hold."""
    network._apply(lambda tensor: torch.empty_like(tensor, device=device))
    _fill_buffers(network, network)


def _fill_buffers(module: nn.Module, owner: PreTrainedModel) -> None:
    """Compute buffers, such as rotary frequencies, by transformers' initialisation of weights.

    The innermost model around a module does it: the whole model may not know the modules of its text model.
    """
    for child in module.children():
        _fill_buffers(child, child if isinstance(child, PreTrainedModel) else owner)
    if any(True for _ in module.buffers(recurse=False)):
        owner._init_weights(module)


def load_rows(network: PreTrainedModel, files: StoredTensors) -> None:
    """Fill the parameters and buffers of a network, sharded or whole, that is already on its device.

    Adapters that the checkpoint lacks are initialised as in peft.

    Raises:
        UserError: Tensors are missing, unexpected, or of another shape.
    """
    found: dict[str, Tensor] = {}
    adapters: list[tuple[str, Tensor]] = []
    missing: list[str] = []
    for name, tensor in stored_tensors(network):
        if is_adapter(name) and name not in files.names:
            adapters.append((name, tensor))
            continue
        stored = plain_name(name)
        if stored in files.names:
            found[stored] = tensor
        else:
            missing.append(name)
    _check_names(network, files, found, missing)
    for stored, tensor in found.items():
        source = files.tensor(stored)
        if shape_of(source) != tuple(tensor.shape):
            raise UserError(
                f"Expected `{stored}` of {files.source} to have the shape {tuple(tensor.shape)}, as its config.json "
                f"says, found {shape_of(source)}. Weights and configuration do not match."
            )
        fill_rows(tensor, source)
    for name, tensor in adapters:
        whole = torch.zeros(tensor.shape)
        if ".lora_A." in name:
            nn.init.kaiming_uniform_(whole, a=math.sqrt(5))  # the same on every process, as all have the same seed
        elif ".lora_embedding_B." in name:
            nn.init.normal_(whole)
        fill_rows(tensor, whole)


def stored_tensors(network: PreTrainedModel) -> Iterator[tuple[str, Tensor]]:
    """Parameters, tied ones once, and the buffers that checkpoints hold.

    Example:
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("seq2seq").network
        >>> names = [name for name, _ in stored_tensors(network)]
        >>> "shared.weight" in names, "encoder.embed_tokens.weight" in names  # tied to the former
        (True, False)
    """
    tied = network.all_tied_weights_keys  # maps each tied weight to the one that checkpoints hold
    yield from (
        (name, parameter)
        for name, parameter in network.named_parameters(remove_duplicate=False)
        if plain_name(name) not in tied
    )
    names = set(network.state_dict(keep_vars=True))
    yield from ((name, buffer) for name, buffer in network.named_buffers() if name in names)


def _check_names(network: PreTrainedModel, files: StoredTensors, found: Iterable[str], missing: list[str]) -> None:
    if missing:
        close = close_names(missing[0], files.names)
        hint = f" It has `{close[0]}`." if close else ""
        raise UserError(f"Expected {_listed(missing)} in {files.source}, but found none.{hint}")
    ignored = [*(network._keys_to_ignore_on_load_unexpected or ()), r"rotary_emb\.inv_freq$"]
    tied = {*network.all_tied_weights_keys, *network.all_tied_weights_keys.values()}
    surplus = files.names - set(found) - tied
    surplus = {name for name in surplus if not any(re.search(pattern, name) for pattern in ignored)}
    if surplus:
        raise UserError(
            f"Expected only the tensors of {type(network).__name__} in {files.source}, found also "
            f"{_listed(sorted(surplus))}. Weights and configuration do not match."
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


@torch.no_grad()
def fill_rows(tensor: Tensor, source: Any) -> None:
    """Copy from a whole tensor or a safetensors slice; into a sharded tensor, only its local rows."""
    if not isinstance(tensor, DTensor):
        tensor.copy_(source[:] if tensor.ndim else source[...])
        return
    shape, offset = compute_local_shape_and_global_offset(tensor.shape, tensor.device_mesh, tensor.placements)
    if math.prod(shape):
        rows = slice(offset[0], offset[0] + shape[0])
        tensor.to_local().copy_(source[rows])
