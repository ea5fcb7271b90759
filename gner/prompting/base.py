"""How an example becomes text, and text becomes a prediction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from gner.errors import UserError
from gner.records import Aligner, Alignment, Example, Prediction


class Query(NamedTuple):
    """One prompt, and the answer that training teaches."""

    prompt: str
    target: str


class Format(ABC):
    """A way to pose named entity recognition to a language model.

    Args:
        causal_template: How a causal backbone gets the prompt; holds ``{prompt}`` once, and the answer follows after
            one space. Seq2seq backbones get the prompt plain.
    """

    def __init__(self, causal_template: str) -> None:
        if causal_template.count("{prompt}") != 1:
            raise UserError(
                f"Expected `{{prompt}}` once in the causal template, got {causal_template!r}. "
                "Set model.format.init_args.causal_template."
            )
        self.causal_template = causal_template

    def causal_prompt(self, prompt: str) -> str:
        """The prompt as a causal backbone reads it."""
        return self.causal_template.replace("{prompt}", prompt)

    @abstractmethod
    def queries(self, example: Example) -> list[Query]:
        """Write the prompts for one example, with the answers that its gold tags give."""

    @abstractmethod
    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        """Turn what the model wrote into tags for the example's words.

        Args:
            example: Its words and types are used, its tags are not looked at.
            texts: One text per query, in the order of `queries`.
            align: Lays written words on the source words.

        Returns:
            A prediction, whatever the texts are.
        """

    def read_official(self, example: Example, texts: Sequence[str], align: Aligner) -> Alignment:
        """Tags as the released scorer of this format reads them, flaws included, to reproduce published numbers.

        Args:
            example: See `read`.
            texts: See `read`.
            align: The released scorer's way to lay words on words.

        Returns:
            One tag per word, not necessarily valid IOB2, and what it took.
        """
        prediction = self.read(example, texts, align)
        return Alignment(prediction.tags, prediction.report)

    def remark(self, examples: Sequence[Example]) -> str | None:
        """What the log should say of how these examples are written for training, or None."""
        return None

    def draft(self, example: Example, tags: Sequence[str]) -> str | None:
        """The text that the model would write for these tags, or None if the format does not write every word."""
        return None
