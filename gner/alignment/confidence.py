"""Scores of entities from the probabilities of the tokens that write their tags."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import accumulate
from math import exp
from typing import TYPE_CHECKING

from gner.alignment.token_texts import TokenTexts
from gner.records import Entity, Generation, Prediction

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class EntityScorer:
    """Gives every entity of a prediction the probability of its tags.

    That is the product of the probabilities of the tokens that write the tags of its words, each given the prompt and
    everything written before it; brackets and the words themselves do not count. It says how sure the model is that a
    word is tagged so, once it has come to write that word's tag. An entity all of whose words were left out has no
    score. For formats that list the strings of entities it is the probability of the tokens that write the string, and
    the type where that is written too. Where a strategy gives scores of its own, those are taken.

    Args:
        tokenizer: Of the model that writes.

    Example:
        >>> import math
        >>> from gner.bio import to_entities
        >>> from gner.records import AlignmentReport
        >>> from gner.testing import tiny_model
        >>> tokenizer = tiny_model("causal").tokenizer
        >>> ids = tokenizer("Ada(B-person)", add_special_tokens=False)["input_ids"]
        >>> generation = Generation(ids, "Ada(B-person)", [math.log(0.9)] * len(ids), True)
        >>> entities = tuple(to_entities(["B-person"]))
        >>> prediction = Prediction(("B-person",), entities, AlignmentReport(), places=((4, 12),))
        >>> EntityScorer(tokenizer)(prediction, [generation]).entities
        (Entity(start=0, end=1, type='person', score=0.81),)
        >>> tokenizer.batch_decode([[one] for one in ids])
        ['Ada', '(B-', 'person', ')']
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._texts = TokenTexts(tokenizer)

    def __call__(self, prediction: Prediction, generations: Sequence[Generation]) -> Prediction:
        """The prediction with scores, where its places or the strategy give any.

        Args:
            prediction: Read from the texts of the generations.
            generations: One for each query of the example; places of tags are known for a single text only.
        """
        if not prediction.entities:
            return prediction
        if all(generation.entities is not None for generation in generations):
            scores = _given_scores(prediction, generations)
        elif prediction.written:
            scores = self._scores_of_strings(prediction, generations)
        elif prediction.places and len(generations) == 1:
            [generation] = generations
            ends = self._ends(generation)
            scores = [_score(entity, prediction, generation.token_log_probs, ends) for entity in prediction.entities]
        else:
            return prediction
        entities = [replace(entity, score=score) for entity, score in zip(prediction.entities, scores, strict=True)]
        return replace(prediction, entities=tuple(entities))

    def _scores_of_strings(self, prediction: Prediction, generations: Sequence[Generation]) -> list[float | None]:
        """Probabilities of the tokens that write the string and the type of each entity."""
        ends = {place.text: self._ends(generations[place.text]) for place in prediction.written}
        scores: list[float | None] = []
        for place in prediction.written:
            log_probs = generations[place.text].token_log_probs
            scores.append(_probability({(place.start, place.end)}, log_probs, ends[place.text]))
        return scores

    def _ends(self, generation: Generation) -> list[int]:
        """Where each token ends in the text, at whose start there may be less white space than was written, or more."""
        ids = generation.token_ids
        texts = list(map(self._texts.of, ids))
        spelt, ends = "".join(texts), list(accumulate(map(len, texts)))
        if spelt.lstrip() != generation.text.lstrip():  # characters of several tokens, such as emoji
            spelt = self._texts.decode(ids)
            ends = [len(self._texts.decode(ids[: length + 1])) for length in range(len(ids))]
        shift = _indent(generation.text) - _indent(spelt)
        return [max(0, end + shift) for end in ends]


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _given_scores(prediction: Prediction, generations: Sequence[Generation]) -> list[float | None]:
    """Scores that the strategy gave, by span and type."""
    known: dict[tuple[int, int, str], float | None] = {}
    for generation in generations:
        for entity in generation.entities or ():
            known[entity.start, entity.end, entity.type] = entity.score
    return [known.get((entity.start, entity.end, entity.type)) for entity in prediction.entities]


def _score(entity: Entity, prediction: Prediction, log_probs: Sequence[float], ends: Sequence[int]) -> float | None:
    places = {place for place in prediction.places[entity.start : entity.end] if place is not None}
    return _probability(places, log_probs, ends)


def _probability(places: Collection[tuple[int, int]], log_probs: Sequence[float], ends: Sequence[int]) -> float | None:
    """That of all tokens that share a character with one of some places; None if there are no places."""
    if not places:
        return None
    total = 0.0
    begin = 0
    for end, log_prob in zip(ends, log_probs, strict=True):
        if any(begin < last and first < end for first, last in places):
            total += log_prob
        begin = end
    return min(1.0, exp(total))
