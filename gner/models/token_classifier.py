"""Options of a backbone whose words are tagged, and the tags that its head knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from transformers import PreTrainedConfig

from gner.bio import OUTSIDE, split_tag, tags_of
from gner.errors import UserError
from gner.models.from_scratch import FromScratch

Head = Literal["tags", "types"]
TagDecoding = Literal["viterbi", "argmax"]


@dataclass(frozen=True)
class TokenClassifier:
    """A backbone that gives every word of a sentence a tag in one pass, and writes nothing.

    Attributes:
        tagger: Name on the Hugging Face hub, local folder, or what to build with random weights: an encoder, the
            encoder of T5, or a causal language model.
        repeat: How often the sentence is read again; the last copy is tagged. For causal models, which otherwise see
            nothing of what follows a word (repetition tagging, arXiv 2601.17585).
        head: ``tags`` has an output for each BIO tag of the types of training. ``types`` scores words against the
            offered types, whose names and descriptions the same network reads, so that others can be asked for.
        decoding: ``viterbi`` finds the best valid BIO tags of a sentence; ``argmax`` takes each word's best tag, and
            repairs.
        outside_weight: Weight of words without an entity in the loss, those in one having 1.
        focal_gamma: Exponent of the focal loss (Lin et al., 2017, arXiv 1708.02002), by which words that are tagged
            with certainty count for less; 0 is cross-entropy.
        type_size: Size of the vectors of ``head: types``.

    Example:
        >>> TokenClassifier("bert-base-cased").repeat
        0
        >>> TokenClassifier("bert-base-cased", outside_weight=-1)
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected `outside_weight` >= 0, got -1. Set model.backbone.outside_weight.
    """

    tagger: str | FromScratch
    repeat: int = 0
    head: Head = "tags"
    decoding: TagDecoding = "viterbi"
    outside_weight: float = 1.0
    focal_gamma: float = 0.0
    type_size: int = 64

    def __post_init__(self) -> None:
        for name, known in (("head", get_args(Head)), ("decoding", get_args(TagDecoding))):
            if getattr(self, name) not in known:
                raise UserError(
                    f"Expected `{name}` to be one of {', '.join(known)}, got `{getattr(self, name)}`. "
                    f"Set model.backbone.{name}."
                )
        for name, least in (("repeat", 0), ("outside_weight", 0), ("focal_gamma", 0), ("type_size", 1)):
            if getattr(self, name) < least:
                raise UserError(f"Expected `{name}` >= {least}, got {getattr(self, name)}. Set model.backbone.{name}.")

    @property
    def num_type_outputs(self) -> int:
        """Outputs of ``head: types``: two vectors of a word, a score of O, and two vectors of a type."""
        return 4 * self.type_size + 1


def stored_tags(config: PreTrainedConfig) -> tuple[str, ...] | None:
    """The BIO tags that the head of a checkpoint has by its configuration; None where its labels are none.

    Labels without O, or without the I of a type, are those of another task.

    Example:
        >>> from transformers import BertConfig
        >>> stored_tags(BertConfig(id2label={0: "O", 1: "B-PER", 2: "I-PER"})), stored_tags(BertConfig())
        (('O', 'B-PER', 'I-PER'), None)
    """
    labels: dict[Any, str] = config.id2label or {}
    tags = tuple(str(labels[place]) for place in sorted(labels))
    try:
        types = types_of(tags)
    except ValueError:
        return None
    return tags if types and sorted(tags) == sorted(tags_of(types)) else None


def types_of(tags: Iterable[str]) -> tuple[str, ...]:
    """The types that tags have, in the order of the tags.

    Raises:
        ValueError: One of them is no tag.

    Example:
        >>> types_of(["O", "B-person", "I-person", "B-city"])
        ('person', 'city')
    """
    return tuple(dict.fromkeys(split_tag(tag)[1] for tag in tags if tag != OUTSIDE))


def refuse_unknown(types: Iterable[str], tags: Iterable[str]) -> None:
    """Refuse types that a head has no tags for.

    Raises:
        UserError: There are some.

    Example:
        >>> refuse_unknown(["city", "song"], ["O", "B-city", "I-city"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected types that the tagger was trained on, city, got `song`. ...
    """
    known = types_of(tags)
    unknown = [entity_type for entity_type in types if entity_type not in known]
    if unknown:
        names = ", ".join(f"`{entity_type}`" for entity_type in unknown)
        raise UserError(
            f"Expected types that the tagger was trained on, {', '.join(known)}, got {names}. A tagger with `head: "
            "types` can be asked for others."
        )
