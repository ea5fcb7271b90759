"""Causal models on vLLM, which writes the answers of many texts at the highest rate; see docs/decisions/vllm.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.confidence import EntityScorer
from gner.alignment.postprocess import PostProcessor
from gner.decoding.base import by_example
from gner.decoding.huggingface import decode
from gner.decoding.limits import row_limits
from gner.errors import UserError
from gner.inference.labeller import Labeller, ModelOptions
from gner.inference.loading import Loaded, load_empty
from gner.inference.model import GNER
from gner.interfaces import Batch, Kind, TextModel
from gner.prompting import Format
from gner.prompting.named import FormatName, make_format
from gner.records import Generation, Prediction
from gner.sessions import Predictor

PROPOSER = "gner.inference.vllm_proposer.DraftProposer"
"""What vLLM imports to draft answers."""


class VllmPredictor(Predictor):
    """Predicts with answers that vLLM writes greedily, prompts and answers being token ids.

    Args:
        model: Tokenizer and format; its network tells the number of positions, and needs no weights.
        llm: A ``vllm.LLM``.
        sampling: ``vllm.SamplingParams``.
    """

    def __init__(self, model: TextModel, llm: Any, sampling: Callable[..., Any]) -> None:
        self._model = model
        self._llm = llm
        self._sampling = sampling
        scorer = EntityScorer(model.tokenizer)
        self._postprocess = PostProcessor(model.format, BackTokenizer(model.tokenizer), "robust", scorer)

    def predict(self, batch: Batch) -> list[Prediction]:
        """Have the answers of all rows written at once, and read those of each example together."""
        generations = by_example(batch, self._write(batch))
        return [
            self._postprocess.read(example, written)
            for example, written in zip(batch.examples, generations, strict=True)
        ]

    def _write(self, batch: Batch) -> list[Generation]:
        prompts: list[dict[str, list[int]]] = []
        for ids, mask in zip(batch.prompt_ids, batch.prompt_mask, strict=True):
            prompts.append({"prompt_token_ids": ids[mask.bool()].tolist()})
        end = self._model.tokenizer.eos_token_id
        options = {"temperature": 0.0, "logprobs": 0, "detokenize": False, "ignore_eos": True, "stop_token_ids": [end]}
        limits = [self._sampling(max_tokens=limit, **options) for limit in row_limits(self._model, batch)]
        outputs = self._llm.generate(prompts, limits, use_tqdm=False)
        return [self._generation(output.outputs[0]) for output in outputs]

    def _generation(self, written: Any) -> Generation:
        """An answer; the only log-probability at each place is that of the token which was written there."""
        model, ids = self._model, list(written.token_ids)
        log_probs = [float(of_place[token].logprob) for token, of_place in zip(ids, written.logprobs, strict=True)]
        text = decode(model.tokenizer, ids, model.format.answer_start)
        return Generation(ids, text, log_probs, finished=ids[-1:] == [model.tokenizer.eos_token_id])


class _Outline(NamedTuple):
    """What a predictor sees of a model."""

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    format: Format


def load_vllm(
    source: str | Path,
    *,
    format: FormatName | None = None,
    options: ModelOptions = ModelOptions(),
    num_drafted: int = 0,
    engine: Mapping[str, Any] | None = None,
) -> GNER:
    """Load a causal model into vLLM.

    Args:
        source: A folder that ``gner.export`` or Hugging Face's libraries wrote, or a name on the hub.
        format: See `GNER.from_pretrained`.
        options: How texts are read; ``batch_tokens`` and ``torch_compile`` have no effect.
        num_drafted: Most tokens that are drafted at a time, if the format that the folder names writes every word; 0
            drafts none.
        engine: More options of ``vllm.LLM``, such as ``{"dtype": "bfloat16", "tensor_parallel_size": 2}``.

    Returns:
        A model whose ``batch_size`` has no effect, and which refuses ``decoding``.

    Raises:
        UserError: vLLM is not installed, or the model is not an exported causal one.

    Example:
        >>> load_vllm("runs/none/best.ckpt")
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a checkpoint at runs/none/best.ckpt, but it does not exist.
    """
    loaded = load_empty(source, None if format is None else make_format(format))
    _check_kind(loaded, source)
    try:
        from vllm import LLM, SamplingParams  # noqa: PLC0415 - optional, and slow
    except ImportError as error:
        raise UserError(
            f"Expected vLLM, but: {error}. It pins much else: pip install 'gner[vllm]' in an environment of its own."
        ) from error
    llm = LLM(model=str(source), **(_engine_options(num_drafted) | dict(engine or {})))
    return serve_with(loaded, llm, SamplingParams, _within(options, loaded, (engine or {}).get("max_model_len")))


def _within(options: ModelOptions, loaded: Loaded, longest: int | None) -> ModelOptions:
    """Options by which no prompt with its answer is longer than vLLM takes."""
    if longest is None:
        return options
    return replace(options, max_tokens=min(longest, options.max_tokens or loaded.settings.max_input_tokens))


def serve_with(loaded: Loaded, llm: Any, sampling: Callable[..., Any], options: ModelOptions = ModelOptions()) -> GNER:
    """A model whose answers are written by a ``vllm.LLM``; see `VllmPredictor`."""
    outline = _Outline(loaded.network, loaded.backbone.tokenizer, loaded.settings.format)
    return GNER(Labeller(loaded, options, VllmPredictor(outline, llm, sampling)))


def _engine_options(num_drafted: int) -> dict[str, Any]:
    """Prompts begin alike, so what they share is read once; a folder's advice for chats is not followed."""
    if num_drafted < 0:
        raise UserError(f"Expected `num_drafted` >= 0, got {num_drafted}.")
    options: dict[str, Any] = {"enable_prefix_caching": True, "generation_config": "vllm"}
    if num_drafted:
        drafts = {"method": "custom_class", "model": PROPOSER, "num_speculative_tokens": num_drafted}
        options["speculative_config"] = drafts
    return options


def _check_kind(loaded: Loaded, source: str | Path) -> None:
    kind = loaded.backbone.kind
    if kind is not Kind.CAUSAL or loaded.settings.tagger is not None:
        what = "a tagger" if loaded.settings.tagger is not None else f"of kind {kind.value}"
        raise UserError(f"Expected a causal model that writes, but {source} is {what}. Use GNER.from_pretrained.")
