"""Scores of BIO tags at each word, from the outputs of a token classifier.

A head with an output for each tag is a linear layer over the states of words. One that reads types compares a vector of
a word with one of a type, both linear in the states of the network at the word and, on average, at the tokens of the
type's text, as in the bilinear scores of label-encoding taggers (Ma et al., 2022, arXiv 2203.12831).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from gner.bio import tags_of
from gner.decoding.forward_pass import takes
from gner.interfaces import IGNORED, TaggingBatch
from gner.models.tagger_backbone import TaggerBackbone
from gner.records import Example

_FORBIDDEN = float("-inf")
_TINY = 1e-20
_MOST_REMEMBERED, _TYPES_AT_ONCE = 10_000, 64


class TagScorer:
    """Scores the tags that each example of a batch offers, and gives the loss.

    Args:
        backbone: Its tags and options.
        remembers_types: Keep the vectors of types for later batches. Only where weights do not change, and where no
            other process waits for a pass of this one.

    Example:
        >>> from gner.testing import make_examples, tiny_tagger
        >>> tagger = tiny_tagger("bert", head="types")
        >>> scores = TagScorer(tagger.backbone)(tagger.network, tagger.collate(make_examples()[:2]))
        >>> scores.shape  # 2 sentences, 6 words at most, O and the B and I of two types
        torch.Size([2, 6, 5])
    """

    def __init__(self, backbone: TaggerBackbone, *, remembers_types: bool = False) -> None:
        self._options = backbone.options
        self._backbone = backbone
        self._memory: dict[str, Tensor] | None = {} if remembers_types else None

    def __call__(self, network: PreTrainedModel, batch: TaggingBatch) -> Tensor:
        """Scores of tags, before normalization; minus infinity for those that an example does not offer.

        Args:
            network: A token classifier.
            batch: E examples.

        Returns:
            Shape (E, W, 1 + 2 T) for T types at most, in the order of each example's own types; see `TaggingBatch`.
        """
        outputs = _outputs(network, batch.prompt_ids, batch.prompt_mask)
        places = batch.word_starts.clamp(min=0).unsqueeze(-1).expand(-1, -1, outputs.shape[-1])
        of_words = outputs.gather(1, places).float()
        if self._options.head == "types":
            return self._compare(network, of_words, batch)
        return self._select(of_words, batch.row_examples)

    def _select(self, of_words: Tensor, examples: Sequence[Example]) -> Tensor:
        """The outputs of each example's own tags."""
        columns = {tag: number for number, tag in enumerate(self._backbone.tags)}
        rows = [[columns.get(tag, -1) for tag in tags_of(example.types)] for example in examples]
        width = max(map(len, rows))
        chosen = torch.tensor([row + [-1] * (width - len(row)) for row in rows], device=of_words.device)
        index = chosen.clamp(min=0)[:, None].expand(-1, of_words.shape[1], -1)
        return of_words.gather(-1, index).masked_fill((chosen < 0)[:, None], _FORBIDDEN)

    def _compare(self, network: PreTrainedModel, of_words: Tensor, batch: TaggingBatch) -> Tensor:
        """Products of vectors of words and of types, for B and for I, beside the score of O."""
        size = self._options.type_size
        outside = of_words[..., 2 * size : 2 * size + 1]
        assert batch.type_ids is not None and batch.type_mask is not None and batch.type_places is not None
        of_types = self._type_vectors(network, batch.type_ids, batch.type_mask)[batch.type_places.clamp(min=0)]
        words = of_words[..., : 2 * size].unflatten(-1, (2, size))
        pairs = torch.einsum("ewbs,etbs->ewtb", words, of_types.unflatten(-1, (2, size))) / math.sqrt(size)
        is_padding = (batch.type_places < 0)[:, None, :, None]
        return torch.cat([outside, pairs.masked_fill(is_padding, _FORBIDDEN).flatten(2)], dim=-1)

    def _type_vectors(self, network: PreTrainedModel, ids: Tensor, mask: Tensor) -> Tensor:
        """Vectors of K texts of types, (K, 2 D): for the B of each, and for its I."""
        if self._memory is None:
            return self._read_types(network, ids, mask)
        keys = [f"{ids.device} {row[kept > 0].tolist()}" for row, kept in zip(ids, mask, strict=True)]
        if len(self._memory) > _MOST_REMEMBERED:
            self._memory.clear()
        new = [place for place, key in enumerate(keys) if key not in self._memory]
        for start in range(0, len(new), _TYPES_AT_ONCE):
            some = new[start : start + _TYPES_AT_ONCE]
            vectors = self._read_types(network, ids[some], mask[some])
            self._memory.update((keys[place], vector) for place, vector in zip(some, vectors, strict=True))
        return torch.stack([self._memory[key] for key in keys])

    def _read_types(self, network: PreTrainedModel, ids: Tensor, mask: Tensor) -> Tensor:
        start = 2 * self._options.type_size + 1
        outputs = _outputs(network, ids, mask)[..., start:].float()
        weights = mask[..., None].float()
        return (outputs * weights).sum(1) / weights.sum(1)

    def loss(self, network: PreTrainedModel, batch: TaggingBatch) -> Tensor:
        """Mean cross-entropy of a batch's words, weighted and focal as the options say, a scalar in nats.

        Words whose gold tag is none of the head's teach nothing.
        """
        scores = self(network, batch).flatten(0, 1)
        labels = batch.labels.flatten()
        at_label = scores.gather(-1, labels.clamp(min=0)[:, None])[:, 0]
        labels = labels.where(at_label > _FORBIDDEN, IGNORED)
        losses = nn.functional.cross_entropy(scores, labels, reduction="none", ignore_index=IGNORED)
        weights = (labels != IGNORED).float()
        weights = weights.where(labels != 0, self._options.outside_weight)
        if self._options.focal_gamma:
            # a power below 1 has no gradient at 0
            losses = losses * (-torch.expm1(-losses)).clamp(min=_TINY) ** self._options.focal_gamma
        return (losses * weights).sum() / weights.sum().clamp(min=_TINY)


def _outputs(network: PreTrainedModel, ids: Tensor, mask: Tensor) -> Tensor:
    """Outputs of the head at each token, (N, S, outputs)."""
    options: dict[str, Any] = {"use_cache": False} if takes(network, "use_cache") else {}
    logits: Tensor = network(input_ids=ids, attention_mask=mask, **options).logits
    return logits
