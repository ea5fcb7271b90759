"""QLoRA: frozen weights with 4 bits beside adapters, through bitsandbytes (Dettmers et al., 2023, arXiv 2305.14314)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from itertools import chain
from typing import Any

import torch
from lightning import Trainer
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import BitsAndBytesConfig, PreTrainedModel

from gner.errors import UserError
from gner.models.tensors import StoredTensors

BYTES_PER_WEIGHT = 0.5 + (1 + 4 / 256) / 64
"""Of a quantized weight: 4 bits, and for each 64 of them a scale of 8 bits, for each 256 of which there is one 32."""

_KEY = "model.lora.quantization"


def nf4(dtype: torch.dtype) -> BitsAndBytesConfig:
    """The paper's quantization: NormalFloat with 4 bits, whose scales are quantized too.

    Args:
        dtype: In which the layers compute.
    """
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def check_backbone(source: object) -> None:
    """Refuse to quantize weights that are not there yet.

    Raises:
        UserError: The backbone is a tagger, whose head is made anew, or has random weights.

    Example:
        >>> check_backbone("Qwen/Qwen3-8B")
        >>> from gner.models import FromScratch
        >>> check_backbone(FromScratch("llama"))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a pretrained backbone that writes for model.lora.quantization, got From...
    """
    if not isinstance(source, str):
        raise UserError(
            f"Expected a pretrained backbone that writes for {_KEY}, got {type(source).__name__}, some of whose "
            f"weights are random and have to be trained. Set {_KEY} to null."
        )


def check_device(trainer: Trainer) -> None:
    """Refuse to train quantized weights where that does not work.

    Raises:
        UserError: The run has several devices, or none of CUDA, or bitsandbytes is missing.
    """
    if trainer.world_size > 1:
        raise UserError(
            f"Expected one device for {_KEY}, as 4-bit weights are not sharded here, got {trainer.world_size}. Set "
            f"trainer.devices to 1, or {_KEY} to null and trainer.strategy to gner.models.FSDP2Strategy."
        )
    if trainer.strategy.root_device.type != "cuda":
        raise UserError(
            f"Expected a CUDA device for {_KEY}, got {trainer.strategy.root_device.type}, where bitsandbytes unpacks "
            f"the weights in every pass, slower than they are read as they were. Set trainer.accelerator to gpu, or "
            f"{_KEY} to null."
        )
    require_library()


def require_library() -> None:
    """Refuse to go on without bitsandbytes.

    Raises:
        UserError: It is not installed.
    """
    if find_spec("bitsandbytes") is None:
        raise UserError(
            f"Expected bitsandbytes for {_KEY}, but it is not installed: pip install 'gner[quantization]', or set "
            f"{_KEY} to null."
        )


def trained_only(network: PreTrainedModel, state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """What a checkpoint of a quantized network has of it: the adapters, as the rest is the backbone's as it was.

    Args:
        network: With adapters.
        state: All tensors.
        prefix: Of the network's names in ``state``.
    """
    trained = _trained_names(network, prefix)
    return {name: tensor for name, tensor in state.items() if name in trained}


def check_trained(network: PreTrainedModel, state: Mapping[str, Tensor], prefix: str) -> None:
    """Refuse a checkpoint that lacks adapters of a network, or has others; see `trained_only`.

    Raises:
        UserError: Names differ.
    """
    trained = _trained_names(network, prefix)
    different = sorted(trained.symmetric_difference(state))
    if different:
        raise UserError(
            f"Expected a checkpoint with the {len(trained)} adapter tensors of this run, but {len(different)} differ, "
            f"such as `{different[0]}`. Set model.lora as it was in the run of the checkpoint."
        )


def _trained_names(network: PreTrainedModel, prefix: str) -> set[str]:
    return {f"{prefix}{name}" for name, parameter in network.named_parameters() if parameter.requires_grad}


def saved_bytes(network: PreTrainedModel) -> int:
    """Bytes that quantization saves of a network which is not quantized, for `gner.plan`.

    Its largest layer is subtracted, as layers are unpacked one at a time.

    Example:
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("causal").network
        >>> 0 < saved_bytes(network) < sum(4 * parameter.numel() for parameter in network.parameters())
        True
    """
    weights = [layer.weight for layer in quantized_layers(network)]
    saved = sum(weight.numel() * (weight.element_size() - BYTES_PER_WEIGHT) for weight in weights)
    return int(saved - max(weight.numel() * weight.element_size() for weight in weights))


def quantized_layers(network: PreTrainedModel) -> list[nn.Linear]:
    """The linear layers that bitsandbytes is going to quantize: all but the head, whether they have adapters or not.

    Example:
        >>> from gner.models import Lora
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("causal").network
        >>> Lora(target_modules=["q_proj"]).add_to(network, needs_input_grads=False)
        >>> len(quantized_layers(network))  # seven for each of two blocks
        14
    """
    head = network.get_output_embeddings()
    layers = [module for module in network.modules() if isinstance(module, LoraLayer)]
    adapters = set(map(id, chain.from_iterable(map(_adapters, layers))))
    linear = [module for module in network.modules() if type(module) is nn.Linear]
    return [module for module in linear if module is not head and id(module) not in adapters]


def _adapters(layer: Any) -> list[nn.Module]:
    return [*layer.lora_A.modules(), *layer.lora_B.modules()]


class WithAdapters:
    """Tensors of a backbone's files, and adapters of a checkpoint beside them.

    Args:
        files: Those of the backbone, by the names of the network.
        adapters: Those of the checkpoint.

    Example:
        >>> from gner.models.restore import CheckpointFile
        >>> one, other = CheckpointFile("a", {"w": torch.zeros(1)}), CheckpointFile("b", {"v": torch.ones(1)})
        >>> both = WithAdapters(one, other)
        >>> sorted(both.names), both.tensor("v").item()
        (['v', 'w'], 1.0)
    """

    def __init__(self, files: StoredTensors, adapters: StoredTensors) -> None:
        self.source = f"{files.source} and {adapters.source}"
        self._files = files
        self._adapters = adapters

    @property
    def names(self) -> set[str]:
        """Names of all tensors."""
        return self._files.names | self._adapters.names

    def tensor(self, name: str) -> Any:
        """A tensor, or an object whose rows can be read like a tensor's."""
        owner = self._adapters if name in self._adapters.names else self._files
        return owner.tensor(name)
