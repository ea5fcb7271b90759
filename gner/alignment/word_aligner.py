"""The interface of aligners of one's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from gner.alignment.back_tokenize import BackTokenize
from gner.records import Alignment


class WordAligner(ABC):
    """Lays written words on source words, in its own way; a config names it under ``evaluation.aligner``.

    A package that ships one names it in the entry-point group ``gner.aligners``, so that this name alone is enough.
    Texts are parsed as for the robust aligner, so brackets, spaces and case slips are dealt with before.

    Attributes:
        back_tokenize: Turns source words into what the model writes for them, or None if that is unknown. It is set
            before the first call.

    Example:
        >>> from gner.alignment import PostProcessor
        >>> from gner.prompting import GnerFormat
        >>> from gner.records import AlignmentReport, Example
        >>> class ByPlace(WordAligner):  # trusts that no word was left out
        ...     def align(self, words, written):
        ...         tags = [tag for _, tag in written[: len(words)]]
        ...         tags += ["O"] * (len(words) - len(tags))
        ...         return Alignment(tuple(tags), AlignmentReport())
        >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
        >>> PostProcessor(GnerFormat(), aligner=ByPlace())(example, ["Adda(B-person)"]).tags
        ('B-person', 'O')
    """

    back_tokenize: BackTokenize | None = None

    @abstractmethod
    def align(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        """Give each of the W source words a tag.

        Args:
            words: Of the sentence, W strings.
            written: Words that the model wrote, each with its tag ``O``, ``B-<type>`` or ``I-<type>``.

        Returns:
            W tags, which are repaired afterwards where they are no valid BIO, what was left out, added or replaced,
            and for each word the place of the written one that it got its tag from. Never raises.
        """
