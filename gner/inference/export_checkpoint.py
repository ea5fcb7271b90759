"""Exports a trained model as a Hugging Face folder, and pushes it to the hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import HfApi

from gner.errors import UserError, first_line
from gner.inference.loading import load
from gner.inference.model_card import model_card
from gner.models import export
from gner.prompting.named import FormatName, make_format


def export_model(
    source: str | Path,
    folder: Path,
    *,
    adapter_only: bool = False,
    dtype: Literal["fp32", "bf16"] = "fp32",
    name: str | None = None,
    format: FormatName | None = None,
    license: str | None = None,
    languages: Sequence[str] = (),
) -> None:
    """Write weights, tokenizer, settings and model card to a temporary folder, renamed when it is complete.

    Args:
        source: As in `gner.inference.loading.load`: a checkpoint, the folder of a run, or a third-party model.
        folder: Where to write; an earlier export there is replaced.
        adapter_only: Write only the adapters; otherwise they are merged into the weights.
        dtype: Dtype of the written weights.
        name: Name of the model in the card; by default that of the folder.
        format: The prompt format that is stored with it, for a third-party model; see `gner.GNER.from_pretrained`.
        license: Of the weights, for the card, as the hub names it.
        languages: Codes of the languages, for the card.

    Raises:
        UserError: There is no such model, it has no adapters, or the folder has content other than a model.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, "thesis.tex").touch()
        ...     export_model("runs/x", Path(folder))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a new folder or an earlier export for --out, but ... holds something else, ...
    """
    _check_target(folder)
    loaded = load(source, format=None if format is None else make_format(format))

    def more(unfinished: Path) -> None:
        """Write the files of `gner`."""
        loaded.settings.write(unfinished)
        named = name or folder.resolve().name
        card = model_card(loaded, named, adapter_only=adapter_only, license=license, languages=languages)
        (unfinished / "README.md").write_text(card, encoding="utf-8")

    export(loaded.network, loaded.backbone.tokenizer, folder, adapter_only=adapter_only, dtype=dtype, more=more)


def _check_target(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not _is_model(folder)):
        raise UserError(
            f"Expected a new folder or an earlier export for --out, but {folder} holds something else, which would be "
            "lost. Name another folder."
        )


def _is_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("config.json", "adapter_config.json"))


def push(folder: Path, name: str, *, private: bool = False) -> str:
    """Upload an exported folder to the Hugging Face hub, with the token stored by ``hf auth login``.

    Args:
        folder: The exported model.
        name: ``user/model``; created if it does not exist.
        private: Create it as a private repository.

    Returns:
        Its URL.

    Raises:
        UserError: The hub cannot be reached, or rejects the upload.
    """
    api = HfApi()
    try:
        url: Any = api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder, commit_message="Upload a model of gner")
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{folder} is written, but it could not be pushed to `{name}`: {first_line(error)} Log in with "
            f"`hf auth login`, and try again, or upload it with `hf upload {name} {folder}`."
        ) from error
    return str(url)
