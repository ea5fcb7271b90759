"""LoRA adapters, through peft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lightning.pytorch.utilities.rank_zero import rank_zero_info
from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING
from torch import nn
from transformers import PreTrainedModel

from gner.errors import UserError


@dataclass(frozen=True)
class Lora:
    """Low-rank adaptation (Hu et al., 2022): trains only small matrices beside the weights.

    Attributes:
        r: Rank.
        alpha: Scale; the adapters' output is multiplied by alpha / r.
        dropout: On the adapters' input.
        target_modules: Names of the modules that get adapters, or ``all-linear``; null takes peft's choice for the
            backbone's type or, where it has none, all linear layers.
        quantization: ``nf4`` keeps the frozen weights with 4 bits, as QLoRA does; on one CUDA device, with
            bitsandbytes. Checkpoints hold the adapters only.

    Example:
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("causal").network
        >>> Lora(r=4, target_modules=["q_proj"]).add_to(network, needs_input_grads=False)
        >>> trainable = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
        >>> len(trainable), trainable[0]  # two small matrices for each of the two layers
        (4, 'model.layers.0.self_attn.q_proj.lora_A.default.weight')
    """

    r: int = 16
    alpha: int = 32
    dropout: float = 0.05
    target_modules: list[str] | str | None = None
    quantization: Literal["nf4"] | None = None

    def add_to(self, network: PreTrainedModel, *, needs_input_grads: bool, head: nn.Module | None = None) -> None:
        """Freeze a network and add adapters to it.

        The network stays the root module, as ``generate`` breaks under sharding in a ``PeftModel``.

        Args:
            network: Modified in place.
            needs_input_grads: True with gradient checkpointing, which cannot start at frozen embeddings.
            head: A layer that gets no adapters and is trained as a whole, as it starts from random weights.

        Raises:
            UserError: The network has no such modules, or one of them shares its weights with another.

        Example:
            >>> from gner.testing import tiny_model
            >>> network = tiny_model("causal").network
            >>> Lora(target_modules=["query"]).add_to(network, needs_input_grads=False)  # doctest: +ELLIPSIS
            Traceback (most recent call last):
                ...
            gner.errors.UserError: Target modules {'query'} not found ... Set model.lora.target_modules.
        """
        excluded = [name for name, module in network.named_modules() if module is head]
        config = LoraConfig(
            r=self.r,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=self._targets(network),
            exclude_modules=excluded or None,
        )
        try:
            network.add_adapter(config)
        except ValueError as error:
            if self.dropout and "lora_dropout" in str(error):
                raise UserError(
                    "Expected adapters without dropout on the experts of this network, whose weights are one "
                    f"parameter, got model.lora.dropout={self.dropout}. Set model.lora.dropout to 0, or "
                    "model.lora.target_modules to modules other than experts, such as [q_proj, v_proj]."
                ) from error
            raise UserError(f"{error} Set model.lora.target_modules.") from error
        tied = {*network.all_tied_weights_keys, *network.all_tied_weights_keys.values()}
        for name in sorted(tied):
            owner = name.rpartition(".")[0]
            if isinstance(network.get_submodule(owner), LoraLayer):
                raise UserError(
                    f"Expected adapters on untied weights, but `{owner}` shares its weights with another module, which "
                    "merging would change too. Remove it from model.lora.target_modules."
                )
        if head is not None:
            head.requires_grad_(True)
        if needs_input_grads:
            network.enable_input_require_grads()

    def _targets(self, network: PreTrainedModel) -> list[str] | str:
        """Modules that get adapters: all linear layers where peft has no choice for the type of network.

        peft's choice is passed by name, as peft itself forgets it for mixtures of experts.
        """
        model_type = network.config.model_type
        targets = self.target_modules or TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING.get(model_type)
        if targets is not None:
            return targets if isinstance(targets, str) else list(targets)
        rank_zero_info(
            f"peft has no default for the modules of `{model_type}` that get adapters, so all linear layers do. Set "
            "model.lora.target_modules to choose others."
        )
        return "all-linear"
