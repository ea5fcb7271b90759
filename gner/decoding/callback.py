"""The decoding callback: generation at validation, which gives a fit its entity F1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.rank_zero import rank_zero_info

from gner.alignment.postprocess import AnyAligner
from gner.decoding.base import DecodingStrategy
from gner.decoding.limits import end_of_loop, repeats_itself
from gner.decoding.peers import Peers, gather
from gner.decoding.shown_examples import show_text
from gner.decoding.tensorboard_panel import side_by_side
from gner.errors import UserError
from gner.interfaces import Batch
from gner.metrics import EntityF1
from gner.prompting import Format
from gner.records import Example, Generation, Prediction
from gner.scoring import EntityScores
from gner.scoring.prediction_file import Decoded, write_jsonl
from gner.sessions import Predictor, Session

_FAREWELL_S = 10.0
_SANITY_EXAMPLES, _SANITY_TOKENS = 4, 48
Stage = Literal["val", "test", "predict"]


class DecodingModule(Protocol):
    """What the callback needs of a Lightning module."""

    decoding: DecodingStrategy

    @property
    def format(self) -> Format:
        """How examples are written as text."""

    def predictor(self, aligner: AnyAligner) -> Predictor:
        """What makes predictions with the module's network."""

    @property
    def generates_alone(self) -> bool:
        """Whether a process needs nothing of the others while it writes a text."""

    def generation(self) -> AbstractContextManager[None]:
        """Have the weights in place for generation."""


class DecodingData(Protocol):
    """What the callback needs of a data module."""

    max_decoded_examples: int | None

    @property
    def examples(self) -> Mapping[Any, Sequence[Example]]:
        """Those of each split that was read."""

    def limits(self) -> dict[str, int | None]:
        """What validation leaves out of its datasets, by the keys of the config."""

    def entity_types(self) -> dict[str, tuple[str, ...]]:
        """The entity types of each dataset."""


def _is_loop(generation: Generation) -> bool:
    """Whether a text ended because it only repeated itself."""
    return end_of_loop(generation.token_ids) == len(generation.token_ids)


def _data(trainer: Trainer) -> DecodingData:
    return cast(DecodingData, trainer.datamodule)  # type: ignore[attr-defined]


class DecodingCallback(Callback):
    """Decodes the batches of validation, test and prediction, and scores what comes out.

    The module's ``decoding`` strategy writes texts; parser and aligner turn them into tags; `EntityF1` counts. Results
    are logged as ``val/f1`` and so on, so that ``ModelCheckpoint(monitor="val/f1")`` and ``EarlyStopping`` can use
    them. Texts and tags are written to ``<run>/predictions/``: ``val_last.jsonl`` while fitting, else
    ``validate.jsonl``, ``test.jsonl`` or ``predict.jsonl``; with a ``name``, ``test_NAME.jsonl`` and so on.

    The sanity check before a fit decodes a handful of sentences, a few dozen tokens each. Until a model ends most of
    its texts, those that only repeat themselves are ended early, and the log says how many.

    Args:
        max_examples: Decode a fixed random subset of this size at the validations of a fit; None for all. The commands
            ``validate``, ``test`` and ``predict`` always take all.
        every_n_validations: Decode in the first validation and every n-th from there; the others have a loss only.
        num_shown: Examples in the loggers that show text: TensorBoard, Weights & Biases, MLflow.
        aligner: How written words are laid on source words: ``robust`` loses as little as possible; ``official`` is
            what the paper's scorer does; `gner.alignment.PostProcessor` has the others. A `gner.alignment.WordAligner`
            is named by its class path or plugin. ``val/f1_gner`` always comes from ``official``.

    Attributes:
        name: Keeps what is written outside of a fit apart from other evaluations of the run; None for no name.
        scores: Results of the latest validation or test; None if it was not decoded.
        counted: What these results were counted on: sentences of each dataset, and the limits that there were.

    Example:
        >>> callback = DecodingCallback(max_examples=500, every_n_validations=2)
        >>> callback.scores is None  # until something was decoded
        True
        >>> DecodingCallback(every_n_validations=0)
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected `every_n_validations` >= 1, got 0. Set evaluation.every_n_validations.
    """

    def __init__(
        self,
        max_examples: int | None = 500,
        every_n_validations: int = 1,
        num_shown: int = 8,
        aligner: AnyAligner = "robust",
    ) -> None:
        for name, value in (("max_examples", max_examples), ("every_n_validations", every_n_validations)):
            if value is not None and value < 1:
                raise UserError(f"Expected `{name}` >= 1, got {value}. Set evaluation.{name}.")
        self._max_examples = max_examples
        self._every_n_validations = every_n_validations
        self._num_shown = num_shown
        self._aligner: AnyAligner = aligner
        self._num_validations = 0
        self._decoded: list[Decoded] = []
        self._metric: EntityF1 | None = None
        self._session: Session[Prediction] | None = None
        self._weights = ExitStack()
        self._num_started = 0
        self._peers: Peers | None = None
        self._ends_texts = False  # whether most texts of an earlier validation came to an end
        self.name: str | None = None
        self.scores: EntityScores | None = None
        self.counted: dict[str, Any] = {}

    def result_name(self, trainer: Trainer) -> str:
        """What predictions and metrics of the running command are called: ``val_last``, ``test``, ``test_NAME``, …"""
        assert trainer.state.fn is not None
        if trainer.state.fn == "fit":
            return "val_last"
        return trainer.state.fn.value if self.name is None else f"{trainer.state.fn.value}_{self.name}"

    def state_dict(self) -> dict[str, Any]:
        """How many validations there were, so that a resumed run keeps its rhythm, and whether texts come to an end."""
        return {"num_validations": self._num_validations, "ends_texts": self._ends_texts}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self._num_validations = state_dict["num_validations"]
        self._ends_texts = state_dict.get("ends_texts", False)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Tell the data which validation examples will be decoded."""
        _data(trainer).max_decoded_examples = self._max_examples if stage == "fit" else None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let the strategy see what the model is trained on."""
        module = cast(DecodingModule, pl_module)
        module.decoding.warm(module.format, _data(trainer).examples["train"])

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start counting, if it is this validation's turn."""
        self.scores = None
        is_turn = self._num_validations % self._every_n_validations == 0
        if is_turn or trainer.sanity_checking or trainer.state.fn == "validate":
            self._start(trainer, pl_module)

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, *args: Any
    ) -> None:
        """Decode a batch."""
        if self._session is None or not batch.decode:
            return
        if trainer.sanity_checking:
            if self._num_decoded_batches:
                return
            batch = batch.first(_SANITY_EXAMPLES)
            batch.length_limit = _SANITY_TOKENS
        elif trainer.state.fn == "fit":
            batch.stops_loops = not self._ends_texts
        self._num_decoded_batches += 1
        self._decode(trainer, batch)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score, log and write what was decoded."""
        if self._session is not None:
            self._finish(trainer, pl_module, "val")
        if not trainer.sanity_checking:
            self._num_validations += 1

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start counting."""
        self._start(trainer, pl_module)

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, *args: Any
    ) -> None:
        """Decode a batch."""
        self._decode(trainer, batch)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score, log and write what was decoded."""
        self._finish(trainer, pl_module, "test")

    def on_predict_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start collecting."""
        self._start(trainer, pl_module)

    def on_predict_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, *args: Any
    ) -> None:
        """Decode a batch."""
        self._decode(trainer, batch)

    def on_predict_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write what was decoded."""
        self._finish(trainer, pl_module, "predict")

    def _start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        module = cast(DecodingModule, pl_module)
        format = module.format
        metric = EntityF1(_data(trainer).entity_types(), format.scorers, format.lists_strings)
        self._metric = metric.to(pl_module.device)
        self._session = module.predictor(self._aligner).session()
        self._decoded = []
        self._num_decoded_batches = 0
        self._num_started += 1
        # others that wait for this process's weights would never hear
        self._peers = Peers(f"decoding {self._num_started}", None if module.generates_alone else _FAREWELL_S)
        self._weights.enter_context(module.generation())

    def _decode(self, trainer: Trainer, batch: Batch | None) -> None:
        """Add a batch, or None to finish, and count the examples that are done."""
        assert self._session is not None and self._metric is not None and self._peers is not None
        self._peers.check()
        try:
            with trainer.precision_plugin.forward_context():
                done = self._session.finish() if batch is None else self._session.add(batch)
        except Exception as error:
            self._peers.fail(error)  # raises what happened elsewhere, if this is but its consequence
            raise
        for one in done:
            position, example = one.batch.positions[one.place], one.batch.examples[one.place]
            if one.batch.counted[one.place]:
                self._metric.update(example, one.result, one.result.finished)
                self._decoded.append(Decoded(position, example, one.result))

    def _finish(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        assert self._metric is not None and self._peers is not None
        self._decode(trainer, None)
        self._peers.wait()
        self._peers = None
        self._weights.close()
        decoded = gather(self._decoded)
        self.counted = self._count(trainer, stage, decoded)
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._learn_of_runaways(trainer, decoded)
        if stage != "predict":
            self.scores = self._metric.scores()
            for name, value in self.scores.scalars().items():
                pl_module.log(f"{stage}/{name}", value, prog_bar=name == "f1", rank_zero_only=False)
        if trainer.is_global_zero and not trainer.sanity_checking:
            path = Path(trainer.default_root_dir, "predictions", f"{self.result_name(trainer)}.jsonl")
            write_jsonl(path, stage, decoded, cast(DecodingModule, pl_module).format)
            self._show(trainer, stage, decoded)
        self._metric, self._session, self._decoded = None, None, []

    def _count(self, trainer: Trainer, stage: Stage, decoded: list[Decoded]) -> dict[str, Any]:
        """What scores were counted on, as plain values."""
        data = _data(trainer)
        limits = {"evaluation.max_examples": data.max_decoded_examples, **data.limits()} if stage == "val" else {}
        return {"examples": dict(Counter(row.example.dataset for row in decoded)), "limits": limits}

    def _learn_of_runaways(self, trainer: Trainer, decoded: list[Decoded]) -> None:
        """Log how many texts were ended early, and decide whether the next ones may be."""
        num_texts = num_finished = num_looping = 0
        for row in decoded:
            may_loop = not (self._ends_texts or repeats_itself(row.example))
            for generation in row.prediction.generations:
                num_texts += 1
                num_finished += generation.finished
                num_looping += may_loop and not generation.finished and _is_loop(generation)
        if num_looping:
            rank_zero_info(
                f"step {trainer.global_step}: {num_looping:,} of {num_texts:,} texts only repeated themselves and "
                "were ended early; this stops when most texts come to an end of their own."
            )
        self._ends_texts = self._ends_texts or 2 * num_finished > num_texts

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Propagate the error; do not reshard here: that is a collective, and the run is over."""
        self._weights.pop_all()
        if self._peers is not None and isinstance(exception, Exception):  # an interrupt reaches all anyway
            self._peers.fail(exception)

    def _show(self, trainer: Trainer, stage: Stage, decoded: list[Decoded]) -> None:
        if self._num_shown and trainer.loggers:
            shown = side_by_side(decoded[: self._num_shown])
            show_text(trainer.loggers, f"{stage}/examples", shown, trainer.global_step)
