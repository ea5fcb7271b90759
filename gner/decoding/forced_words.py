"""Answers whose words are given and whose tags are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, prod

from gner.bio import to_entities
from gner.decoding.limits import positions_left
from gner.decoding.word_tokens import PieceTokenizer
from gner.errors import UserError
from gner.interfaces import Batch, TextModel, kind_of
from gner.prompting.boundaries import from_marks
from gner.records import Example, Generation


class ForcedWords:
    """How the words of batches are written with their tags; kept from batch to batch.

    Args:
        strategy: What messages call the strategy.
        otherwise: What messages say of other formats that it takes.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> batch = model.batch(make_examples())
        >>> words = ForcedWords("Constrained")
        >>> words.pieces(model, batch) is words.pieces(model, batch)
        True
    """

    def __init__(self, strategy: str, otherwise: str = "") -> None:
        self._strategy = strategy
        self._otherwise = otherwise
        self._pieces: PieceTokenizer | None = None

    def pieces(self, model: TextModel, batch: Batch) -> PieceTokenizer:
        """The pieces of a model's answers, with the words of a batch tokenized.

        Raises:
            UserError: The format does not write every word.
        """
        if self._pieces is None or not self._pieces.is_for(model):
            self._pieces = PieceTokenizer(model.tokenizer, model.format, kind_of(model.network.config))
            if not self._pieces.writes_every_word(batch.examples[0]):
                raise UserError(
                    f"Expected a format that writes every word, as {self._strategy} forces them{self._otherwise}; got "
                    "one that leaves words out. Set model.format.init_args.context_window to null, or model.decoding "
                    "to Speculative."
                )
        self._pieces.prepare(batch.row_examples)
        return self._pieces


def room_for_answers(model: TextModel, batch: Batch) -> list[float]:
    """Most tokens of each row's answer: what the network has positions for, and what the batch allows.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("seq2seq")
        >>> room_for_answers(model, model.batch(make_examples()[:1]))
        [inf]
    """
    most = inf if batch.length_limit is None else batch.length_limit
    return [min(left, most) for left in positions_left(model, batch)]


def forced_generation(
    model: TextModel,
    example: Example,
    marks: Sequence[str],
    probabilities: Sequence[float],
    *,
    tokens: list[int],
    log_probs: list[float],
) -> Generation:
    """A generation of which the tags of the first words of a sentence are known.

    Args:
        model: Its tokenizer and format.
        example: Whose words they are.
        marks: What the words are tagged with in the answer; fewer than words if there was no room for more.
        probabilities: Of these marks; an entity's score is the product of those of its words.
        tokens: Of the answer.
        log_probs: Of the tokens, or none.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[1]
        >>> forced_generation(model, example, ["B-person"], [0.5], tokens=[7], log_probs=[]).text
        'nothing(B-person)'
    """
    tags = from_marks(marks, model.format.boundaries)
    written = replace(example, words=example.words[: len(tags)], tags=tags)
    text = model.format.draft_marks(written, marks)
    assert text is not None
    entities = [replace(entity, score=prod(probabilities[entity.start : entity.end])) for entity in to_entities(tags)]
    is_finished = tokens[-1:] == [model.tokenizer.eos_token_id]
    return Generation(tokens, text, log_probs, is_finished, tuple(entities))
