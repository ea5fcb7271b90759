"""A trained model as a folder that others can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from huggingface_hub import HfApi

from gner.errors import UserError, first_line
from gner.inference.loading import load
from gner.inference.model_card import model_card
from gner.models import export


def export_model(
    source: str | Path,
    folder: Path,
    *,
    adapter_only: bool = False,
    dtype: Literal["fp32", "bf16"] = "fp32",
    name: str | None = None,
) -> None:
    """Write weights, tokenizer, settings and a card; the folder takes its name when all is written.

    Args:
        source: What `gner.inference.loading.load` takes: a checkpoint, the folder of a run, a model of others.
        folder: Where to write; an earlier export there is replaced.
        adapter_only: Write adapters alone; without it they are merged into the weights.
        dtype: What weights are written in.
        name: What the card calls it; the folder's name by default.

    Raises:
        UserError: There is no such model, it has no adapters, or the folder holds something that is no model.
    """
    _check_target(folder)
    loaded = load(source)

    def more(unfinished: Path) -> None:
        """Write what is ours."""
        loaded.settings.write(unfinished)
        card = model_card(loaded, name or folder.resolve().name, adapter_only=adapter_only)
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
    """Upload an exported folder to the Hugging Face hub, with the token that ``hf auth login`` keeps.

    Args:
        folder: What was exported.
        name: ``user/model``; it is made if it is not there.
        private: Make it so that only its owner sees it.

    Returns:
        Its address.

    Raises:
        UserError: The hub cannot be reached, or refuses.
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
