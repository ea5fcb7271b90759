"""Changes to the types that a training example offers, so that a model reads the prompt instead of learning one list.

The paper shuffles types and adds types from elsewhere; dropping types is GoLLIE's (arXiv 2310.03668).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gner.bio import draw_types, keep_types
from gner.errors import UserError
from gner.records import Example


@dataclass(frozen=True)
class Regularization:
    """What happens to the types of a training example, anew in every epoch.

    Attributes:
        shuffle_types: Put the types into random order. The paper: true.
        drop_type: Probability of leaving a type out, its entities becoming O; at least one type always stays.
            The paper: 0; GoLLIE: 0.15.
        num_external_types: How many types of other training examples are added that this example does not have. The
            paper adds them to its zero-shot data and gives no number; 0 where every example has its full list.
        drop_description: Probability of leaving out the description of a type, so that a model can do without. The
            paper has none.

    Example:
        >>> example = Example(("Ada", "in", "Rome"), ("B-person", "O", "B-city"), ("person", "city"), "toy", "0")
        >>> changed = Regularization(drop_type=0.5).apply((), example, random.Random(1))
        >>> changed.types, changed.tags
        (('city',), ('O', 'O', 'B-city'))
    """

    shuffle_types: bool = True
    drop_type: float = 0.0
    num_external_types: int = 0
    drop_description: float = 0.0

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
        if self.shuffle_types:
            rng.shuffle(types)
        described = [(entity_type, meanings[entity_type]) for entity_type in types if entity_type in meanings]
        described = self._draw_descriptions(described, rng)
        tags = keep_types(example.tags, kept)[0]
        return replace(example, types=tuple(types), tags=tags, descriptions=tuple(described))

    def _draw_descriptions(self, described: list[tuple[str, str]], rng: random.Random) -> list[tuple[str, str]]:
        """Descriptions that are kept; nothing is drawn where all are."""
        return [pair for pair in described if not self.drop_description or rng.random() >= self.drop_description]
