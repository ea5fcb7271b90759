"""Runs NER on pre-tokenized texts."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gner.data.batch_maker import make_batch_maker
from gner.decoding.predictor import GenerativePredictor
from gner.errors import UserError
from gner.inference.budget import Limits, Prompter
from gner.inference.labels import Labels
from gner.inference.loading import Loaded
from gner.inference.result import Entities, FoundWindows
from gner.inference.strategies import Decoding, find_strategy
from gner.inference.tagger import Tagger, Words
from gner.inference.texts import WordedText
from gner.inference.torch_engine import TorchEngine
from gner.inference.windows import Window
from gner.models import TaggerBackbone
from gner.models.sharding import find_blocks
from gner.models.tag_scores import TagScorer
from gner.models.tagging_predictor import TaggingPredictor
from gner.models.token_classifier import refuse_unknown
from gner.prompting import Format
from gner.sessions import Predictor
from gner.words import Splitter, find_splitter

LabelNames = Iterable[str] | Mapping[str, str | None]
"""Entity types, or a mapping of types to what they mean."""
_AT_ONCE = 2048
_WORDS_AT_ONCE = 100_000


@dataclass(frozen=True)
class ModelOptions:
    """How a model reads texts.

    Attributes:
        words: How text becomes words: the name of a splitter of `gner.words`, or a function; None for what the model's
            settings say.
        max_tokens: Longest prompt and longest answer in tokens, for a causal model the two together; None for what the
            model was trained with.
        overlap: Words that the parts of a sentence share that is too long for one window.
        batch_tokens: Most tokens of a batch, padding included.
        torch_compile: Compile the network's blocks; the first texts take long.

    Example:
        >>> ModelOptions(overlap=-1)
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected `overlap` >= 0, got -1.
    """

    words: str | Splitter | None = None
    max_tokens: int | None = None
    overlap: int = 8
    batch_tokens: int = 16_384
    torch_compile: bool = False

    def __post_init__(self) -> None:
        for name, least in (("max_tokens", 1), ("overlap", 0), ("batch_tokens", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UserError(f"Expected `{name}` >= {least}, got {value}.")


def _take(texts: Iterator[Words]) -> list[Words]:
    """The next texts, as many as are sorted and decoded together."""
    some: list[Words] = []
    num_words = 0
    for text in texts:
        some.append(text)
        num_words += len(text.words)
        if len(some) == _AT_ONCE or num_words >= _WORDS_AT_ONCE:
            break
    return some


def _compile(network: PreTrainedModel) -> None:
    """Compile the blocks, which differ in where they find their keys and values, so each is compiled several times."""
    blocks = find_blocks(network)
    limits: Any = torch._dynamo.config
    limits.recompile_limit = max(limits.recompile_limit, 16 * len(blocks))
    limits.accumulated_recompile_limit = max(limits.accumulated_recompile_limit, 16 * len(blocks))
    for block in blocks:
        block.forward = torch.compile(block.forward, dynamic=True)


class Labeller:
    """Finds the entities of texts; also what a decoding strategy sees of a model.

    Args:
        loaded: Network, tokenizer and settings. The network stays where it is.
        options: How texts are read.
        served: What predicts in the place of the network, and takes as many prompts as there are.

    Attributes:
        settings: How the model was trained.
        split: What makes words of a text.
    """

    def __init__(self, loaded: Loaded, options: ModelOptions, served: Predictor | None = None) -> None:
        self.settings = loaded.settings
        self.split = find_splitter(options.words if options.words is not None else loaded.settings.words)
        self._backbone = loaded.backbone
        self._network = loaded.network.eval()
        self._options = options
        self._served = served
        self._predictors: dict[str | None, Predictor] = {}
        self._engines: dict[tuple[int, torch.device], TorchEngine] = {}
        self._collate = make_batch_maker(self.format, loaded.backbone)
        if options.torch_compile:
            _compile(self._network)
        limits = Limits.of(loaded.backbone, loaded.settings, options.max_tokens)
        dataset = next(iter(loaded.settings.types), "text")
        prompter = Prompter(loaded.backbone, self.format, self._collate, limits=limits, dataset=dataset)
        most_words = loaded.settings.longest_sentence
        self._tagger = Tagger(self, prompter, most_words=most_words, overlap=options.overlap)

    @property
    def network(self) -> PreTrainedModel:
        """The Hugging Face model."""
        return self._network

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Its tokenizer."""
        return self._backbone.tokenizer

    @property
    def format(self) -> Format:
        """How the model is asked."""
        return self.settings.format

    def read(self, text: str | Sequence[str]) -> WordedText:
        """A text with its words, which are made by the splitter or given.

        Raises:
            UserError: It is no text and no list of words.
        """
        if isinstance(text, Sequence) and not isinstance(text, str):
            return WordedText.join(text)
        return WordedText.split(text, self.split)

    def label(
        self,
        texts: Iterable[WordedText],
        labels: LabelNames | None = None,
        *,
        threshold: float = 0.0,
        batch_size: int = 32,
        decoding: Decoding | None = None,
    ) -> Iterator[Entities]:
        """Find the entities of many texts, however many there are; they are read some thousand at a time.

        Args:
            texts: Texts with their words.
            labels: Types, or types with descriptions; None for those that the model was trained on.
            threshold: Least score.
            batch_size: Most prompts at once.
            decoding: A decoding strategy; None for speculative greedy search, or the tagger's own way.

        Yields:
            The entities of each text.

        Raises:
            UserError: An option is not understood, or a prompt does not fit into memory alone.
        """
        wanted = self.labels(labels)
        begun: deque[WordedText] = deque()

        def words() -> Iterator[Words]:
            """Words of each text, which is kept until its entities are found."""
            for text in texts:
                begun.append(text)
                yield Words.of(text)

        for found in self.find(words(), wanted, batch_size=batch_size, decoding=decoding):
            yield Entities.of(begun.popleft(), found.merged(), wanted.names, threshold)

    def labels(self, labels: LabelNames | None = None) -> Labels:
        """The types to look for.

        Args:
            labels: Types, or types with descriptions; None for those that the model was trained on.

        Raises:
            UserError: The model cannot look for one of them, or none are known.
        """
        wanted = Labels.of(self.settings.all_types if labels is None else labels, self.format)
        if labels is None and not wanted.types:
            raise UserError("Expected `labels`: this model does not say which types it was trained on. Name some.")
        if isinstance(self._backbone, TaggerBackbone) and not self._backbone.tagging.reads_types:
            refuse_unknown(wanted.types, self._backbone.tags)
        return wanted

    def cut(self, text: WordedText, labels: Labels) -> tuple[list[Window], int]:
        """The windows in which a text is read, and in how many prompts each, as the types may need several."""
        return self._tagger.cut(Words.of(text), labels), len(self._tagger.groups(labels))

    def find(
        self, texts: Iterable[Words], labels: Labels, *, batch_size: int = 32, decoding: Decoding | None = None
    ) -> Iterator[FoundWindows]:
        """Find the entities in the windows of texts, and of windows that were cut before; see `label`."""
        predictor = self._predictor(decoding)
        engine = self._engine(batch_size)
        texts = iter(texts)
        while some := _take(texts):
            yield from self._tagger.find(some, labels, engine, predictor)

    def _engine(self, batch_size: int) -> TorchEngine:
        """The same one in every call, as it remembers how much memory there is."""
        if self._served is not None:
            cpu = torch.device("cpu")
            return TorchEngine(self._collate, cpu, batch_size=sys.maxsize, batch_tokens=sys.maxsize)
        key = (batch_size, self._network.device)
        if key not in self._engines:
            self._engines[key] = TorchEngine(
                self._collate, key[1], batch_size=batch_size, batch_tokens=self._options.batch_tokens
            )
        return self._engines[key]

    def _predictor(self, decoding: Decoding | None) -> Predictor:
        """With a strategy; those that are named are kept, as they remember what speeds them up."""
        if self._served is not None:
            if decoding is not None:
                raise UserError(f"Expected no `decoding`: this model is served, and writes greedily. Got {decoding!r}.")
            return self._served
        if decoding is not None and not isinstance(decoding, str):
            return self._make_predictor(decoding)
        if decoding not in self._predictors:
            self._predictors[decoding] = self._make_predictor(decoding)
        return self._predictors[decoding]

    def _make_predictor(self, decoding: Decoding | None) -> Predictor:
        if not isinstance(self._backbone, TaggerBackbone):
            return GenerativePredictor(self, find_strategy("speculative" if decoding is None else decoding))
        if decoding is not None:
            raise UserError(f"Expected no `decoding` for a tagger, which writes nothing, got {decoding!r}.")
        scorer = TagScorer(self._backbone, remembers_types=True)
        return TaggingPredictor(self, scorer, self._backbone.options.decoding)
