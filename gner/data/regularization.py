"""Changes to the types that a training example offers, so that a model reads the prompt instead of learning one list.

The paper shuffles types and adds types from elsewhere; dropping types is GoLLIE's (arXiv 2310.03668).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Literal

from gner.bio import draw_types, keep_types
from gner.data.reading.type_descriptions import known_descriptions
from gner.errors import UserError, did_you_mean
from gner.records import Example


@dataclass(frozen=True)
class Regularization:
    """What happens to the types of a training example, anew in every epoch.

    Attributes:
        shuffle_types: Put the types into random order. The paper: true; ``batch`` has one order for all examples of a
            batch, so that a causal backbone that shares prompts reads the types once.
        drop_type: Probability of leaving a type out, its entities becoming O; at least one type always stays.
            The paper: 0; GoLLIE: 0.15.
        num_external_types: How many types of other training examples are added that this example does not have. The
            paper adds them to its zero-shot data and gives no number; 0 where every example has its full list.
        drop_description: Probability of leaving out the description of a type, so that a model can do without. The
            paper has none.
        paraphrases: Other wordings of the descriptions of types, by type. Each time, the description or one of these
            is drawn, all alike; what is not trained on has the description.

    Example:
        >>> example = Example(("Ada", "in", "Rome"), ("B-person", "O", "B-city"), ("person", "city"), "toy", "0")
        >>> changed = Regularization(drop_type=0.5).apply((), example, random.Random(1))
        >>> changed.types, changed.tags
        (('city',), ('O', 'O', 'B-city'))
    """

    shuffle_types: bool | Literal["batch"] = True
    drop_type: float = 0.0
    num_external_types: int = 0
    drop_description: float = 0.0
    paraphrases: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.drop_type < 1:
            raise UserError(f"Expected 0 <= `drop_type` < 1, got {self.drop_type}. Set data.regularization.drop_type.")
        if not 0 <= self.drop_description <= 1:
            raise UserError(
                f"Expected 0 <= `drop_description` <= 1, got {self.drop_description}. "
                "Set data.regularization.drop_description."
            )
        if self.num_external_types < 0:
            raise UserError(
                f"Expected `num_external_types` >= 0, got {self.num_external_types}. "
                "Set data.regularization.num_external_types."
            )

    def over(self, examples: Sequence[Example]) -> Callable[[Example, random.Random], Example]:
        """What changes the types of training examples, given all of them.

        Raises:
            UserError: A type has paraphrases and no description.

        Example:
            >>> described = Example(("Ada",), ("O",), ("city",), "toy", "0", descriptions=(("city", "a town"),))
            >>> Regularization(paraphrases={"town": ["a place"]}).over([described])
            Traceback (most recent call last):
                ...
            gner.errors.UserError: `paraphrases` has the key `town`, but no such type of data.train has a description. \
Give `descriptions` of a source, or change data.regularization.paraphrases.
        """
        pool = list(dict.fromkeys(chain.from_iterable(example.types for example in examples)))
        descriptions = known_descriptions(examples)
        for entity_type in self.paraphrases.keys() - descriptions.keys():
            raise UserError(
                f"`paraphrases` has the key `{entity_type}`, but no such type of data.train has a description."
                f"{did_you_mean(entity_type, descriptions)} Give `descriptions` of a source, or change "
                "data.regularization.paraphrases."
            )
        return partial(self.apply, pool, descriptions=descriptions)

    def apply(
        self, pool: Iterable[str], example: Example, rng: random.Random, descriptions: Mapping[str, str] | None = None
    ) -> Example:
        """Change the types of an example, and its tags and descriptions with them.

        Args:
            pool: All types of the training data, in a fixed order.
            example: As read from its file.
            rng: All randomness comes from it.
            descriptions: Of types of the pool, for those that are added.

        Example:
            >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
            >>> more = Regularization(num_external_types=1)
            >>> changed = more.apply(["person", "city"], example, random.Random(0), {"city": "a town"})
            >>> sorted(changed.types), changed.tags, changed.descriptions
            (['city', 'person'], ('B-person', 'O'), (('city', 'a town'),))
        """
        kept = draw_types(example.types, self.drop_type, rng)
        known = set(example.types)
        external = [entity_type for entity_type in pool if entity_type not in known] if self.num_external_types else []
        types = kept + rng.sample(external, min(self.num_external_types, len(external)))
        given = descriptions or {}
        meanings = {entity_type: given[entity_type] for entity_type in types[len(kept) :] if entity_type in given}
        meanings |= dict(example.descriptions)
        if self.shuffle_types is True:
            rng.shuffle(types)
        described = [(entity_type, meanings[entity_type]) for entity_type in types if entity_type in meanings]
        described = self._draw_descriptions(described, rng)
        tags = keep_types(example.tags, kept)[0]
        return replace(example, types=tuple(types), tags=tags, descriptions=tuple(described))

    def reorder(self, examples: list[Example], rng: random.Random) -> list[Example]:
        """Put the types of the examples of a batch into one random order, if there is to be one.

        Example:
            >>> examples = [Example(("Ada",), ("O",), types, "toy", "0") for types in (("a", "b", "c"), ("c", "a"))]
            >>> changed = Regularization(shuffle_types="batch").reorder(examples, random.Random(0))
            >>> [example.types for example in changed]
            [('b', 'c', 'a'), ('c', 'a')]
        """
        if self.shuffle_types != "batch":
            return examples
        types = sorted(set(chain.from_iterable(example.types for example in examples)))
        places = {entity_type: place for place, entity_type in enumerate(rng.sample(types, len(types)))}
        return [_in_order(example, places) for example in examples]

    def _draw_descriptions(self, described: list[tuple[str, str]], rng: random.Random) -> list[tuple[str, str]]:
        """Descriptions that are kept, in one of their wordings; nothing is drawn where there is no choice."""
        kept = [pair for pair in described if not self.drop_description or rng.random() >= self.drop_description]
        wordings = [(entity_type, [text, *self.paraphrases.get(entity_type, [])]) for entity_type, text in kept]
        return [(entity_type, rng.choice(texts) if len(texts) > 1 else texts[0]) for entity_type, texts in wordings]


def _in_order(example: Example, places: Mapping[str, int]) -> Example:
    types = sorted(example.types, key=lambda entity_type: places[entity_type])
    descriptions = sorted(example.descriptions, key=lambda pair: places[pair[0]])
    return replace(example, types=tuple(types), descriptions=tuple(descriptions))
