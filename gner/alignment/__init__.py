"""Written words laid on source words, and texts read to predictions; nothing here loads torch."""

from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.confidence import EntityScorer
from gner.alignment.official import OfficialAligner
from gner.alignment.postprocess import PostProcessor
from gner.alignment.robust import RobustAligner
from gner.alignment.strings import Placed, place_strings
from gner.alignment.word_aligner import WordAligner

__all__ = [
    "BackTokenizer",
    "EntityScorer",
    "OfficialAligner",
    "Placed",
    "PostProcessor",
    "RobustAligner",
    "WordAligner",
    "place_strings",
]
