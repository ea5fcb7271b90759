"""Decoding strategies, and the way from what a model wrote to tags.

The names here are imported when they are first used, because alignment, which belongs here too, must not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gner.decoding.base import DecodingStrategy
    from gner.decoding.beam_search import BeamSearch
    from gner.decoding.callback import DecodingCallback
    from gner.decoding.constrained import Constrained
    from gner.decoding.greedy import Greedy
    from gner.decoding.nucleus_sampling import NucleusSampling
    from gner.decoding.speculative import Speculative

__all__ = [
    "BeamSearch",
    "Constrained",
    "DecodingCallback",
    "DecodingStrategy",
    "Greedy",
    "NucleusSampling",
    "Speculative",
]

_MODULES = {
    "BeamSearch": "beam_search",
    "Constrained": "constrained",
    "DecodingCallback": "callback",
    "DecodingStrategy": "base",
    "Greedy": "greedy",
    "NucleusSampling": "nucleus_sampling",
    "Speculative": "speculative",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
