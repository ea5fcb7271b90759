"""Leaves out sentences with entities of which the model that found them was not sure."""

from __future__ import annotations

from collections.abc import Sequence

from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Sentence
from gner.errors import UserError


def sure_positions(
    place: str, sentences: Sequence[Sentence], positions: Sequence[int], min_score: float | None, report: ReadReport
) -> Sequence[int]:
    """The positions of sentences without a doubtful entity.

    A doubtful entity cannot become O: it may be right, and then its sentence would teach that it is none.

    Args:
        place: The source, for messages.
        sentences: All sentences.
        positions: Those to choose from.
        min_score: Lowest score that is not doubtful; None keeps all. Entities without a score are sure.
        report: Where to note what is left out.

    Raises:
        UserError: No entity has a score, one has a score that is no probability, or nothing is left.

    Example:
        >>> sentences = [Sentence(("Ada",), ("B-person",), f"a.jsonl:{score}", scores=(score,)) for score in (0.9, 0.4)]
        >>> report = ReadReport()
        >>> sure_positions("a.jsonl", sentences, [0, 1], 0.5, report), report.of("doubtful")[0].what
        ([0], '`Ada` (person) has 0.4')
    """
    if min_score is None:
        return positions
    _check_scores(place, [sentences[position] for position in positions], min_score)
    kept: list[int] = []
    for position in positions:
        doubt = _doubt(sentences[position], min_score)
        if doubt is None:
            kept.append(position)
        else:
            report.add("doubtful", sentences[position].place, doubt)
    if positions and not kept:
        raise UserError(
            f"{place}: expected sentences whose entities have scores of {min_score} or more, but each of the "
            f"{len(positions):,} has a lower one. Set `min_score` of the source lower."
        )
    return kept


def _check_scores(place: str, sentences: Sequence[Sentence], min_score: float) -> None:
    num_entities = num_scores = 0
    for sentence in sentences:
        for entity in sentence.entities():
            num_entities += 1
            num_scores += entity.score is not None
            if entity.score is not None and not 0 <= entity.score <= 1:  # also for NaN, which would pass as sure
                raise UserError(
                    f"{sentence.place}: expected scores from 0 to 1, as `min_score` is {min_score}, found "
                    f"{entity.score}. Correct the file, or set `min_score` of the source to null."
                )
    if num_entities and not num_scores:
        raise UserError(
            f"{place}: expected entities with a `score`, as `min_score` is {min_score}, but none of the "
            f"{num_entities:,} has one. Use the JSON Lines that `gner.predict` writes, or set `min_score` of the "
            "source to null."
        )


def _doubt(sentence: Sentence, min_score: float) -> str | None:
    """The most doubtful entity of a sentence, for the report; None if there is none."""
    scored = [(entity.score, entity) for entity in sentence.entities() if entity.score is not None]
    score, entity = min(scored, key=lambda pair: pair[0], default=(1.0, None))
    if entity is None or score >= min_score:
        return None
    return f"`{' '.join(sentence.words[entity.start : entity.end])}` ({entity.type}) has {score:g}"
