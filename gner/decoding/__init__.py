"""Decoding strategies, and the way from what a model wrote to tags."""

from gner.decoding.base import DecodingStrategy
from gner.decoding.beam_search import BeamSearch
from gner.decoding.callback import DecodingCallback
from gner.decoding.greedy import Greedy
from gner.decoding.nucleus_sampling import NucleusSampling

__all__ = ["BeamSearch", "DecodingCallback", "DecodingStrategy", "Greedy", "NucleusSampling"]
