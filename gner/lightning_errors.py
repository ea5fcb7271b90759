"""Errors of Lightning and jsonargparse that users can mend, in one message that names the key to change."""

from __future__ import annotations

import re

from lightning.fabric.utilities.exceptions import MisconfigurationException

_CLASS_PATH = re.compile(r"Problem with given class_path '([\w.]+)':\s*(.+)")


def explain(error: Exception) -> str | None:
    """A message for an error that a setting caused, or None for one that no setting is known to cause."""
    text = str(error)
    made = _CLASS_PATH.search(text)
    if made is not None:
        return f"`{made.group(1)}` cannot be made: {made.group(2).strip()}"
    if "val_check_interval" in text and "number of the training batches" in text:
        numbers = re.findall(r"\d+", text)
        return (
            f"Expected a trainer.val_check_interval of at most the {numbers[1]} batches of an epoch, got {numbers[0]}. "
            "Lower it, or set trainer.check_val_every_n_epoch to null to count batches over epochs."
        )
    if "Early stopping conditioned on metric" in text:
        return f"{text.partition('Pass in or')[0].strip()} Set `monitor` of EarlyStopping to a metric of validations."
    if "Error(s) in loading state_dict" in text:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return (
            f"The checkpoint belongs to another model than that of the config: {lines[1] if len(lines) > 1 else text} "
            "Give the config of the run, config.yaml in its folder."
        )
    if isinstance(error, MisconfigurationException):
        return f"{' '.join(text.split())} See the keys of `trainer`."
    return None
