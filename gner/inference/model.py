"""Entities of raw text, by a trained model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import cast

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gner.data.collate import Collator
from gner.decoding import DecodingStrategy
from gner.decoding.back_tokenize import BackTokenizer
from gner.decoding.entity_scores import EntityScorer
from gner.decoding.postprocess import PostProcessor
from gner.errors import UserError
from gner.formats import Format
from gner.inference.batches import BatchDecoder
from gner.inference.devices import check_dtype, choose_device, choose_dtype
from gner.inference.labels import Labels
from gner.inference.loading import Loaded, load
from gner.inference.prompts import Limits, Prompter
from gner.inference.result import Entities
from gner.inference.strategies import Decoding, find_strategy
from gner.inference.tagger import Tagger, Words
from gner.inference.texts import WordedText
from gner.models.sharding import find_blocks
from gner.words import Splitter, find_splitter

LabelNames = Iterable[str] | Mapping[str, str | None]
"""Entity types, or a mapping of types to what they mean."""
_AT_ONCE = 2048


class GNER:
    """A trained model that finds entities in text.

    Args:
        loaded: Network, tokenizer and settings.
        device: Where it runs; null for the best device that is here.
        words: How text becomes words: the name of a splitter of `gner.words`, or a function; null for what the model's
            settings say.
        max_tokens: Longest prompt and longest answer in tokens, for a causal model the two together; null for what the
            model was trained with.
        overlap: Words that the parts of a long text share at least.
        batch_tokens: Most tokens of a batch, padding included.
        torch_compile: Compile the network's blocks; the first texts take long.

    Attributes:
        settings: How the model was trained.
        split: What makes words of a text.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        device: str | torch.device | None = None,
        words: str | Splitter | None = None,
        max_tokens: int | None = None,
        overlap: int = 8,
        batch_tokens: int = 16_384,
        torch_compile: bool = False,
    ) -> None:
        for name, value, least in (("max_tokens", max_tokens, 1), ("overlap", overlap, 0)):
            if value is not None and value < least:
                raise UserError(f"Expected `{name}` >= {least}, got {value}.")
        self.settings = loaded.settings
        self.split = find_splitter(words if words is not None else loaded.settings.words)
        self._backbone = loaded.backbone
        self._network = loaded.network.eval()
        self._network.to(device=choose_device(device))
        self._batch_tokens = batch_tokens
        self._strategies: dict[str, DecodingStrategy] = {}
        self._collate = Collator(self.format, loaded.backbone)
        if torch_compile:
            for block in find_blocks(self._network):
                block.forward = torch.compile(block.forward, dynamic=True)
        self._tagger = Tagger(
            self,
            Prompter(
                loaded.backbone,
                self.format,
                self._collate,
                limits=Limits.of(loaded.backbone, loaded.settings, max_tokens),
                dataset=next(iter(loaded.settings.types), "text"),
            ),
            PostProcessor(self.format, BackTokenizer(self.tokenizer)),
            EntityScorer(self.tokenizer),
            most_words=loaded.settings.longest_sentence,
            overlap=overlap,
        )

    @staticmethod
    def from_pretrained(
        source: str | Path,
        *,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        words: str | Splitter | None = None,
        max_tokens: int | None = None,
        overlap: int = 8,
        batch_tokens: int = 16_384,
        torch_compile: bool = False,
    ) -> GNER:
        """Load a model.

        Args:
            source: The folder of a run, or ``best`` or ``last`` in it; a checkpoint, in one file or sharded; a folder
                that ``gner.export`` or Hugging Face's libraries wrote; or a name on the hub, such as
                ``dyyyyyyyy/GNER-T5-large``.
            device: See the class.
            dtype: ``fp32``, ``bf16``, ``fp16`` or a type of torch; null for bf16 on GPUs that have it, else fp32.
            words: See the class.
            max_tokens: See the class.
            overlap: See the class.
            batch_tokens: See the class.
            torch_compile: See the class.

        Raises:
            UserError: There is no such model, device or type, or the model overflows in fp16.
        """
        target = choose_device(device)
        chosen = choose_dtype(dtype, target)
        loaded = load(source, chosen)
        check_dtype(chosen, loaded.backbone.config.model_type)
        return GNER(
            loaded,
            device=target,
            words=words,
            max_tokens=max_tokens,
            overlap=overlap,
            batch_tokens=batch_tokens,
            torch_compile=torch_compile,
        )

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

    def predict_entities(
        self,
        text: str | Iterable[str],
        labels: LabelNames | None = None,
        flat_ner: bool = True,
        threshold: float = 0.0,
        multi_label: bool = False,
        *,
        batch_size: int = 32,
        decoding: Decoding = "speculative",
    ) -> Entities | list[Entities]:
        """Find the entities of one text or of many, of any length.

        Arguments and results are GLiNER's; what a text gets is a list of dictionaries that also has ``info``,
        ``to_hf()`` and ``to_displacy()``.

        Args:
            text: A text, or several.
            labels: Types to look for, or a mapping of types to descriptions; null for those that the model was trained
                on. No types: no entities.
            flat_ner: Must be true: no two entities overlap.
            threshold: Leave out entities with a lower score. 0 leaves out none, so that results are those of
                ``gner.test``.
            multi_label: Must be false.
            batch_size: Most prompts at once.
            decoding: A decoding strategy: its name, its class path and options as in a config, or the strategy.
                ``speculative`` writes what greedy search does; ``constrained`` never loses a word.

        Returns:
            For each text its entities by their start, with ``start``, ``end``, ``text``, ``label`` and ``score``;
            ``text[start:end]`` is the entity's text. A text without words has none.

        Raises:
            UserError: An argument is not understood, or a prompt does not fit into memory alone.
        """
        if multi_label or not flat_ner:
            option = "multi_label=False" if multi_label else "flat_ner=True"
            raise UserError(
                f"Expected `{option}`: the model writes one BIO tag for each word, so entities are flat and each has "
                "one type. For overlapping types, ask for them in separate calls."
            )
        texts = [text] if isinstance(text, str) else text
        if not isinstance(texts, Iterable):
            raise UserError(f"Expected a text or several, got {text!r}.")
        found = list(
            self.label(
                (WordedText.split(one, self.split) for one in texts),
                labels,
                threshold=threshold,
                batch_size=batch_size,
                decoding=decoding,
            )
        )
        return found[0] if isinstance(text, str) else found

    def predict_tags(
        self,
        words: Sequence[str] | Sequence[Sequence[str]],
        labels: LabelNames | None = None,
        *,
        threshold: float = 0.0,
        batch_size: int = 32,
        decoding: Decoding = "speculative",
    ) -> list[str] | list[list[str]]:
        """Tag words of one sentence or of many that are split already.

        Args:
            words: The words of a sentence, or a list of such lists. An empty word gets O.
            labels: See `predict_entities`.
            threshold: See there; what is left out becomes O.
            batch_size: See there.
            decoding: See there.

        Returns:
            For each sentence one IOB2 tag per word.

        Raises:
            UserError: An argument is not understood.
        """
        if isinstance(words, str):
            raise UserError(f"Expected a list of words, got the text {words!r}. For text use `predict_entities`.")
        is_one = all(isinstance(word, str) for word in words)
        sentences = cast(Sequence[Sequence[str]], [words] if is_one and words else words)
        found = self.label(
            map(WordedText.join, sentences), labels, threshold=threshold, batch_size=batch_size, decoding=decoding
        )
        tags = [one.tags() for one in found]
        return tags[0] if is_one and words else tags

    def read(self, text: str | Sequence[str]) -> WordedText:
        """A text with its words, which are made by the splitter or given.

        Raises:
            UserError: It is no text and no list of words.
        """
        return WordedText.split(text, self.split) if isinstance(text, str) else WordedText.join(text)

    def label(
        self,
        texts: Iterable[WordedText],
        labels: LabelNames | None = None,
        *,
        threshold: float = 0.0,
        batch_size: int = 32,
        decoding: Decoding = "speculative",
    ) -> Iterator[Entities]:
        """Find the entities of many texts, one after the other, however many there are.

        What `predict_entities` and `predict_tags` do, for texts whose words are known. They are read some thousand at
        a time.

        Args:
            texts: Texts with their words.
            labels: See `predict_entities`, and so are the others.
            threshold: …
            batch_size: …
            decoding: …
        """
        wanted = Labels.of(self.settings.all_types if labels is None else labels)
        if labels is None and not wanted.types:
            raise UserError("Expected `labels`: this model does not say which types it was trained on. Give a list.")
        strategy = self._strategy(decoding)
        decode = BatchDecoder(
            self, self._collate, self._network.device, batch_size=batch_size, batch_tokens=self._batch_tokens
        )
        texts = iter(texts)
        while some := list(islice(texts, _AT_ONCE)):
            words = [Words([word.text for word in text.words], text.sentence_ends()) for text in some]
            for text, tagged in zip(some, self._tagger(words, wanted, decode, strategy), strict=True):
                yield Entities.of(text, tagged, wanted.names, threshold)

    def _strategy(self, decoding: Decoding) -> DecodingStrategy:
        """Strategies that are named are kept, as they remember what speeds them up."""
        if not isinstance(decoding, str):
            return find_strategy(decoding)
        if decoding not in self._strategies:
            self._strategies[decoding] = find_strategy(decoding)
        return self._strategies[decoding]
