"""How an example becomes text, and text becomes a prediction."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gner.prompting.boundaries import Boundaries
from gner.prompting.listed import AnswerGrammar
from gner.prompting.query import END, Query, Segment
from gner.prompting.turns import Turns
from gner.records import Aligner, Alignment, Counts, Example, Prediction

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["END", "Format", "Query", "Segment"]


class Format(ABC):
    """A way to pose named entity recognition to a language model.

    A subclass writes `queries` and reads the answers in `read`; the rest has defaults. Its options are arguments of its
    ``__init__`` and attributes of the same names, so that they can be stored with a model.

    Attributes:
        scorer: Name of the published scorer that `official_counts` reproduces: ``gner`` makes metrics ``f1_gner``,
            ``precision_gner``, ``recall_gner``. None for a format that has none.
        variants: Names of further ways to count, of `variant_counts`; ``gner_loose`` makes ``f1_gner_loose`` and so on.
        answer_start: White space that every answer starts with, and that some tokenizers drop; it is put back.
        boundaries: How the answers of a format that has a `draft` mark where entities begin and end.

    Example:
        >>> from gner.alignment import place_strings
        >>> class Names(Format):  # what such a format must have; docs/formats.md shows a whole one
        ...     def queries(self, example):
        ...         return [Query(f"Who is named? {' '.join(example.words)}", "")]
        ...     def read(self, example, texts, align):
        ...         names = [(text, "person") for text in texts]
        ...         return place_strings(example.words, names, "every occurrence").prediction(len(example.words))
        >>> Names().read(Example(("Bob", "met", "Ada"), ("O", "O", "O"), ("person",), "toy", "0"), ["Ada"], None).tags
        ('O', 'O', 'B-person')
    """

    scorer: str | None = None
    variants: tuple[str, ...] = ()
    answer_start: str = ""
    boundaries: Boundaries = "bio"

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names of all ways to count: that of the published scorer, if there is one, then the variants."""
        return self.variants if self.scorer is None else (self.scorer, *self.variants)

    @property
    def lists_strings(self) -> bool:
        """Whether answers list the strings of entities and have `grammars`; those not found are then always logged."""
        return type(self).grammars is not Format.grammars

    def turns(self, tokenizer: PreTrainedTokenizerBase | None) -> Turns:
        """What is around the prompts of a causal backbone; by default nothing, and answers follow after a space.

        Seq2seq backbones always get the prompt as it is.

        Args:
            tokenizer: The backbone's; None if it is yet to be trained.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> from gner.testing import tiny_model
            >>> template = GnerFormat(causal_template="<user>{prompt}<bot>")
            >>> template.turns(tiny_model("causal").tokenizer).prompt("Who?")
            '<user>Who?<bot>'
        """
        return Turns()

    @abstractmethod
    def queries(self, example: Example) -> list[Query]:
        """Write the prompts for one example, one or more, with the answers that its gold tags give.

        Each is answered by itself. How many there are must not depend on the tags.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
            >>> [query.target for query in GnerFormat().queries(example)]
            ['Ada(B-person) slept(O)']
        """

    def query_segments(self, example: Example) -> list[list[Segment]]:
        """Write the queries as they are tokenized: the segments of a prompt, and the learned one of its answer.

        What is decoded starts from exactly these prompts. By default each prompt is one segment, which is tokenized
        together with its answer; see `training` for others.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
            >>> [[prompt, answer]] = GnerFormat().query_segments(example)
            >>> prompt.text == GnerFormat().queries(example)[0].prompt, answer.text
            (True, 'Ada(B-person) slept(O)')
        """
        return [[Segment(query.prompt, False), Segment(query.target, True)] for query in self.queries(example)]

    def num_queries(self, example: Example) -> int:
        """How many queries there are; a subclass that always writes the same number can say so without writing them."""
        return len(self.queries(example))

    def training(self, example: Example, rng: random.Random) -> list[list[Segment]]:
        """Write what training reads for one example: sequences of segments.

        A sequence of one prompt and one learned answer is written as a query is: in the causal template, with a space
        between the two. The segments of any other sequence are tokenized each by itself and put one after the other, as
        they are, between the tokens that the tokenizer puts around a text. The encoder of a seq2seq backbone reads the
        segments before the first learned one, its decoder the others.

        The last learned segment ends with the end token, whether it says so or not.

        Args:
            example: With gold tags.
            rng: For what a format chooses anew in each epoch, such as the order of questions; nothing else may be
                random.

        Returns:
            One sequence or more; by default those of `query_segments`.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
            >>> [[prompt, answer]] = GnerFormat().training(example, random.Random(0))
            >>> answer, prompt.learned
            (Segment(text='Ada(B-person) slept(O)', learned=True), False)
        """
        return self.query_segments(example)

    def seq2seq_training(self, example: Example, rng: random.Random) -> list[list[Segment]]:
        """The same for a seq2seq backbone, by default that of `training`.

        For formats whose sequences have several learned parts: an encoder reads what comes before the first of them
        only.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
            >>> form, rng = GnerFormat(), random.Random(0)
            >>> form.seq2seq_training(example, rng) == form.training(example, rng)
            True
        """
        return self.training(example, rng)

    @abstractmethod
    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        """Turn what the model wrote into tags for the example's words.

        Args:
            example: Its words and types are used, its tags are not looked at.
            texts: One text per query, in the order of `queries`. They may be anything: this never raises, and never
                executes what a model wrote.
            align: Lays written words on the source words, for formats that write words back. Formats that write the
                strings of entities find them with `gner.alignment.place_strings`.

        Returns:
            A prediction, whatever the texts are.

        Example:
            >>> from gner.alignment import RobustAligner
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "slept"), ("O", "O"), ("person",), "toy", "0")
            >>> GnerFormat().read(example, ["Ada(B-person) slept and"], RobustAligner()).tags
            ('B-person', 'O')
            >>> GnerFormat().read(example, ["import os"], RobustAligner()).tags  # anything may be written
            ('O', 'O')
        """

    def read_official(self, example: Example, texts: Sequence[str], align: Aligner) -> Alignment:
        """Tags as the released scorer of this format reads them, flaws included.

        Args:
            example: See `read`.
            texts: See `read`.
            align: The GNER scorer's way to lay words on words.

        Returns:
            One tag per word, not necessarily valid IOB2, and what it took; by default those of `read`.

        Example:
            >>> from gner.alignment import OfficialAligner
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "slept"), ("O", "O"), ("person",), "toy", "0")
            >>> GnerFormat().read_official(example, ["Ada(I-person) slept(O)"], OfficialAligner()).tags
            ('I-person', 'O')
        """
        prediction = self.read(example, texts, align)
        return Alignment(prediction.tags, prediction.report)

    def official_counts(self, example: Example, texts: Sequence[str], align: Aligner) -> Counts | None:
        """Count as the published scorer of this format does, flaws included, to reproduce published numbers.

        Args:
            example: With gold tags.
            texts: See `read`.
            align: The GNER scorer's way to lay words on words; of no use to other scorers.

        Returns:
            Correct, predicted and gold items; None, the default, if there is no such scorer (see `scorer`).

        Example:
            >>> from gner.alignment import OfficialAligner
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "and", "Ada"), ("B-person", "O", "B-person"), ("person",), "toy", "0")
            >>> GnerFormat().official_counts(example, ["Ada(B-person) and(O) Ada(O)"], OfficialAligner())
            Counts(num_correct=1, num_predicted=1, num_gold=1)
        """
        return None

    def variant_counts(self, example: Example, texts: Sequence[str]) -> tuple[Counts, ...]:
        """Count in each of the other ways that `variants` names, one after the other; by default in none."""
        return ()

    def grammars(self, example: Example) -> list[AnswerGrammar] | None:
        """How the answer to each query of an example is written, for formats that list the strings of entities.

        Speculative decoding drafts by it, constrained decoding allows nothing else. None, the default, for others.
        """
        return None

    def longest_answer(self, example: Example) -> str | None:
        """A text as long as the longest right answer to any query of an example; generation ends a little later.

        None, the default, takes the `draft` with the longest tags, or without a draft the words twice.
        """
        return None

    def draft(self, example: Example, tags: Sequence[str]) -> str | None:
        """The text that the model would write for these tags.

        Speculative decoding drafts it, constrained decoding forces its words, votes are written with it. None, the
        default, for a format that does not write every word in the answer to one query.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
            >>> GnerFormat().draft(example, ["O", "O"])  # the gold tags play no part
            'Ada(O) slept(O)'
        """
        return None

    def draft_marks(self, example: Example, marks: Sequence[str]) -> str | None:
        """The same for marks, as `gner.prompting.boundaries` makes them of tags; by default for tags.

        Nothing is refused, as decoding asks for words one by one, in whatever order.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("New", "York"), ("B-city", "I-city"), ("city",), "toy", "0")
            >>> GnerFormat(boundaries="bioes").draft_marks(example, ["B-city", "E-city"])
            'New(B-city) York(E-city)'
        """
        return self.draft(example, marks)

    def writable(self, entity_type: str) -> str:
        """A type that a user names as it can be written in a prompt and read back; by default as it is.

        Args:
            entity_type: Without surplus whitespace or control characters.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> GnerFormat().writable("band (music)"), GnerFormat().writable("band (music")
            ('band (music)', 'band music')
        """
        return entity_type

    def remark(self, examples: Sequence[Example]) -> str | None:
        """What the log should say of how these examples are written for training, or None.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> example = Example(("us", "in", "US"), ("O", "O", "B-country"), ("country",), "toy", "0")
            >>> print(GnerFormat().remark([example]))
            None
            >>> GnerFormat(context_window=0).remark([example])  # doctest: +ELLIPSIS
            '1 of 1 sentences are written with a wider context_window than 0, ...'
        """
        return None
