"""Low-rank adapters, through peft."""

from __future__ import annotations

from dataclasses import dataclass

from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from transformers import PreTrainedModel

from gner.errors import UserError


@dataclass(frozen=True)
class Lora:
    """Low-rank adaptation (Hu et al., 2022): only small matrices beside the weights are trained.

    Attributes:
        r: Rank.
        alpha: Scale; the adapters' output is multiplied by alpha / r.
        dropout: On the adapters' input.
        target_modules: Names of the modules that get adapters, or ``all-linear``; null for peft's choice for the
            backbone's type.
    """

    r: int = 16
    alpha: int = 32
    dropout: float = 0.05
    target_modules: list[str] | str | None = None

    def add_to(self, network: PreTrainedModel, *, needs_input_grads: bool) -> None:
        """Freeze a network and put adapters into it.

        The network stays the root module: ``generate`` under sharding needs that (a ``PeftModel`` around it breaks).

        Args:
            network: Changed in place.
            needs_input_grads: True with gradient checkpointing, which cannot start at frozen embeddings.

        Raises:
            UserError: The network has no such modules, or one of them shares its weights with another.
        """
        config = LoraConfig(
            r=self.r, lora_alpha=self.alpha, lora_dropout=self.dropout, target_modules=self.target_modules
        )
        try:
            network.add_adapter(config)
        except ValueError as error:
            raise UserError(f"{error} Set model.lora.target_modules.") from error
        tied = {*network.all_tied_weights_keys, *network.all_tied_weights_keys.values()}
        for name in sorted(tied):
            owner = name.rpartition(".")[0]
            if isinstance(network.get_submodule(owner), LoraLayer):
                raise UserError(
                    f"Expected adapters on weights of their own, but `{owner}` shares its weights with another module, "
                    "which merging would change too. Take it out of model.lora.target_modules."
                )
        if needs_input_grads:
            network.enable_input_require_grads()
