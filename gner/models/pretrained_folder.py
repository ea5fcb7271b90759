"""Exports a network, sharded or not, to a folder that Hugging Face's libraries load."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal, cast

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from peft import get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file
from torch import Tensor, distributed
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gner.errors import UserError
from gner.models.conversion import StoredLayout
from gner.models.tensors import is_adapter, plain_name
from gner.models.weight_files import stored_tensors
from gner.run_dir import replace

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_METADATA = {"format": "pt"}  # as transformers writes and requires it
_BASE_LAYER = ".base_layer"


@torch.no_grad()
def export(
    network: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: str | Path,
    *,
    adapter_only: bool = False,
    dtype: Literal["fp32", "bf16"] = "fp32",
    max_file_size: str = "2GB",
    more: Callable[[Path], None] | None = None,
) -> None:
    """Write a network, its configuration and its tokenizer; every process must call this.

    Weights are gathered one at a time, and the first process holds only those of one file, so that a network that fits
    in memory only as shards can be exported. Adapters are merged into the weights.

    Args:
        network: Whole or sharded; left unchanged.
        tokenizer: Its tokenizer.
        folder: Where to write; an earlier folder is replaced once all is written.
        adapter_only: Write only the adapters, in peft's format; they are loaded on top of the backbone.
        dtype: Of the written weights.
        max_file_size: Of one safetensors file, which is what the first process holds in memory.
        more: Called on the first process to write further files into the folder, before it gets its name.

    Raises:
        UserError: ``adapter_only`` of a network without adapters.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from gner.testing import tiny_model
        >>> tiny = tiny_model("causal")
        >>> with TemporaryDirectory() as folder:
        ...     export(tiny.network, tiny.tokenizer, Path(folder, "my_model"), dtype="bf16")
        ...     sorted(path.name for path in Path(folder, "my_model").iterdir())
        ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
        >>> export(tiny.network, tiny.tokenizer, "my_adapters", adapter_only=True)
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a network with adapters to export, but this one was trained without.
    """
    folder = Path(folder)
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    writes = not distributed.is_initialized() or distributed.get_rank() == 0
    if adapter_only:
        _check_adapters(network)
    if writes:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
    for module in network.modules():
        if isinstance(module, FSDPModule):
            module.reshard()  # after a forward pass, the root is still gathered
    if adapter_only:
        _write_adapter(network, unfinished, _DTYPES[dtype], writes=writes)
    else:
        _write_weights(network, unfinished, _DTYPES[dtype], max_file_size, writes=writes)
    if writes:
        if not adapter_only:
            _write_config(network, tokenizer, unfinished, _DTYPES[dtype])
        tokenizer.save_pretrained(unfinished)
        if more is not None:
            more(unfinished)
        _make_readable(unfinished)
        replace(folder, unfinished)
    if distributed.is_initialized():
        distributed.barrier()


def _make_readable(folder: Path) -> None:
    """Give all files the mode that files have here; safetensors writes files that only their owner may read."""
    usual = (folder / "tokenizer_config.json").stat().st_mode
    for path in folder.iterdir():
        path.chmod(usual)


def _check_adapters(network: PreTrainedModel) -> None:
    """Refuse to write adapters that are not there, or not all that was trained."""
    if not getattr(network, "_hf_peft_config_loaded", False):
        raise UserError("Expected a network with adapters to export, but this one was trained without.")
    if not network.can_generate():
        raise UserError("Expected adapters of a model that writes: a tagger needs its head too. Export it whole.")


def _write_weights(
    network: PreTrainedModel, folder: Path, dtype: torch.dtype, max_file_size: str, *, writes: bool
) -> None:
    tensors = {plain_name(name): (name, tensor) for name, tensor in _without_adapters(network)}
    empty = {
        name: torch.empty(tensor.shape, dtype=_written_type(tensor, dtype), device="meta")
        for name, (_, tensor) in tensors.items()
    }
    layout = StoredLayout(network, empty)
    files = split_torch_state_dict_into_shards(layout.shapes, max_shard_size=max_file_size)
    made: dict[str, Tensor] = {}  # a conversion may also make tensors of a later file
    for file, names in files.filename_to_tensors.items():
        for name in names:
            if name not in made:
                parts = layout.needs(name)
                values = {part: _gathered(network, tensors[part], empty[part], writes=writes) for part in parts}
                made |= layout.make(name, values)
        held = {name: made.pop(name) for name in names}
        if writes:
            save_file({name: value.contiguous() for name, value in held.items()}, folder / file, _METADATA)
    if writes and files.is_sharded:
        index = {"metadata": files.metadata, "weight_map": files.tensor_to_filename}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")


def _gathered(network: PreTrainedModel, named: tuple[str, Tensor], empty: Tensor, *, writes: bool) -> Tensor:
    """A whole tensor on the CPU of the process that writes, and ``empty`` on the others; all must call this."""
    whole = _whole(_merged(network, *named))
    return whole.to("cpu", empty.dtype) if writes else empty


def _write_config(
    network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path, dtype: torch.dtype
) -> None:
    config = deepcopy(network.config)
    config.dtype = dtype
    config.architectures = [type(network).__name__.removeprefix("FSDP")]  # sharding replaces the classes of modules
    if _has_untied_head(network):
        config.tie_word_embeddings = False
    config.save_pretrained(folder)
    if network.can_generate():
        generation = deepcopy(network.generation_config)
        generation.eos_token_id = tokenizer.eos_token_id  # of a chat template, what ends a turn
        generation.save_pretrained(folder)


def _write_adapter(network: PreTrainedModel, folder: Path, dtype: torch.dtype, *, writes: bool) -> None:
    [(name, config)] = network.peft_config.items()
    adapters = {key: tensor for key, tensor in network.named_parameters() if is_adapter(key)}
    whole = {key: _whole(tensor).to("cpu", dtype).contiguous() for key, tensor in adapters.items()}
    if writes:
        named = get_peft_model_state_dict(cast(Any, network), state_dict=whole, adapter_name=name)
        named = {f"base_model.model.{key}": value for key, value in named.items()}
        save_file(named, folder / "adapter_model.safetensors", _METADATA)
        config.base_model_name_or_path = network.config.name_or_path
        config.save_pretrained(str(folder))


def _without_adapters(network: PreTrainedModel) -> Iterator[tuple[str, Tensor]]:
    ignored = network._keys_to_ignore_on_save or ()
    return ((name, tensor) for name, tensor in stored_tensors(network) if not is_adapter(name) and name not in ignored)


def _has_untied_head(network: PreTrainedModel) -> bool:
    """Whether the head is untied, whatever the configuration says: flan-T5's says otherwise."""
    head = network.get_output_embeddings()
    if head is None:
        return False
    tied = network.all_tied_weights_keys
    shared = {*tied, *tied.values()}
    return not any(network.get_parameter(name) is head.weight for name in shared)


def _merged(network: PreTrainedModel, name: str, tensor: Tensor) -> Tensor:
    """A parameter with its adapters merged; layers with adapters for several parameters are nested."""
    owner, _, parameter = name.rpartition(".")
    while owner.endswith(_BASE_LAYER):
        owner = owner.removesuffix(_BASE_LAYER)
        layer = network.get_submodule(owner)
        assert isinstance(layer, LoraLayer)
        if getattr(layer, "parameter_name", "weight") == parameter:
            for adapter in layer.active_adapters:
                tensor = tensor + cast(Any, layer).get_delta_weight(adapter)
    return tensor


def _whole(tensor: Tensor) -> Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor.detach()


def _written_type(tensor: Tensor, dtype: torch.dtype) -> torch.dtype:
    return dtype if tensor.is_floating_point() else tensor.dtype
