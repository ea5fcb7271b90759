"""The network of a tagger: from a hub, from a folder, or with random weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForTokenClassification, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from gner.bio import tags_of
from gner.errors import UserError
from gner.interfaces import Kind, Positions, Tagging
from gner.models.architecture import check_tagger_architecture, tagger_positions
from gner.models.backbone import Backbone
from gner.models.from_scratch import FromScratch
from gner.models.token_classifier import TokenClassifier, refuse_unknown, stored_tags, types_of


class TaggerBackbone(Backbone):
    """Names a network whose words are tagged; see `Backbone`.

    A head with an output for each tag needs to know the types before it is built. Where the checkpoint has tags of all
    of them, its own head is trained further.

    Args:
        options: Names the network, and says how it tags.
        attention: See `Backbone`.

    Attributes:
        options: The same.

    Example:
        >>> sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32, "num_hidden_layers": 1}
        >>> backbone = TaggerBackbone(TokenClassifier(FromScratch("bert", vocab_size=300, config=sizes)))
        >>> backbone.set_tokenizer(backbone.train_tokenizer(["Ada slept"]))
        >>> backbone.set_types(["person"])
        >>> backbone.build().config.id2label
        {0: 'O', 1: 'B-person', 2: 'I-person'}
    """

    def __init__(self, options: TokenClassifier, attention: str | None = None) -> None:
        super().__init__(options.tagger, attention)
        self.options = options
        self._trained_tags: tuple[str, ...] | None = None
        self._is_trained = False
        self._new_tags: tuple[str, ...] | None = None

    @property
    def kind(self) -> Kind:
        """What it does with a text: its states at each word are tagged, whatever the network."""
        return Kind.ENCODER

    @property
    def positions(self) -> Positions:
        """How many tokens it can read."""
        return Positions(tagger_positions(self.config), None)

    @property
    def packed_size(self) -> None:
        """None: sentences are read one by one."""
        return None

    @property
    def tagging(self) -> Tagging:
        """How it tags words."""
        return Tagging(self.options.repeat, self.options.head == "types")

    @property
    def tags(self) -> tuple[str, ...]:
        """The BIO tag of each output of the head; empty for one that reads types."""
        if self.options.head == "types":
            return ()
        return self._trained_tags or self._new_tags or self._stored_tags or ()

    @cached_property
    def _stored_tags(self) -> tuple[str, ...] | None:
        return stored_tags(self.config) if self._has_head else None

    @cached_property
    def _has_head(self) -> bool:
        """Whether the checkpoint has a head of some kind."""
        return any(name.endswith("ForTokenClassification") for name in self.config.architectures or ())

    @property
    def needs_types(self) -> bool:
        """Whether the tags of the head are not known yet, or one that reads types has not been trained yet."""
        if self.options.head == "types":
            return not (self._is_trained or self._has_types_head)
        return not self.tags

    def set_types(self, types: Iterable[str]) -> None:
        """Tag entities of these types.

        Raises:
            UserError: The head was trained before, and for other types.

        Example:
            >>> backbone = TaggerBackbone(TokenClassifier(FromScratch("bert")))
            >>> backbone.set_tags(["O", "B-city", "I-city"])
            >>> backbone.set_types(["person"])  # doctest: +ELLIPSIS
            Traceback (most recent call last):
                ...
            gner.errors.UserError: Expected types that the tagger was trained on, city, got `person`. ...
        """
        wanted = list(dict.fromkeys(types))
        if self.options.head == "types":
            self._is_trained = True
            return
        if not wanted:
            raise UserError("Expected training data with types of entities, but it has none. Set data.train.")
        if self._trained_tags is not None:
            refuse_unknown(wanted, self._trained_tags)
        elif not set(wanted) <= set(types_of(self._stored_tags or ())):
            self._new_tags = tuple(tags_of(wanted))

    def set_tags(self, tags: Sequence[str]) -> None:
        """Use the tags of an earlier run, whose head they are of."""
        self._trained_tags = tuple(tags) or None
        self._is_trained = True

    def build(self, dtype: torch.dtype | None = None) -> PreTrainedModel:
        """Load the network, with a new head where the checkpoint has none for the tags, or make one of random weights.

        Args:
            dtype: See `Backbone.build`.
        """
        if not isinstance(self.source, str):
            return self.build_random(dtype)
        keeps_head = self._keeps_head()
        self._label()
        network = self._load(
            self._auto_class,
            config=self.config,
            dtype=dtype or torch.get_default_dtype(),
            attn_implementation=self._attention,
            ignore_mismatched_sizes=True,
        )
        if not keeps_head:  # also where the checkpoint has one with as many outputs
            self._start_head(head_of(network))
        return network

    def _keeps_head(self) -> bool:
        """Whether the head of the checkpoint is for what is tagged here."""
        if self.options.head == "tags":
            return self._stored_tags is not None and self._stored_tags == self.tags
        return self._has_types_head

    @cached_property
    def _has_types_head(self) -> bool:
        """Whether the checkpoint's head reads types, by its number of outputs; asked before `_label` names others."""
        num_outputs = len(self.config.id2label or {})
        return self._has_head and self._stored_tags is None and num_outputs == self.options.num_type_outputs

    @torch.no_grad()
    def _start_head(self, head: nn.Linear) -> None:
        """Random weights for a head.

        One that reads types starts with vectors of unit variance, the same for a word as for a type in the same state:
        products of small ones have hardly any gradient, and what is alike should score high from the start.
        """
        if head.bias is not None:
            nn.init.zeros_(head.bias)
        if self.options.head == "tags":
            nn.init.normal_(head.weight, std=getattr(self.config, "initializer_range", 0.02))
            return
        nn.init.normal_(head.weight, std=head.in_features**-0.5)
        size = 2 * self.options.type_size
        head.weight[size + 1 :] = head.weight[:size]

    def build_random(self, dtype: torch.dtype | None = None) -> PreTrainedModel:
        """Make the network with random weights, whatever the source; see `Backbone.build`."""
        self._label()
        network = super().build_random(dtype)
        if self.options.head == "types" and not head_of(network).weight.is_meta:
            self._start_head(head_of(network))
        return network

    def _label(self) -> None:
        """Name the outputs of the head in the configuration, as Hugging Face's pipeline reads them."""
        assert self.options.head == "types" or self.tags, "`set_types` comes first"
        _ = self._stored_tags, self._has_types_head  # what the checkpoint's own labels say
        names = self.tags or [f"LABEL_{number}" for number in range(self.options.num_type_outputs)]
        self.config.id2label = dict(enumerate(names))
        self.config.label2id = {name: number for number, name in enumerate(names)}

    @property
    def _auto_class(self) -> Any:
        return AutoModelForTokenClassification

    def _check(self, config: PreTrainedConfig, name: str) -> None:
        check_tagger_architecture(config, name)
        config.is_encoder_decoder = False  # of T5, the encoder

    def _check_tokenizer(self, tokenizer: PreTrainedTokenizerBase) -> None:
        if not tokenizer.is_fast:
            raise UserError(
                f"Expected a tokenizer that says where its tokens are in a text, but that of `{self.source}`, a "
                f"{type(tokenizer).__name__}, is a slow one. Set model.backbone.tagger to a model with a fast one."
            )


def head_of(network: PreTrainedModel) -> nn.Linear:
    """The layer whose outputs are those of a tagger.

    Example:
        >>> from gner.testing import tiny_tagger
        >>> head_of(tiny_tagger("bert").network).out_features
        5
    """
    found = [child for child in network.children() if isinstance(child, nn.Linear)]
    assert found, f"{type(network).__name__} has no linear layer as its head"
    return found[-1]


def make_backbone(source: str | FromScratch | TokenClassifier, attention: str | None = None) -> Backbone:
    """The backbone that a config names.

    Args:
        source: ``model.backbone`` of a config.
        attention: See `Backbone`.

    Example:
        >>> type(make_backbone("google/flan-t5-large")).__name__
        'Backbone'
    """
    if isinstance(source, TokenClassifier):
        return TaggerBackbone(source, attention)
    return Backbone(source, attention)


def parse_backbone(settings: str | dict[str, Any]) -> str | FromScratch | TokenClassifier:
    """``model.backbone`` as the config of a checkpoint has it.

    Example:
        >>> parse_backbone({"tagger": {"from_scratch": "bert"}, "repeat": 1}).tagger.from_scratch
        'bert'
    """
    if isinstance(settings, str):
        return settings
    if "tagger" not in settings:
        return FromScratch(**settings)
    tagger = settings["tagger"]
    return TokenClassifier(**{**settings, "tagger": tagger if isinstance(tagger, str) else FromScratch(**tagger)})
