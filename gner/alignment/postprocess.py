"""Read what a model wrote: texts to predictions, with scores of entities."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Literal, Protocol, TypeAlias

from gner.alignment.back_tokenize import BackTokenize
from gner.alignment.confidence import EntityScorer
from gner.alignment.official import OfficialAligner, match, match_nothing, match_subsequence
from gner.alignment.robust import RobustAligner
from gner.alignment.word_aligner import WordAligner
from gner.bio import repair, to_entities
from gner.records import Aligner, Alignment, AlignmentReport, Counts, Example, Generation, Prediction

AlignerName: TypeAlias = Literal["robust", "official", "exact", "subsequence", "lcs", "lcs+back_tokenization"]
AnyAligner: TypeAlias = AlignerName | WordAligner
"""One of ours by its name, or one of somebody else."""
_WITHOUT_BACK_TOKENIZATION = {"exact": match_nothing, "subsequence": match_subsequence, "lcs": match}


class TextReader(Protocol):
    """What is needed of a prompt format to read texts; see `gner.prompting.Format`."""

    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        """Make a prediction of whatever texts there are."""

    def read_official(self, example: Example, texts: Sequence[str], align: Aligner) -> Alignment:
        """Tags as the released scorer of the format reads them."""

    def official_counts(self, example: Example, texts: Sequence[str], align: Aligner) -> Counts | None:
        """Counts of that scorer."""

    def variant_counts(self, example: Example, texts: Sequence[str]) -> tuple[Counts, ...]:
        """Counts of the other ways to count."""


class PostProcessor:
    """Reads the texts of an example and lays them on its source words.

    Args:
        format: How the texts were asked for.
        back_tokenize: How source words look when the model writes them; None if that is unknown.
        aligner: Where ``tags`` come from: ``robust`` loses as little as possible, ``official`` is what the format's
            released scorer does. The others are steps of the latter, as in the paper's ablation: ``exact`` keeps tags
            of equal word lists only, ``subsequence`` also those of omitted words, ``lcs`` all but back tokenization,
            ``lcs+back_tokenization`` everything; or a `WordAligner`. Official counts always come from ``official``.
        scorer: Scores entities by the probabilities of tokens; None for no scores.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> example = Example(("Ada", "met", "Bob"), ("B-person", "O", "B-person"), ("person",), "toy", "0")
        >>> text = "Ada(B-person) met(O) Bbo(I-person)"
        >>> PostProcessor(GnerFormat())(example, [text]).tags
        ('B-person', 'O', 'B-person')
        >>> PostProcessor(GnerFormat(), aligner="official")(example, [text]).tags
        ('B-person', 'O', 'O')
    """

    def __init__(
        self,
        format: TextReader,
        back_tokenize: BackTokenize | None = None,
        aligner: AnyAligner = "robust",
        scorer: EntityScorer | None = None,
    ) -> None:
        self._format = format
        self._official = OfficialAligner(back_tokenize)
        self._align: Aligner | None = None  # of what the format itself reads
        self._steps = self._official
        if isinstance(aligner, WordAligner):
            own = copy(aligner)
            own.back_tokenize = back_tokenize
            self._align = own.align
        elif aligner == "robust":
            self._align = RobustAligner(back_tokenize)
        elif aligner in _WITHOUT_BACK_TOKENIZATION:
            self._steps = OfficialAligner(find_matches=_WITHOUT_BACK_TOKENIZATION[aligner])
        self._scorer = scorer

    def __call__(self, example: Example, texts: Sequence[str]) -> Prediction:
        """Make a prediction of whatever texts there are, one for each query of the example.

        The example's gold tags are used for the official counts and their variants only.
        """
        if self._align is not None:
            prediction = self._format.read(example, texts, self._align)
        else:
            official, report, _ = self._format.read_official(example, texts, self._steps)
            tags, num_repaired = repair(official)
            report += AlignmentReport(repaired_tags=num_repaired)
            prediction = Prediction(tags, tuple(to_entities(tags)), report)
        counts = self._format.official_counts(example, texts, self._official)
        return replace(prediction, official=counts, variants=self._format.variant_counts(example, texts))

    def read(self, example: Example, generations: Sequence[Generation]) -> Prediction:
        """The same of what was generated for each query, with scores of entities if there is a scorer.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "slept"), ("O", "O"), ("person",), "toy", "0")
            >>> cut = Generation([5, 7], "Ada(B-person) sle", [-0.1, -0.2], finished=False)
            >>> prediction = PostProcessor(GnerFormat()).read(example, [cut])
            >>> prediction.tags, prediction.report.unparsed, prediction.finished
            (('B-person', 'O'), 3, False)
        """
        prediction = self(example, [generation.text for generation in generations])
        if self._scorer is not None:
            prediction = self._scorer(prediction, generations)
        return replace(prediction, generations=tuple(generations))

    def read_official(self, example: Example, texts: Sequence[str]) -> Alignment:
        """The tags of the released scorer only.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "slept"), ("O", "O"), ("person",), "toy", "0")
            >>> PostProcessor(GnerFormat()).read_official(example, ["Ada(I-person) slept(O)"]).tags  # not repaired
            ('I-person', 'O')
        """
        return self._format.read_official(example, texts, self._official)
