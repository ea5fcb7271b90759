"""The Lightning module around a backbone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from jsonargparse import lazy_instance
from lightning import LightningModule
from lightning.pytorch.strategies import ModelParallelStrategy
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, distributed
from transformers import PreTrainedModel, PreTrainedTokenizerBase, get_scheduler

from gner.decoding import BeamSearch, DecodingStrategy
from gner.errors import UserError
from gner.formats import DefaultFormat, Format
from gner.metrics import AnswerLoss
from gner.models.backbone import Backbone, FromScratch
from gner.models.lora import Lora
from gner.models.sharding import build_network, generation
from gner.types import Batch

_FP16_OVERFLOWS = {"t5", "mt5", "umt5", "longt5", "switch_transformers"}
TOKENIZER_KEY = "gner_tokenizer"
"""Where a checkpoint keeps a tokenizer that its run trained."""
_GENERATORS_KEY = "gner_generators"


@dataclass(frozen=True)
class Optimization:
    """AdamW and its schedule.

    Attributes:
        lr: Peak learning rate. The paper: 5e-5 for T5, 2e-5 for LLaMA.
        schedule: What follows the warm-up: stay, or fall to 0 along a cosine or a line. The paper: constant for T5,
            cosine for LLaMA.
        warmup_ratio: Share of all steps over which the rate rises from 0. The paper: 0.04 for LLaMA.
        weight_decay: Of weight matrices; biases and norms have none.
        betas: Of AdamW.
    """

    lr: float = 5e-5
    schedule: Literal["constant", "cosine", "linear"] = "constant"
    warmup_ratio: float = 0.0
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        if not 0 <= self.warmup_ratio < 1:
            raise UserError(
                f"Expected 0 <= `warmup_ratio` < 1, got {self.warmup_ratio}. Set model.optimization.warmup_ratio."
            )
        if self.lr <= 0:
            raise UserError(f"Expected `lr` > 0, got {self.lr}. Set model.optimization.lr.")


class GnerModule(LightningModule):
    """Trains a seq2seq or causal language model on the batches of `gner.data`.

    Weights are loaded in `configure_model`, after all configuration and data have been checked.

    Args:
        backbone: Name on the Hugging Face hub, local folder, or what to build from nothing.
        format: How examples are written as text.
        decoding: How text is generated at validation, test and prediction.
        optimization: Optimizer and learning-rate schedule.
        lora: Train low-rank adapters only; null trains all weights.
        gradient_checkpointing: Compute activations twice and keep fewer.
        attention: Attention implementation of Hugging Face: ``sdpa``, ``eager``, ``flash_attention_2``, …; null for the
            library's choice.
    """

    network: PreTrainedModel

    def __init__(
        self,
        backbone: str | FromScratch,
        format: Format = lazy_instance(DefaultFormat),
        decoding: DecodingStrategy = lazy_instance(BeamSearch, num_beams=4),
        *,
        optimization: Optimization = Optimization(),
        lora: Lora | None = None,
        gradient_checkpointing: bool = False,
        attention: str | None = None,
    ) -> None:
        super().__init__()
        self.backbone = Backbone(backbone, attention)
        self.format = format
        self.decoding = decoding
        self._optimization = optimization
        self._lora = lora
        self._gradient_checkpointing = gradient_checkpointing
        self._generator_states: dict[str, Tensor] | None = None

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The backbone's tokenizer."""
        return self.backbone.tokenizer

    def setup(self, stage: str) -> None:
        """Refuse a precision that the backbone cannot be trained in."""
        check_precision(self.backbone.config.model_type, self.trainer.precision)

    def configure_model(self) -> None:
        """Load the weights, once."""
        if hasattr(self, "network"):
            return
        strategy = self._trainer.strategy if self._trainer is not None else None
        if type(strategy) is ModelParallelStrategy:
            raise UserError(
                "Expected a parallel strategy that splits the network, got ModelParallelStrategy, which leaves that to "
                "the model. Set trainer.strategy.class_path to gner.models.FSDP2Strategy."
            )
        self.network = build_network(self.backbone, strategy, self._prepare)

    def _prepare(self, network: PreTrainedModel) -> None:
        if self._gradient_checkpointing:
            network.gradient_checkpointing_enable({"use_reentrant": False})
        if self._lora is not None:
            self._lora.add_to(network, needs_input_grads=self._gradient_checkpointing)

    def generation(self) -> AbstractContextManager[None]:
        """Have the weights in place for generation; every process must enter and leave."""
        return generation(self.network, self.trainer.strategy)

    def forward(self, batch: Batch) -> Tensor:
        """Mean cross-entropy per target token of a batch, a scalar."""
        return self.network(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels, use_cache=False
        ).loss

    def training_step(self, batch: Batch) -> Tensor:
        """Loss of a batch."""
        loss = self(batch)
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Start the mean loss."""
        self._eval_loss = AnswerLoss().to(self.device)

    def validation_step(self, batch: Batch) -> None:
        """Count the loss; the decoding callback does the rest."""
        self._count_loss(batch)

    def on_validation_epoch_end(self) -> None:
        """Log the mean loss."""
        self.log("val/loss", self._eval_loss.compute(), prog_bar=True)

    def on_test_epoch_start(self) -> None:
        """Start the mean loss."""
        self._eval_loss = AnswerLoss().to(self.device)

    def test_step(self, batch: Batch) -> None:
        """Count the loss; the decoding callback does the rest."""
        self._count_loss(batch)

    def on_test_epoch_end(self) -> None:
        """Log the mean loss."""
        self.log("test/loss", self._eval_loss.compute(), prog_bar=True)

    def predict_step(self, batch: Batch) -> None:
        """Nothing: the decoding callback generates."""

    def _count_loss(self, batch: Batch) -> None:
        loss = self(batch)  # also of a batch that is not counted: other processes may wait for this one's weights
        if all(batch.counted):
            self._eval_loss.update(loss, int((batch.labels != -100).sum()))

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW over what is trainable, with a schedule that moves every step."""
        settings = self._optimization
        trainable = [parameter for parameter in self.parameters() if parameter.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in trainable if p.ndim >= 2], "weight_decay": settings.weight_decay},
            {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        fused = self.trainer.precision != "16-mixed"  # Lightning refuses to clip the gradients of a fused one in fp16
        optimizer = torch.optim.AdamW(groups, settings.lr, settings.betas, fused=fused)
        num_steps = self.trainer.estimated_stepping_batches
        if num_steps == float("inf") and (settings.schedule != "constant" or settings.warmup_ratio):
            raise UserError(
                f"Expected a known number of steps for schedule={settings.schedule}. Set trainer.max_epochs or "
                "trainer.max_steps."
            )
        warmup = 0 if num_steps == float("inf") else round(settings.warmup_ratio * num_steps)
        name = "constant_with_warmup" if settings.schedule == "constant" else settings.schedule
        scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=int(num_steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_fit_start(self) -> None:
        """Save a tokenizer that this run trained, for whoever uses the weights elsewhere."""
        if self.backbone.serialized_tokenizer is not None and self.trainer.is_global_zero:
            self.tokenizer.save_pretrained(Path(self.trainer.default_root_dir, "tokenizer"))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep a tokenizer that this run trained, without which the weights mean nothing, and the state of chance."""
        if self.backbone.serialized_tokenizer is not None:
            checkpoint[TOKENIZER_KEY] = self.backbone.serialized_tokenizer
        states: list[Any] = [_generator_states()]
        if distributed.is_available() and distributed.is_initialized():
            states = [None] * distributed.get_world_size()
            distributed.all_gather_object(states, _generator_states())
        checkpoint[_GENERATORS_KEY] = states

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the state of chance of this process, if the run had as many processes."""
        states = checkpoint.get(_GENERATORS_KEY, [])
        self._generator_states = states[self.global_rank] if len(states) == self.trainer.world_size else None

    def on_train_start(self) -> None:
        """Go on with the chance of the run that is continued: dropout draws what it would have drawn."""
        if self._generator_states is not None:
            torch.set_rng_state(self._generator_states["cpu"])
            if torch.cuda.is_available() and "cuda" in self._generator_states:
                torch.cuda.set_rng_state(self._generator_states["cuda"], self.device)
            self._generator_states = None


def _generator_states() -> dict[str, Tensor]:
    """The states of torch's generators on this process."""
    states = {"cpu": torch.get_rng_state()}
    return states | {"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else states


def check_precision(model_type: str, precision: str) -> None:
    """Refuse fp16 for models whose activations leave its range.

    Raises:
        UserError: The model type is T5 or a relative of it, and the precision of the trainer is fp16.
    """
    if precision in ("16-mixed", "16-true") and model_type in _FP16_OVERFLOWS:
        raise UserError(
            f"Expected a precision other than {precision} for a `{model_type}` backbone: its activations overflow in "
            "fp16 and the loss becomes NaN. Set trainer.precision to bf16-mixed or 32-true."
        )
