"""The language model of a run: from a hub, from a folder, or with random weights."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from gner.decoding.forward_pass import positions_of
from gner.decoding.token_masks import TAKEN_BY
from gner.errors import UserError, first_line
from gner.interfaces import Kind, Positions, Tagging, kind_of
from gner.models.architecture import check_architecture
from gner.models.from_scratch import FromScratch
from gner.models.quantization import nf4, require_library
from gner.models.tokenizer import decoder_start, load_tokenizer, take_special_tokens_as_text, train_tokenizer
from gner.prompting import Format

_AUTO_CLASSES: dict[Kind, Any] = {Kind.SEQ2SEQ: AutoModelForSeq2SeqLM, Kind.CAUSAL: AutoModelForCausalLM}


class Backbone:
    """Names a language model, and gives its configuration, tokenizer and network when they are asked for.

    Only `build` loads weights.

    Args:
        source: Name on the Hugging Face hub, local folder, or what to build with random weights.
        attention: Attention implementation of Hugging Face (``sdpa``, ``eager``, ``flash_attention_2``, …), or null
            for the library's choice.

    Example:
        >>> sizes = {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 1}
        >>> backbone = Backbone(FromScratch("t5", vocab_size=300, config=sizes))
        >>> backbone.kind.value, backbone.positions, backbone.needs_tokenizer
        ('seq2seq', Positions(prompt=None, answer=None), True)
        >>> backbone.set_tokenizer(backbone.train_tokenizer(["Ada(B-person) slept(O)"]))
        >>> backbone.build().config.vocab_size == len(backbone.tokenizer)
        True
    """

    def __init__(self, source: str | FromScratch, attention: str | None = None) -> None:
        self.source = source
        self._attention = attention
        self._serialized_tokenizer: str | None = None
        self._format: Format | None = None

    def write_in(self, format: Format) -> None:
        """Write answers in a format: of a chat template, the token that ends a turn is the tokenizer's end token then.

        Comes before the tokenizer is asked for.
        """
        self._format = format

    @cached_property
    def config(self) -> PreTrainedConfig:
        """The model's configuration.

        Raises:
            UserError: There is no such model, it has no such settings, or it cannot be a backbone.
        """
        if isinstance(self.source, str):
            config, name = self._load(AutoConfig), self.source
        else:
            config, name = self.source.make_config(), self.source.from_scratch
        self._check(config, name)
        return config

    def _check(self, config: PreTrainedConfig, name: str) -> None:
        """Refuse a network that cannot be a backbone."""
        check_architecture(config, name)

    @property
    def kind(self) -> Kind:
        """What it does with a text; read from the configuration."""
        return kind_of(self.config)

    @property
    def positions(self) -> Positions:
        """How many tokens it can read and write."""
        return positions_of(self.config)

    @property
    def packed_size(self) -> int | None:
        """Numbers of a hidden state of a causal backbone whose attention takes a mask for each pair of tokens."""
        if self.kind is not Kind.CAUSAL or self._attention not in (None, *TAKEN_BY):
            return None
        return int(self.config.get_text_config(decoder=True).hidden_size)

    @property
    def tagging(self) -> Tagging | None:
        """How it tags words: it does not, it writes."""
        return None

    @property
    def needs_types(self) -> bool:
        """Whether it must know types before it is built: any can be written."""
        return False

    def set_types(self, types: Iterable[str]) -> None:
        """Nothing: types are in the prompts."""

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer, with a pad token and an end token.

        Special tokens that a sentence spells, such as ``</s>``, are text.

        Raises:
            UserError: It has no end token, so a model could not learn where an answer ends.

        Example:
            >>> backbone = Backbone(FromScratch("llama", vocab_size=300))
            >>> backbone.set_tokenizer(backbone.train_tokenizer(["Ada slept"]))
            >>> backbone.tokenizer.eos_token_id in backbone.tokenizer("a </s>")["input_ids"]
            False
        """
        if isinstance(self.source, str):
            tokenizer = self._load(AutoTokenizer)
            take_special_tokens_as_text(tokenizer)
        else:
            assert self._serialized_tokenizer is not None, "`set_tokenizer` comes first"
            tokenizer = load_tokenizer(self._serialized_tokenizer)
        if self._format is not None and self.kind is Kind.CAUSAL:
            tokenizer.eos_token = self._format.turns(tokenizer).end or tokenizer.eos_token
        self._check_tokenizer(tokenizer)
        if tokenizer.pad_token is None:  # as the released training code does for LLaMA
            tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
        return tokenizer

    def _check_tokenizer(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Refuse a tokenizer that a model could not write with."""
        if tokenizer.eos_token is None:
            raise UserError(
                f"Expected a tokenizer with an end token, but that of `{self.source}` has none, so a model could not "
                "learn where an answer ends. Set `eos_token` in its tokenizer_config.json, or set model.backbone to "
                "another model."
            )

    @property
    def needs_tokenizer(self) -> bool:
        """True until `set_tokenizer` was called, for a backbone with random weights."""
        return isinstance(self.source, FromScratch) and self._serialized_tokenizer is None

    @property
    def serialized_tokenizer(self) -> str | None:
        """The trained tokenizer for a checkpoint, or None where the tokenizer came with the backbone."""
        return self._serialized_tokenizer

    def train_tokenizer(self, texts: Iterable[str]) -> str:
        """Train a tokenizer and return its serialization for `set_tokenizer`."""
        assert isinstance(self.source, FromScratch)
        return train_tokenizer(texts, self.source.vocab_size, begin_token=kind_of(self.config) is Kind.CAUSAL)

    def set_tokenizer(self, serialized: str) -> None:
        """Use a tokenizer that `train_tokenizer` made, here or in an earlier run."""
        self._serialized_tokenizer = serialized
        self.__dict__.pop("tokenizer", None)  # what the cached property remembers

    def build(self, dtype: torch.dtype | None = None) -> PreTrainedModel:
        """Load the network, or make one with random weights.

        Args:
            dtype: Of the weights; None for torch's default, which Lightning sets to that of a run's precision.

        Example:
            >>> sizes = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1}
            >>> backbone = Backbone(FromScratch("llama", vocab_size=300, config=sizes))
            >>> backbone.set_tokenizer(backbone.train_tokenizer(["Ada slept"]))
            >>> backbone.build(torch.bfloat16).dtype
            torch.bfloat16
        """
        if not isinstance(self.source, str):
            return self.build_random(dtype)
        network = self._load(
            self._auto_class, dtype=dtype or torch.get_default_dtype(), attn_implementation=self._attention
        )
        return self._with_start(network)

    def build_quantized(self, device: torch.device) -> PreTrainedModel:
        """Load the network with 4 bits for each weight of its linear layers; see `gner.models.quantization`.

        Args:
            device: Where it is to be.

        Raises:
            UserError: bitsandbytes is not installed.
        """
        require_library()
        dtype = torch.get_default_dtype()
        placed: dict[str, Any] = {"quantization_config": nf4(dtype), "device_map": {"": device}}
        network = self._load(self._auto_class, dtype=dtype, attn_implementation=self._attention, **placed)
        return self._with_start(network)

    @property
    def _auto_class(self) -> Any:
        """Transformers' class that finds the network's."""
        return _AUTO_CLASSES[self.kind]

    def build_empty(self, dtype: torch.dtype | None = None) -> PreTrainedModel:
        """Make the network without data, on the meta device; see `build`.

        Example:
            >>> sizes = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1}
            >>> backbone = Backbone(FromScratch("llama", vocab_size=300, config=sizes))
            >>> backbone.set_tokenizer(backbone.train_tokenizer(["Ada slept"]))
            >>> {parameter.device.type for parameter in backbone.build_empty(torch.bfloat16).parameters()}
            {'meta'}
        """
        with torch.device("meta"):
            return self.build_random(dtype)

    def build_random(self, dtype: torch.dtype | None = None) -> PreTrainedModel:
        """Make the network with random weights, whatever the source; see `build`."""
        if not isinstance(self.source, str):
            tokenizer = self.tokenizer
            self.config.vocab_size = len(tokenizer)
            for name in ("pad_token_id", "bos_token_id", "eos_token_id"):
                setattr(self.config, name, getattr(tokenizer, name))
            if self.kind is Kind.SEQ2SEQ:
                self.config.decoder_start_token_id = tokenizer.pad_token_id
        network = self._auto_class.from_config(
            self.config,
            dtype=dtype or torch.get_default_dtype(),
            attn_implementation=self._attention,
            trust_remote_code=False,
        )
        return self._with_start(network)

    def _with_start(self, network: PreTrainedModel) -> PreTrainedModel:
        """A seq2seq network with the token in its configuration that its decoder starts with."""
        if self.kind is Kind.SEQ2SEQ:
            network.config.decoder_start_token_id = decoder_start(self.config, self.tokenizer)
        return network

    def _load(self, auto: Any, **options: Any) -> Any:
        """Call ``from_pretrained``, and say what to do when there is no such model."""
        assert isinstance(self.source, str)
        try:
            return auto.from_pretrained(self.source, trust_remote_code=False, **options)
        except (OSError, ValueError) as error:
            raise UserError(
                f"Expected a model, but {_why_not(self.source, error)} "
                "Set model.backbone of a config, or --model, to a local folder or to a name on the Hugging Face hub."
            ) from error


def _why_not(source: str, error: Exception) -> str:
    reason = first_line(error)
    if "trust_remote_code" in str(error):
        return f"`{source}` needs code of its own, which is never run here."
    if Path(source).is_dir():
        return f"the folder `{source}` holds none that can be loaded: {reason}"
    if source.startswith((".", "/", "~")) or source.count("/") > 1:
        return f"there is no folder `{source}`."
    return f"`{source}` is not a folder here, and the hub gave: {reason}"
