"""Arranges the help text of the commands that take a config: common keys first, then a group for each part."""

from __future__ import annotations

from typing import Any, cast

from lightning.pytorch.cli import LightningArgumentParser

COMMON = (
    *("model.backbone", "model.format", "model.decoding", "model.lora", "model.optimization.lr"),
    *("data.root", "data.train", "data.val", "data.test", "data.batch_size"),
    *("trainer.default_root_dir", "trainer.max_epochs", "trainer.max_steps", "trainer.val_check_interval"),
    *("trainer.accelerator", "trainer.devices", "trainer.precision"),
)
"""The keys that most configs set, in the order of the help text."""
PARTS = {
    "model": "the network, its prompts and how it writes",
    "model.optimization": "optimizer and learning rate",
    "data": "what is read, and how it becomes batches",
    "data.regularization": "what happens to the types of training examples",
    "trainer": "Lightning's Trainer",
    "evaluation": "what is decoded and scored",
    "checkpoint": "the best checkpoint",
    "last_checkpoint": "the last checkpoint",
    "throughput": "what is measured",
}
"""What each group is about, in the order of the help text."""


def arrange_help(parser: LightningArgumentParser) -> None:
    """Put the keys of `COMMON` into a group of their own, before the other keys of each part.

    Args:
        parser: Has all arguments; only its help text changes.
    """
    by_key = {action.dest: action for action in parser._actions}
    moved = [by_key[key] for key in COMMON]
    groups = cast(list[Any], parser._action_groups)
    parts = {group._group_actions[0].dest: group for group in groups if group._group_actions}
    for group in groups:
        group._group_actions[:] = [action for action in group._group_actions if action not in moved]
    common: Any = parser.add_argument_group("common keys")
    common._group_actions.extend(moved)
    for name, about in PARTS.items():
        parts[name].title = f"{name}: {about}"
    order = [parts["help"], common, *(parts[name] for name in PARTS)]
    groups[:] = [*order, *(group for group in groups if group not in order)]
