"""Decoding strategies, and the callback that decodes and scores at validation."""

from gner.decoding.base import DecodingStrategy
from gner.decoding.beam_search import BeamSearch
from gner.decoding.callback import DecodingCallback
from gner.decoding.constrained import Constrained
from gner.decoding.greedy import Greedy
from gner.decoding.nucleus_sampling import NucleusSampling
from gner.decoding.one_pass import OnePass
from gner.decoding.speculative import Speculative

__all__ = [
    "BeamSearch",
    "Constrained",
    "DecodingCallback",
    "DecodingStrategy",
    "Greedy",
    "NucleusSampling",
    "OnePass",
    "Speculative",
]
