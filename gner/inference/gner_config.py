"""What must be known of a model, beside its weights, to use it as it was trained."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from gner import __version__
from gner.errors import UserError
from gner.prompting import DefaultFormat, Format
from gner.prompting.serialize import from_config, to_config

FILE = "gner_config.json"


@dataclass(frozen=True)
class Settings:
    """How a model was asked in training.

    The defaults are those of the released GNER checkpoints.

    Attributes:
        format: Prompt and target.
        types: The entity types of each data set that it was trained on.
        max_input_tokens: Longest training input; for a causal model prompt and answer together.
        max_answer_tokens: Longest training answer of a seq2seq model.
        longest_sentence: Words of the longest training sentence; None if that is not known.
        words: Name of the splitter that makes words of raw text.
    """

    format: Format = field(default_factory=DefaultFormat)
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_input_tokens: int = 640
    max_answer_tokens: int = 640
    longest_sentence: int | None = None
    words: str = "treebank"

    @property
    def all_types(self) -> tuple[str, ...]:
        """The types of all data sets, each once."""
        return tuple(dict.fromkeys(chain.from_iterable(self.types.values())))

    def write(self, folder: Path) -> None:
        """Write ``gner_config.json``."""
        values = {
            "gner_version": __version__,
            "format": to_config(self.format),
            "types": self.types,
            "max_input_tokens": self.max_input_tokens,
            "max_answer_tokens": self.max_answer_tokens,
            "longest_sentence": self.longest_sentence,
            "words": self.words,
        }
        (folder / FILE).write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Settings:
        """Read ``gner_config.json``.

        Raises:
            UserError: It is not one.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            format, types = from_config(values["format"], str(path)), _as_tuples(values["types"])
            most_input, most_answer = int(values["max_input_tokens"]), int(values["max_answer_tokens"])
            return Settings(format, types, most_input, most_answer, values["longest_sentence"], values["words"])
        except UserError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            found = f"{type(error).__name__}: {error}"
            raise UserError(
                f"{path}: expected the settings that `gner.export` writes, found something else: {found}. Export the "
                "model again."
            ) from error

    @staticmethod
    def of_run(config: Mapping[str, Any], data_state: Mapping[str, Any], source: str) -> Settings:
        """The settings of a run.

        Args:
            config: The whole configuration of the run.
            data_state: What its data module keeps in checkpoints.
            source: Where they are from, for messages.
        """
        data = config["data"]
        format, types = from_config(config["model"]["format"], source), _as_tuples(data_state.get("types", {}))
        longest_sentence = data_state.get("longest_sentence")
        return Settings(format, types, data["max_input_tokens"], data["max_answer_tokens"], longest_sentence)


def _as_tuples(types: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(of_dataset) for name, of_dataset in types.items()}
