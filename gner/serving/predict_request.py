"""What a client may ask of the service, within limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from pydantic import BaseModel, ConfigDict, Field

from gner.errors import UserError, did_you_mean
from gner.plugins import STRATEGIES, plain_name, plugin_names

_MOST_TYPE_CHARACTERS = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")


class RefusedRequest(UserError):
    """A request that the client must change.

    Args:
        status_code: 413 for too much, 422 for what is not understood.
        message: What was expected.
    """

    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code


class PredictRequest(BaseModel):
    """One text or several, and what to look for in them.

    Attributes:
        text: A text; or else
        texts: Several.
        types: Types, or an object of types and descriptions; those that the model was trained on if it is left out.
        threshold: Entities with a lower score are left out.
        decoding: The name of a decoding strategy; speculative greedy search if it is left out.

    Example:
        >>> request = PredictRequest(text="Ada slept.", types=["person"])
        >>> request.all_texts(), request.labels()
        (['Ada slept.'], {'person': None})
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "Ada Lovelace lived in London.", "types": ["person", "place"]}]},
    )

    text: str | None = Field(None, description="A text; or else `texts`.")
    texts: list[str] | None = Field(None, description="Several texts.")
    types: list[str] | dict[str, str | None] | None = Field(
        None, description="Types, or an object of types and descriptions; without, those of the model."
    )
    threshold: float = Field(0.0, allow_inf_nan=False, description="Entities with a lower score are left out.")
    decoding: str | None = Field(None, description="A decoding strategy, such as `constrained`.")

    def all_texts(self) -> Sequence[str]:
        """The texts, whichever way they were given."""
        return [self.text] if self.text is not None else self.texts or []

    @property
    def asked(self) -> PredictRequest:
        """The request itself, as parts of a stream tell what they belong to."""
        return self

    @property
    def num_texts(self) -> int:
        """How many texts are to be labelled."""
        return len(self.all_texts())

    def labels(self) -> dict[str, str | None] | None:
        """Types with their descriptions, if types were given."""
        return dict.fromkeys(self.types) if isinstance(self.types, list) else self.types

    def strategy(self) -> str | None:
        """The strategy's own name, so that each is made once however clients spell it.

        Only names that installed packages declare are known here: a class path would import what a client names.

        Raises:
            RefusedRequest: There is no strategy of that name.

        Example:
            >>> PredictRequest(text="Ada", decoding="beam-search").strategy()
            'BeamSearch'
        """
        if self.decoding is None:
            return None
        known = _strategies()
        name = known.get(plain_name(STRATEGIES, self.decoding))
        if name is None:
            hint = did_you_mean(self.decoding, known.values())
            raise RefusedRequest(
                422, f"Expected a `decoding` of {', '.join(sorted(known.values()))}, got {self.decoding[:80]!r}.{hint}"
            )
        return name


@dataclass(frozen=True)
class RequestLimits:
    """What one request may hold at most.

    Attributes:
        max_texts: Texts.
        max_characters: Characters of all texts together.
        max_types: Types.

    Example:
        >>> RequestLimits(max_types=1).check(PredictRequest(text="Ada", types=["person", "place"]))
        Traceback (most recent call last):
            ...
        gner.serving.predict_request.RefusedRequest: Expected at most 1 types, got 2. Ask for them in several requests.
    """

    max_texts: int = 64
    max_characters: int = 100_000
    max_types: int = 100

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise UserError(f"Expected `{name}` >= 1, got {value}.")

    def check(self, request: PredictRequest) -> None:
        """Refuse what is too much, and what cannot be answered.

        Raises:
            RefusedRequest: The reason, with its status.
        """
        if (request.text is None) == (request.texts is None):
            raise RefusedRequest(422, "Expected either `text` or `texts`.")
        self._check_texts(request.all_texts())
        types = request.labels() or {}
        self._check_types(types)
        _check_unicode(chain(request.all_texts(), types, filter(None, types.values())))
        request.strategy()

    def _check_texts(self, texts: Sequence[str]) -> None:
        if len(texts) > self.max_texts:
            raise RefusedRequest(
                413, f"Expected at most {self.max_texts:,} texts, got {len(texts):,}. Send several requests."
            )
        num_characters = sum(map(len, texts))
        if num_characters > self.max_characters:
            raise RefusedRequest(
                413,
                f"Expected at most {self.max_characters:,} characters, got {num_characters:,}. Send several requests.",
            )

    def _check_types(self, types: dict[str, str | None]) -> None:
        if len(types) > self.max_types:
            raise RefusedRequest(
                422, f"Expected at most {self.max_types:,} types, got {len(types):,}. Ask for them in several requests."
            )
        longest = max((len(name) + len(meaning or "") for name, meaning in types.items()), default=0)
        if longest > _MOST_TYPE_CHARACTERS:
            raise RefusedRequest(
                422,
                f"Expected types and descriptions of at most {_MOST_TYPE_CHARACTERS:,} characters, got {longest:,}.",
            )


def _check_unicode(texts: Iterable[str]) -> None:
    """Refuse halves of surrogate pairs, which JSON can spell and UTF-8 cannot, so that no answer could quote them."""
    for text in texts:
        found = _SURROGATE.search(text)
        if found is not None:
            raise RefusedRequest(422, f"Expected Unicode text, got half of a surrogate pair (U+{ord(found[0]):04X}).")


@cache
def _strategies() -> Mapping[str, str]:
    """The names of strategies, read once: to look through all installed packages takes milliseconds."""
    return plugin_names(STRATEGIES)
