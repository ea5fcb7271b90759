"""`GNER`: loads a trained model and finds entities in raw text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast, overload

import torch

from gner.errors import UserError
from gner.inference.devices import check_dtype, choose_device, choose_dtype
from gner.inference.gner_config import Settings
from gner.inference.labeller import Labeller, LabelNames, ModelOptions
from gner.inference.loading import load
from gner.inference.result import Entities
from gner.inference.strategies import Decoding
from gner.inference.texts import WordedText
from gner.prompting.named import FormatName, make_format
from gner.words import Splitter


class GNER:
    """A trained model that finds entities in text; made by `from_pretrained`.

    Args:
        labeller: Network, tokenizer and options.

    Attributes:
        labeller: The same.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from gner.testing import tiny_model
        >>> tiny = tiny_model("causal")  # with random weights, so it may find anything
        >>> with TemporaryDirectory() as folder:
        ...     tiny.network.save_pretrained(folder)
        ...     _ = tiny.tokenizer.save_pretrained(folder)
        ...     model = GNER.from_pretrained(folder, device="cpu", words="whitespace")
        ...     entities = model.predict_entities("Ada met Bob.", ["person"], decoding="constrained")
        ...     tags = model.predict_tags(["Ada", "met", "Bob", "."], ["person"], decoding="constrained")
        >>> entities.info.num_words, len(tags)  # text is split into words, sentences are split already
        (3, 4)
    """

    def __init__(self, labeller: Labeller) -> None:
        self.labeller = labeller

    @staticmethod
    def from_pretrained(
        source: str | Path,
        *,
        format: FormatName | None = None,
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
            source: The folder of a run, or ``best`` or ``last`` in it; a checkpoint, single-file or sharded; a folder
                that ``gner.export`` or Hugging Face's libraries wrote; or a name on the hub, such as
                ``dyyyyyyyy/GNER-T5-large``.
            format: How it is asked: a prompt format, its name, or its class path and options as in a config; None for
                what it was saved with, or else GNER's. For a checkpoint of others, such as
                ``Universal-NER/UniNER-7B-all``: ``uniner``.
            device: Where it runs; None for the best device available.
            dtype: ``fp32``, ``bf16``, ``fp16`` or a torch dtype; None for bf16 on GPUs that support it, else fp32.
            words: The word splitter; details of this and the other options: `ModelOptions`.
            max_tokens: Longest prompt and answer.
            overlap: Words that two windows inside a sentence share.
            batch_tokens: Most tokens of a batch.
            torch_compile: Compile the network.

        Raises:
            UserError: There is no such model, format, device or dtype, or the model overflows in fp16.

        Example:
            >>> GNER.from_pretrained("runs/none/best.ckpt")
            Traceback (most recent call last):
                ...
            gner.errors.UserError: Expected a checkpoint at runs/none/best.ckpt, but it does not exist.
            >>> GNER.from_pretrained("google/flan-t5-base", device="cpu", dtype="fp8")
            Traceback (most recent call last):
                ...
            gner.errors.UserError: Expected a `dtype` of fp32, bf16, fp16 or one of torch, got `fp8`.
        """
        target = choose_device(device)
        chosen = choose_dtype(dtype, target)
        options = ModelOptions(words, max_tokens, overlap, batch_tokens, torch_compile)
        loaded = load(source, chosen, None if format is None else make_format(format))
        check_dtype(chosen, loaded.backbone.config.model_type)
        torch.nn.Module.to(loaded.network, target)
        return GNER(Labeller(loaded, options))

    @property
    def writes(self) -> bool:
        """Whether the model writes text, in one way of decoding or another; a tagger does not."""
        return self.settings.tagger is None

    @property
    def settings(self) -> Settings:
        """How the model was trained."""
        return self.labeller.settings

    @overload
    def predict_entities(  # type: ignore[overload-overlap]  # a text is a list of texts for mypy
        self,
        text: str,
        labels: LabelNames | None = None,
        flat_ner: bool = True,
        threshold: float = 0.0,
        multi_label: bool = False,
        *,
        batch_size: int = 32,
        decoding: Decoding | None = None,
    ) -> Entities: ...

    @overload
    def predict_entities(
        self,
        text: Iterable[str],
        labels: LabelNames | None = None,
        flat_ner: bool = True,
        threshold: float = 0.0,
        multi_label: bool = False,
        *,
        batch_size: int = 32,
        decoding: Decoding | None = None,
    ) -> list[Entities]: ...

    def predict_entities(
        self,
        text: str | Iterable[str],
        labels: LabelNames | None = None,
        flat_ner: bool = True,
        threshold: float = 0.0,
        multi_label: bool = False,
        *,
        batch_size: int = 32,
        decoding: Decoding | None = None,
    ) -> Entities | list[Entities]:
        """Find the entities of one text or of many, of any length.

        Arguments and results are as in GLiNER; the result of a text is a list of dicts that also has ``info``,
        ``to_hf()`` and ``to_displacy()``.

        Args:
            text: A text, or several.
            labels: Types to look for, or a mapping of types to descriptions; None for those that the model was trained
                on. No types: no entities.
            flat_ner: Must be true: entities do not overlap.
            threshold: Leave out entities with a lower score. 0 keeps all, so that results equal those of ``gner.test``.
            multi_label: Must be false.
            batch_size: Most prompts in a batch.
            decoding: A decoding strategy: its name, its class path and options as in a config, or an instance.
                ``speculative``, the default, gives the output of greedy search; ``constrained`` never loses a word. Not
                for taggers.

        Returns:
            For each text its entities sorted by start, with ``start``, ``end``, ``text``, ``label`` and ``score``;
            ``text[start:end]`` is the entity's text. A text without words has none.

        Raises:
            UserError: An argument is invalid, or a prompt does not fit into memory even as a batch of one.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> from gner.testing import tiny_model
            >>> tiny, text = tiny_model("seq2seq"), "Ada met Bob."
            >>> with TemporaryDirectory() as folder:
            ...     tiny.network.save_pretrained(folder)
            ...     _ = tiny.tokenizer.save_pretrained(folder)
            ...     model = GNER.from_pretrained(folder, device="cpu")
            ...     entities = model.predict_entities(text, {"person": "a human"}, decoding="constrained")
            ...     of_each = model.predict_entities([text, ""], ["person"], threshold=1.1)
            >>> all(text[entity["start"] : entity["end"]] == entity["text"] for entity in entities)
            True
            >>> of_each  # no score is above 1
            [[], []]
        """
        if multi_label or not flat_ner:
            option = "multi_label=False" if multi_label else "flat_ner=True"
            raise UserError(
                f"Expected `{option}`: a word gets one BIO tag, so entities are flat and each has one type. For types "
                "that overlap, make separate calls."
            )
        texts = [text] if isinstance(text, str) else text
        if not isinstance(texts, Iterable):
            raise UserError(f"Expected a text or several, got {text!r}.")
        found = list(
            self.labeller.label(
                (WordedText.split(one, self.labeller.split) for one in texts),
                labels,
                threshold=threshold,
                batch_size=batch_size,
                decoding=decoding,
            )
        )
        return found[0] if isinstance(text, str) else found

    @overload
    def predict_tags(  # type: ignore[overload-overlap]
        self,
        words: Sequence[str],
        labels: LabelNames | None = None,
        *,
        threshold: float = 0.0,
        batch_size: int = 32,
        decoding: Decoding | None = None,
    ) -> list[str]: ...

    @overload
    def predict_tags(
        self,
        words: Sequence[Sequence[str]],
        labels: LabelNames | None = None,
        *,
        threshold: float = 0.0,
        batch_size: int = 32,
        decoding: Decoding | None = None,
    ) -> list[list[str]]: ...

    def predict_tags(
        self,
        words: Sequence[str] | Sequence[Sequence[str]],
        labels: LabelNames | None = None,
        *,
        threshold: float = 0.0,
        batch_size: int = 32,
        decoding: Decoding | None = None,
    ) -> list[str] | list[list[str]]:
        """Tag the words of one or many sentences that are already split.

        Args:
            words: The words of a sentence, or a list of such lists. An empty word gets O.
            labels: See `predict_entities`.
            threshold: See there; words of entities that are left out get O.
            batch_size: See there.
            decoding: See there.

        Returns:
            For each sentence one IOB2 tag per word.

        Raises:
            UserError: An argument is invalid.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> from gner.testing import tiny_model
            >>> tiny = tiny_model("causal")
            >>> with TemporaryDirectory() as folder:
            ...     tiny.network.save_pretrained(folder)
            ...     _ = tiny.tokenizer.save_pretrained(folder)
            ...     model = GNER.from_pretrained(folder, device="cpu")
            ...     tags = model.predict_tags([["Ada", "", "slept"], ["so", "did", "I"]], [])
            >>> tags  # no types, no entities
            [['O', 'O', 'O'], ['O', 'O', 'O']]
        """
        if isinstance(words, str):
            raise UserError(f"Expected a list of words, got the text {words!r}. For text use `predict_entities`.")
        is_one = all(isinstance(word, str) for word in words)
        sentences = cast(Sequence[Sequence[str]], [words] if is_one and words else words)
        found = self.labeller.label(
            map(self.labeller.read, sentences), labels, threshold=threshold, batch_size=batch_size, decoding=decoding
        )
        tags = [one.tags() for one in found]
        return tags[0] if is_one and words else tags
