"""Which architectures can be backbones, decided from their configuration before weights are loaded.

`docs/backbones.md` lists the tested ones.
"""

from __future__ import annotations

from itertools import chain

from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
)

from gner.decoding.forward_pass import positions_of
from gner.errors import UserError
from gner.interfaces import Kind, kind_of

_IGNORE_PADDING = "it ignores padding, so its output for a sentence would depend on the others in its batch"
_READ_AHEAD = "it is bidirectional, so it would see the answer that it is trained to write"
_BLOCKS = "it reads text in blocks whose boundaries depend on padding, and so on the other sentences of a batch"
REFUSED = {
    "bert-generation": _READ_AHEAD,
    "cpmant": _READ_AHEAD,
    "deepseek_v4": _BLOCKS,
    "minimax": _BLOCKS,
    "rwkv": _IGNORE_PADDING,
    "switch_transformers": "its experts drop tokens beyond their capacity, so reading an answer at once differs from "
    "writing it token by token",
    "trocr": "it is the decoder of an image-to-text model, and its positions count padding",
    "xlstm": _IGNORE_PADDING,
}
"""Model types that have a class for generation but cannot be used, with the reason."""
_NO_TEXT = "it reads more than text"
REFUSED_TAGGERS = {
    **{name: _NO_TEXT for name in ("bros", "layoutlm", "layoutlmv2", "layoutlmv3", "lilt", "markuplm")},
    **{name: "it reads no subword tokens" for name in ("canine", "esm", "esmc")},
    **{name: _IGNORE_PADDING for name in ("convbert", "fnet", "nystromformer", "yoso")},
    "funnel": "it pools tokens, so that words have none of their own",
    "minimax": _BLOCKS,
    "xmod": "it needs to be told the language of each text",
}
"""Model types that have a class for token classification but cannot be taggers, with the reason."""
_AFTER_PADDING = {
    *("camembert", "data2vec-text", "ibert", "longformer", "luke", "mpnet", "roberta", "roberta-prelayernorm"),
    *("xlm-roberta", "xlm-roberta-xl", "xmod"),
}
"""Model types whose first token is at the position after that of the padding token."""


def check_architecture(config: PreTrainedConfig, name: str) -> None:
    """Refuse models that cannot be trained to write answers, or cannot be used in batches.

    Args:
        config: Of the backbone.
        name: Its name as the user gave it.

    Raises:
        UserError: It cannot be a backbone; the message says why.

    Example:
        >>> from transformers import BertConfig, LlamaConfig
        >>> check_architecture(LlamaConfig(), "my_llama")
        >>> check_architecture(BertConfig(), "bert-base-cased")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a seq2seq or causal language model, got `bert-base-cased`, whose type...
    """
    model_type = config.model_type
    start = f"Expected a seq2seq or causal language model, got `{name}`, whose type `{model_type}`"
    end = "Set model.backbone to a model such as google/flan-t5-large or Qwen/Qwen3-0.6B."
    kind = kind_of(config)
    if kind is Kind.ENCODER:
        raise UserError(f"{start} is an encoder: {_READ_AHEAD}. {end}")
    if model_type in REFUSED:
        raise UserError(f"{start} cannot be used: {REFUSED[model_type]}. {end}")
    classes = (
        MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES if kind is Kind.SEQ2SEQ else MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    )
    if model_type not in classes and not getattr(config, "auto_map", None):
        raise UserError(f"{start} is {_what_it_is(config)}. {end}")


def check_tagger_architecture(config: PreTrainedConfig, name: str) -> None:
    """Refuse models whose words cannot be tagged.

    Args:
        config: Of the backbone.
        name: Its name as the user gave it.

    Raises:
        UserError: It cannot be a tagger; the message says why.

    Example:
        >>> from transformers import BartConfig, BertConfig
        >>> check_tagger_architecture(BertConfig(), "bert-base-cased")
        >>> check_tagger_architecture(BartConfig(), "my_bart")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a model with a token classifier in transformers, got `my_bart`, whose type...
    """
    model_type = config.model_type
    why_not = REFUSED_TAGGERS.get(model_type)
    if why_not is None and model_type not in MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES:
        why_not = "there is none"
    if why_not is not None:
        raise UserError(
            f"Expected a model with a token classifier in transformers, got `{name}`, whose type `{model_type}` cannot "
            f"be used: {why_not}. Set model.backbone.tagger to a model such as bert-base-cased or Qwen/Qwen3-0.6B."
        )


def tagger_positions(config: PreTrainedConfig) -> int | None:
    """How many tokens a tagger can read; None if it sets no limit.

    Example:
        >>> from transformers import BertConfig, RobertaConfig
        >>> tagger_positions(BertConfig()), tagger_positions(RobertaConfig(max_position_embeddings=514))
        (512, 512)
    """
    most = positions_of(config).answer
    if most is None or most <= 0:
        return None
    return most - (config.pad_token_id or 0) - 1 if config.model_type in _AFTER_PADDING else most


def _what_it_is(config: PreTrainedConfig) -> str:
    others = other_modalities(config)
    if others:
        return (
            f"a multimodal model, which also reads {' and '.join(others)}; transformers cannot use it for text alone. "
            "There may be a checkpoint of its text part"
        )
    return "not one that transformers can generate text with"


def other_modalities(config: PreTrainedConfig) -> list[str]:
    """What a model reads besides text, such as ``images``.

    Example:
        >>> from transformers import Gemma3Config, LlamaConfig
        >>> other_modalities(Gemma3Config()), other_modalities(LlamaConfig())
        (['images'], [])
    """
    names = {"vision_config": "images", "audio_config": "audio"}
    parts = [config, getattr(config, "encoder", None)]
    return [what for key, what in names.items() if any(getattr(part, key, None) is not None for part in parts)]


def freeze_other_modalities(network: PreTrainedModel) -> int:
    """Freeze the parameters that text does not pass through: sharded training would wait for their gradients.

    Returns:
        The number of frozen parameters; 0 for a network that reads only text.

    Example:
        >>> from gner.testing import tiny_model
        >>> freeze_other_modalities(tiny_model("seq2seq").network)
        0
    """
    used_by_text: list[nn.Module] = [*_text_models(network)] if other_modalities(network.config) else []
    if not used_by_text:
        return 0
    head = network.get_output_embeddings()
    if head is not None:
        used_by_text.append(head)
    used = {id(parameter) for parameter in chain.from_iterable(part.parameters() for part in used_by_text)}
    frozen = [parameter for parameter in network.parameters() if id(parameter) not in used]
    for parameter in frozen:
        parameter.requires_grad_(False)
    return sum(parameter.numel() for parameter in frozen)


def _text_models(network: PreTrainedModel) -> list[PreTrainedModel]:
    """The models within a multimodal network that read or write text."""
    config = network.config
    text_types = {type(config.get_text_config()), type(config.get_text_config(decoder=True))}
    encoder = getattr(config, "encoder", None)
    if isinstance(encoder, PreTrainedConfig):
        text_types.add(type(encoder.get_text_config()))
    text_types.discard(type(config))  # the whole network, with its image and audio parts
    models = [module for module in network.modules() if isinstance(module, PreTrainedModel)]
    return [model for model in models if type(model.config) in text_types]
