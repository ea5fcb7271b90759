"""The command line that fit, validate, test and predict share: one YAML serves all four."""

from __future__ import annotations

import sys
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, cast

import rich
import yaml
from jsonargparse import Namespace
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.callbacks import ProgressBar as BasicBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins.io import CheckpointIO
from lightning.pytorch.utilities.rank_zero import rank_zero_info, rank_zero_only
from omegaconf.errors import OmegaConfBaseException

from gner import __version__, run_dir
from gner.alignment import WordAligner
from gner.checkpoint import AtomicCheckpointIO, Checkpoint, FinalValidation
from gner.config_parser import CHOICES, Parser, fail, replace_lists, with_resolved_names
from gner.configs import with_shipped_configs
from gner.data import GnerDataModule
from gner.decoding import DecodingCallback
from gner.errors import UserError
from gner.help_text import arrange_help
from gner.library_messages import hide_library_messages
from gner.lightning_errors import explain
from gner.models import FSDP2Strategy, GnerModule
from gner.models.restore import read_checked, take_from_checkpoint
from gner.plugins import ALIGNERS, load_plugins
from gner.progress import ProgressBar, ProgressLines
from gner.report import RunReport
from gner.run_defaults import choose, to_text
from gner.run_record import record_start
from gner.throughput import Throughput

Command = Literal["fit", "validate", "test", "predict", "plan"]
_STAGES = {"plan": "fit"} | {command: command for command in ("fit", "validate", "test", "predict")}
_NAMED = ("validate", "test", "predict")
DEFAULT_RUN_DIR = "runs/default"


class SaveConfig(SaveConfigCallback):
    """Keeps the resolved configuration in the run folder and in every checkpoint."""

    def save_config(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write ``config.yaml``, and what the run was started with; called on one process."""
        if stage == "fit":
            folder = Path(trainer.default_root_dir)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "config.yaml").write_text(self._yaml(), encoding="utf-8")
            record_start(folder, trainer)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give the module the configuration that it saves in checkpoints."""
        cast(GnerModule, pl_module).run_config = self._yaml()
        super().setup(trainer, pl_module, stage)

    def _yaml(self) -> str:
        return self.parser.dump(self.config, skip_none=False)


class GnerCLI(LightningCLI):
    """Lightning's command line with the links and defaults of this project."""

    def __init__(self, command: Command, args: list[str] | None = None) -> None:
        self.command = command
        for choice in CHOICES.values():
            load_plugins(choice.group, choice.base)
        load_plugins(ALIGNERS, WordAligner)
        if args is None:
            sys.argv[1:] = _as_meant(sys.argv[1:])
        else:
            args = _as_meant(args)
        parser_options = {
            "parser_mode": "omegaconf+",
            "prog": f"python -m gner.{command}",
            "usage": f"python -m gner.{command} --config FILE [--KEY VALUE ...]",
            "description": "Every key below may be in FILE, as YAML, or here, where it wins. Several --config may be "
            "given, and later ones win.",
            "version": __version__,
            "allow_abbrev": False,  # `--trainer.max_step` is a mistake, not `--trainer.max_steps`
        }
        super().__init__(
            GnerModule,
            GnerDataModule,
            save_config_callback=SaveConfig,
            save_config_kwargs={"save_to_log_dir": False},
            trainer_defaults={"default_root_dir": DEFAULT_RUN_DIR},
            seed_everything_default=0,
            parser_class=Parser,
            parser_kwargs=parser_options,
            args=args,
            run=False,
            auto_configure_optimizers=False,
        )

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the options that belong to neither trainer, model nor data."""
        parser.add_argument(
            "--ckpt_path",
            type=str | None,
            default=None,
            help="Checkpoint to resume (fit) or to use: `best` or `last` of the run folder, or a path.",
        )
        if self.command in _NAMED:
            parser.add_argument(
                "--name",
                type=str | None,
                default=None,
                help="Keep predictions and metrics apart from those under other names: `predictions/test_NAME.jsonl`.",
            )
        parser.add_lightning_class_args(DecodingCallback, "evaluation")
        parser.add_lightning_class_args(Throughput, "throughput")  # after evaluation, so that its time is included
        # ModelCheckpoint(save_last=True) writes `last` only when the best changes, so it has a callback of its own.
        for key, monitor in (("checkpoint", "val/f1"), ("last_checkpoint", None)):
            parser.add_lightning_class_args(Checkpoint, key)
            defaults = {
                "monitor": monitor,
                "mode": "max",
                "filename": "best" if monitor else "last",
                "auto_insert_metric_name": False,
                "enable_version_counter": False,
            }
            parser.set_defaults({f"{key}.{name}": value for name, value in defaults.items()})
        replace_lists(parser, ("data.train", "data.val", "data.test"))
        parser.link_arguments("model", "data.backbone", attrgetter("backbone"), apply_on="instantiate")
        parser.link_arguments("model", "data.format", attrgetter("format"), apply_on="instantiate")
        parser.link_arguments("seed_everything", "data.seed")
        arrange_help(parser)

    def before_instantiate_classes(self) -> None:
        """Set the paths of the run folder."""
        self.name = run_dir.check_name(self.config.name) if self.config.get("name") is not None else None
        self.run_dir = Path(self.config.trainer.default_root_dir)
        self.lock = run_dir.RunLock(self.run_dir)
        for settings in (self.config.checkpoint, self.config.last_checkpoint):
            settings.dirpath = settings.dirpath or str(self.run_dir / run_dir.CHECKPOINTS)
        uses_checkpoint = self.config.ckpt_path is not None
        choices = choose(self.config, _stored_precision(self.run_dir / "config.yaml") if uses_checkpoint else None)
        told = choices if self.command in ("fit", "plan") else [one for one in choices if "precision" in one.key]
        if told:
            rank_zero_info(to_text(told))
        self.checkpoint: Path | None = None
        if self.config.ckpt_path is not None:
            self.checkpoint = run_dir.find_checkpoint(self.run_dir, self.config.ckpt_path)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Add TensorBoard unless another logger is set, and the report of the run."""
        settings: Namespace = self.config_init.trainer
        check_overfit_batches(settings)
        if settings.enable_checkpointing is False:
            self._parser(self.subcommand).callback_keys[:] = ["evaluation", "throughput"]
        logger = settings.logger
        if logger in (None, True):
            fits = self.command == "fit"
            logger = TensorBoardLogger(self.run_dir, name="", version=run_dir.TENSORBOARD) if fits else False
        callbacks = self._callbacks(settings, logs=bool(logger))
        plugins = _with_checkpoint_io(settings.plugins)
        try:
            return super().instantiate_trainer(**kwargs, logger=logger, callbacks=callbacks, plugins=plugins)
        except MisconfigurationException:
            self.datamodule.refuse_missing(_STAGES[self.command])  # missing data is reported before missing devices
            raise

    def _callbacks(self, settings: Namespace, *, logs: bool) -> list[Callback]:
        """The callbacks of the config, followed by those of every run."""
        best = self.config.checkpoint
        self.config_init.evaluation.name = self.name
        report = RunReport(self.config_init.evaluation, best.monitor, best.mode)
        callbacks = [*(settings.callbacks or []), report, FinalValidation()]
        has_bar = any(isinstance(callback, BasicBar) for callback in callbacks)
        if settings.enable_progress_bar in (None, True) and not has_bar:
            callbacks.append(ProgressBar() if rich.get_console().is_terminal else ProgressLines())
        if self.command == "fit" and logs:
            callbacks.append(LearningRateMonitor("step"))
        return callbacks

    def run(self) -> None:
        """Run the command."""
        if self.checkpoint is not None:  # tokenizer and tags are needed before Lightning loads the weights
            take_from_checkpoint(self.model.backbone, self._read_usable(self.checkpoint))
        if self.command == "fit":
            self._take_folder()
        subroutine = getattr(self.trainer, self.command)
        options: dict[str, Any] = {"ckpt_path": self.checkpoint, "weights_only": True if self.checkpoint else None}
        if self.command == "predict":
            options["return_predictions"] = False
        if self.command in ("validate", "test"):
            options["verbose"] = False  # `RunReport` has a table
        try:
            subroutine(self.model, datamodule=self.datamodule, **options)
        finally:
            self.lock.release()

    def _read_usable(self, checkpoint: Path) -> dict[str, Any]:
        """Read a checkpoint, unless this run cannot go on from it."""
        if checkpoint.is_dir() and not isinstance(self.trainer.strategy, FSDP2Strategy):
            raise UserError(
                f"Expected a single-file checkpoint, but {checkpoint} is the folder of a sharded one. "
                "Set trainer.strategy.class_path to gner.models.FSDP2Strategy; any number of devices works."
            )
        meta = self._read(checkpoint)
        if self.command == "fit" and checkpoint.is_file():
            if not meta.get("optimizer_states"):
                raise UserError(
                    f"Expected a checkpoint to resume from, but {checkpoint} has weights only. Leave out "
                    "save_weights_only, or start a new run from its weights: `python -m gner.export --ckpt "
                    f"{checkpoint} --out FOLDER`, and model.backbone FOLDER."
                )
            is_sharded = isinstance(self.trainer.strategy, FSDP2Strategy)
            by_name = any(isinstance(next(iter(one["state"]), 0), str) for one in meta["optimizer_states"])
            if is_sharded != by_name:
                raise UserError(
                    f"Expected a checkpoint of a run with the same sharding, but {checkpoint} is from a run "
                    f"{'with' if by_name else 'without'} FSDP2Strategy, which stores optimizer states differently. Set "
                    "trainer.strategy to that of the earlier run."
                )
        return meta

    def _read(self, checkpoint: Path) -> dict[str, Any]:
        """Read a checkpoint and check it for damage; the error names the other checkpoints of the run."""
        try:
            return read_checked(checkpoint)
        except UserError as error:
            others = run_dir.other_checkpoints(self.run_dir, checkpoint)
            hint = f" Other checkpoints: {', '.join(map(str, others))}." if others else ""
            raise UserError(f"{error}{hint}") from error

    @rank_zero_only
    def _take_folder(self) -> None:
        archived = self.lock.take(archives=self.checkpoint is None)
        if archived is not None:
            rank_zero_info(f"Moved the earlier run to {archived}; --ckpt_path last resumes a run.")


def _as_meant(args: list[str]) -> list[str]:
    """Arguments with names of strategies and formats, and paths of configs, in full."""
    return with_resolved_names(with_shipped_configs(args))


def _stored_precision(config: Path) -> str | None:
    """The precision of the run that is in a folder, if there is one."""
    if not config.is_file():
        return None
    settings = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    return cast("str | None", settings.get("trainer", {}).get("precision"))


def _with_checkpoint_io(plugins: Any) -> list[Any]:
    """The trainer's plugins (one, a list, or None), with `AtomicCheckpointIO` if none of them writes checkpoints."""
    given = plugins if isinstance(plugins, list) else [plugins]
    given = [plugin for plugin in given if plugin is not None]
    has_writer = any(isinstance(plugin, CheckpointIO) for plugin in given)
    return given if has_writer else [*given, AtomicCheckpointIO()]


def main(command: Command, args: list[str] | None = None, cli: type[GnerCLI] = GnerCLI) -> None:
    """Run a command; user errors exit with one message and status 2."""
    hide_library_messages()
    try:
        cli(command, args).run()
    except UserError as error:
        fail(str(error))
    except OmegaConfBaseException as error:
        fail(f"In an interpolation `${{…}}` of the config: {error}")
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        explained = explain(error)
        if explained is None:
            raise
        fail(explained)


def check_overfit_batches(trainer: Namespace) -> None:
    """Refuse `overfit_batches`, which would replace our samplers.

    Raises:
        UserError: It is set.

    Example:
        >>> check_overfit_batches(Namespace(overfit_batches=0.0))
        >>> check_overfit_batches(Namespace(overfit_batches=10))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected trainer.overfit_batches=0, got 10: it replaces the samplers ...
    """
    if trainer.overfit_batches:
        raise UserError(
            f"Expected trainer.overfit_batches=0, got {trainer.overfit_batches}: it replaces the samplers that batch "
            "sentences of similar length. To see whether a model can memorize a few sentences, set "
            "data.max_examples_per_dataset to their number and data.val to the same data."
        )
