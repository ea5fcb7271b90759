"""The prompt format of the config of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gner.data.reading.text_files import read_text
from gner.errors import UserError, last_line
from gner.prompting import DefaultFormat, Format
from gner.prompting.named import make_format


def format_of_config(path: Path) -> Format:
    """Make the prompt format that a config names under ``model.format``; the default one if it names none.

    Raises:
        UserError: The file is no config, or the format cannot be made.
    """
    try:
        config = yaml.safe_load(read_text(path))
        chosen: Any = (config.get("model") or {}).get("format")
    except (yaml.YAMLError, AttributeError) as error:
        raise UserError(f"{path}: expected the config of a run in YAML: {last_line(error)}") from error
    if chosen is None:
        return DefaultFormat()
    if isinstance(chosen, dict):
        chosen = {"class_path": DefaultFormat.__name__, **chosen}
    try:
        return make_format(chosen)
    except UserError as error:
        raise UserError(f"{path}: expected a prompt format under model.format: {error}") from error
