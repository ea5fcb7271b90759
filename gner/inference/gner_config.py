"""Inference settings stored beside the weights (gner_config.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
    """The format and limits that a model was trained with.

    The defaults are those of the released GNER checkpoints.

    Attributes:
        format: The prompt format.
        types: The entity types of each dataset that it was trained on.
        max_input_tokens: Longest training input; for a causal model prompt and answer together.
        max_answer_tokens: Longest training answer of a seq2seq model.
        longest_sentence: Number of words of the longest training sentence; None if unknown.
        words: Name of the splitter that splits raw text into words.
        tagger: Options of `gner.models.TokenClassifier` but the network's name; None for a model that writes.

    Example:
        >>> settings = Settings(types={"news": ("person", "city"), "songs": ("person",)})
        >>> settings.all_types, settings.max_input_tokens
        (('person', 'city'), 640)
    """

    format: Format = field(default_factory=DefaultFormat)
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_input_tokens: int = 640
    max_answer_tokens: int = 640
    longest_sentence: int | None = None
    words: str = "treebank"
    tagger: Mapping[str, Any] | None = None

    @property
    def all_types(self) -> tuple[str, ...]:
        """The types of all datasets, without duplicates."""
        return tuple(dict.fromkeys(chain.from_iterable(self.types.values())))

    def write(self, folder: Path) -> None:
        """Write ``gner_config.json``.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     Settings(types={"news": ("person",)}, words="whitespace").write(Path(folder))
            ...     settings = Settings.read(Path(folder, FILE))
            >>> settings.types, settings.words
            ({'news': ('person',)}, 'whitespace')
        """
        values = {"gner_version": __version__} | vars(self) | {"format": to_config(self.format)}
        if self.tagger is None:
            del values["tagger"]
        (folder / FILE).write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @staticmethod
    def read(path: Path, format: Format | None = None) -> Settings:
        """Read ``gner_config.json``.

        Args:
            path: The file.
            format: Takes the place of the format that it names.

        Raises:
            UserError: It cannot be read as one.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     path = Path(folder, FILE)
            ...     _ = path.write_text("{}")
            ...     Settings.read(path)  # doctest: +ELLIPSIS
            Traceback (most recent call last):
                ...
            gner.errors.UserError: ...gner_config.json: expected the settings that `gner.export` writes, but ...
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            form = format or from_config(values["format"], str(path))
            types = {name: tuple(of_dataset) for name, of_dataset in values["types"].items()}
            max_input_tokens, max_answer_tokens = int(values["max_input_tokens"]), int(values["max_answer_tokens"])
            others = (values["longest_sentence"], values["words"], values.get("tagger"))
            return Settings(form, types, max_input_tokens, max_answer_tokens, *others)
        except UserError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{path}: expected the settings that `gner.export` writes, but they cannot be read: "
                f"{type(error).__name__}: {error}. Export the model again."
            ) from error

    @staticmethod
    def of_run(
        config: Mapping[str, Any], data_state: Mapping[str, Any], source: str, format: Format | None = None
    ) -> Settings:
        """The settings of a run.

        Args:
            config: The whole config of the run.
            data_state: State of its data module in the checkpoint.
            source: Where both are from, for messages.
            format: Takes the place of the format of the config.

        Example:
            >>> config = {"model": {"format": {"class_path": "GnerFormat", "init_args": {"context_window": 1}}}}
            >>> config["data"] = {"max_input_tokens": 320, "max_answer_tokens": 640}
            >>> settings = Settings.of_run(config, {"types": {"news": ["person"]}, "longest_sentence": 50}, "best.ckpt")
            >>> settings.format.context_window, settings.types, settings.longest_sentence
            (1, {'news': ('person',)}, 50)
        """
        form = format or from_config(config["model"]["format"], source)
        types = {name: tuple(of_dataset) for name, of_dataset in data_state.get("types", {}).items()}
        data = config["data"]
        longest_sentence = data_state.get("longest_sentence")
        backbone = config["model"].get("backbone")
        tagger = None
        if isinstance(backbone, Mapping) and "tagger" in backbone:
            tagger = {name: value for name, value in backbone.items() if name != "tagger"}
        limits = {name: data[name] for name in ("max_input_tokens", "max_answer_tokens")}
        return Settings(form, types, **limits, longest_sentence=longest_sentence, tagger=tagger)
