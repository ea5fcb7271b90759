"""Model card (README.md) of an exported model: usage, training data, metrics and config."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

import yaml
from huggingface_hub import EvalResult, ModelCardData

from gner import __version__
from gner.inference.bare_use import bare_use, writes_every_word
from gner.inference.gner_config import Settings
from gner.inference.loading import Loaded
from gner.markdown import as_text, fenced

_TASK = "token-classification"
_PAPER = "[GNER](https://arxiv.org/abs/2402.16602)"


def model_card(
    loaded: Loaded, name: str, *, adapter_only: bool, license: str | None = None, languages: Sequence[str] = ()
) -> str:
    """Write the card.

    Args:
        loaded: The model.
        name: The name of the model in the card.
        adapter_only: Whether only adapters are exported.
        license: Of the weights, as the hub names it, such as apache-2.0.
        languages: Codes of the languages, such as en.
    """
    result = _result(loaded)
    shown = _shown(loaded.settings.format.scorers)
    metadata = _metadata(loaded, name, _evaluations(result, shown), adapter_only=adapter_only)
    metadata.license, metadata.language = license, list(languages) or None
    head = f"---\n{metadata.to_yaml()}\n---\n\n# {as_text(name)}\n"
    about = _about(loaded.settings)
    use = _usage(loaded, name, is_whole=not adapter_only)
    limits, scores = _limits(loaded.settings), _type_scores(result)
    parts = [head, about, use, _training(loaded), _metrics(result, shown), scores, limits, _config(loaded.config)]
    return "\n".join(part for part in parts if part)


def _about(settings: Settings) -> str:
    """How the model writes entities, and which of the metrics are those of a published scorer."""
    format = settings.format
    name = f"`{type(format).__name__}`"
    way = f"from text that it writes in the prompt format {name}"
    if settings.tagger is not None:
        way = "by giving each of its words a BIO tag"
    elif format.lists_strings:
        way = f"by listing their strings, in the prompt format {name}"
    elif writes_every_word(format):
        way = f"by writing every word back with its tag ({_PAPER}), in the prompt format {name}"
    sentences = [f"Finds entities in text {way}; made with `gner` {__version__}."]
    if format.scorer is not None:
        sentences.append(f"`f1` is strict, and `f1_{format.scorer}` as the published scorer of the format counts.")
    return " ".join(sentences) + "\n"


def _shown(scorers: Sequence[str]) -> list[str]:
    """Names of the metrics in the card: those of the scorers of the format too."""
    names = ["f1", "precision", "recall", "f1_macro"]
    for scorer in scorers:
        names += [f"f1_{scorer}", f"f1_{scorer}_macro"]
    return names


def _metadata(loaded: Loaded, name: str, results: list[EvalResult], *, adapter_only: bool) -> ModelCardData:
    """The YAML header, which the hub reads."""
    base = loaded.backbone.source if isinstance(loaded.backbone.source, str) else None
    is_hub_name = base is not None and not Path(base).exists()
    return ModelCardData(
        library_name="peft" if adapter_only else "gner",
        pipeline_tag=_TASK if _fits_pipeline(loaded.settings) else None,
        tags=["gner", "named-entity-recognition", "entities"],
        base_model=base if is_hub_name else None,
        model_name=name,
        eval_results=results or None,
    )


def _fits_pipeline(settings: Settings) -> bool:
    """Whether Hugging Face's token-classification pipeline computes what the model does."""
    tagger = settings.tagger
    return tagger is not None and tagger.get("head", "tags") == "tags" and not tagger.get("repeat")


def _usage(loaded: Loaded, name: str, *, is_whole: bool) -> str:
    types = list(loaded.settings.all_types)[:5] or ["person", "location"]
    python = f"from gner import GNER\n\nmodel = GNER.from_pretrained({name!r})\nmodel.predict_entities('…', {types!r})"
    shell = f"python -m gner.predict --model {quote(name)} --labels {quote(','.join(types))} TEXTS.txt"
    written = f"## Use\n\n{fenced(python, 'python')}\n\n{fenced(shell, 'bash')}\n"
    bare = bare_use(loaded, name) if is_whole else None
    if bare is None:
        return written
    note = "Without `gner`, for one sentence; what the model leaves out or misspells is not put right:"
    return f"{written}\n{note}\n\n{fenced(bare, 'python')}\n"


def _training(loaded: Loaded) -> str:
    settings = loaded.settings
    if not settings.types:
        return ""
    rows = [f"| {as_text(name)} | {', '.join(map(as_text, types))} |" for name, types in settings.types.items()]
    return "\n".join(["## Trained on\n", "| dataset | types |", "|---|---|", *rows, ""])


def _result(loaded: Loaded) -> dict[str, Any]:
    """Step and metrics of the validation that wrote a ``best`` or ``last`` checkpoint; empty for others."""
    results = loaded.meta.get("callbacks", {}).get("RunReport", {}).get("results", {})
    found: dict[str, Any] = results.get(loaded.checkpoint.stem) or {} if loaded.checkpoint is not None else {}
    return found


def _evaluations(result: dict[str, Any], shown: Sequence[str]) -> list[EvalResult]:
    metrics = result.get("metrics", {})
    return [
        EvalResult(
            task_type=_TASK,
            dataset_type="validation",
            dataset_name="validation data of the run",
            metric_type=name,
            metric_name=name,
            metric_value=round(metrics[f"val/{name}"], 5),
        )
        for name in shown
        if f"val/{name}" in metrics
    ]


def _metrics(result: dict[str, Any], shown: Sequence[str]) -> str:
    rows = []
    for name, value in result.get("metrics", {}).items():
        if name.split("/")[-1] in shown:
            figure = "none" if value is None else f"{value:.4f}"
            rows.append(f"| {as_text(name)} | {figure} |")
    if not rows:
        return ""
    heading = f"## Metrics\n\nOf the validation at step {result['step']}, from text that the model wrote:\n"
    return "\n".join([heading, "| metric | |", "|---|--:|", *rows, ""])


def _type_scores(result: dict[str, Any]) -> str:
    """A table of the types, without the totals, which are among the metrics."""
    rows = []
    for name, row in result.get("scores", {}).items():
        if not name.startswith("all ("):
            figures = " | ".join(f"{row[key]:.4f}" for key in ("precision", "recall", "f1"))
            rows.append(f"| {as_text(name)} | {figures} | {row['support']:,} |")
    if not rows:
        return ""
    return "\n".join(["| type | precision | recall | F1 | entities |", "|---|--:|--:|--:|--:|", *rows, ""])


def _limits(settings: Settings) -> str:
    """What the model was not made for."""
    sentences = ["A word belongs to one entity at most; entities do not overlap."]
    if settings.types:
        sentences.append("Types other than those above were not trained.")
    if settings.longest_sentence:
        sentences.append(
            f"The longest sentence of training has {settings.longest_sentence:,} words; `gner` splits longer texts."
        )
    return f"## Limits\n\n{' '.join(sentences)}\n"


def _config(config: dict[str, Any]) -> str:
    if not config:
        return ""
    written = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    return f"<details><summary>Configuration of the run</summary>\n\n{fenced(written, 'yaml')}\n\n</details>\n"
