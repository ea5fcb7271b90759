"""Entity scores from tags, counted in integers; nothing here needs torch."""

from gner.prompting.gner_scorer import normalise, official_pairs
from gner.records import Counts
from gner.scoring.counts import Score, score_of
from gner.scoring.results import EntityScores, GroupScores
from gner.scoring.tally import DEFAULT_SCORERS, Tally, entity_scores

__all__ = [
    "DEFAULT_SCORERS",
    "Counts",
    "EntityScores",
    "GroupScores",
    "Score",
    "Tally",
    "entity_scores",
    "normalise",
    "official_pairs",
    "score_of",
]
