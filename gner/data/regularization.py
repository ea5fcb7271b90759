"""Changes to the types that a training example offers, so that a model reads the prompt instead of learning one list.

The paper shuffles types and adds types from elsewhere; dropping types is GoLLIE's (arXiv 2310.03668).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
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

    Example:
        >>> example = Example(("Ada", "in", "Rome"), ("B-person", "O", "B-city"), ("person", "city"), "toy", "0")
        >>> changed = Regularization(drop_type=0.5).apply((), example, random.Random(1))
        >>> changed.types, changed.tags
        (('city',), ('O', 'O', 'B-city'))
    """

    shuffle_types: bool = True
    drop_type: float = 0.0
    num_external_types: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.drop_type < 1:
            raise UserError(f"Expected 0 <= `drop_type` < 1, got {self.drop_type}. Set data.regularization.drop_type.")
        if self.num_external_types < 0:
            raise UserError(
                f"Expected `num_external_types` >= 0, got {self.num_external_types}. "
                "Set data.regularization.num_external_types."
            )

    def apply(self, pool: Iterable[str], example: Example, rng: random.Random) -> Example:
        """Change the types of an example, and its tags with them.

        Args:
            pool: All types of the training data, in a fixed order.
            example: As read from its file.
            rng: All randomness comes from it.

        Example:
            >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
            >>> changed = Regularization(num_external_types=1).apply(["person", "city"], example, random.Random(0))
            >>> sorted(changed.types), changed.tags
            (['city', 'person'], ('B-person', 'O'))
        """
        kept = draw_types(example.types, self.drop_type, rng)
        known = set(example.types)
        external = [entity_type for entity_type in pool if entity_type not in known] if self.num_external_types else []
        types = kept + rng.sample(external, min(self.num_external_types, len(external)))
        if self.shuffle_types:
            rng.shuffle(types)
        return replace(example, types=tuple(types), tags=keep_types(example.tags, kept)[0])
