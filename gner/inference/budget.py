"""Texts and types in prompts that the model can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from gner.bio import OUTSIDE
from gner.data.collate import Collator
from gner.errors import UserError
from gner.files import HALF_CHARACTER
from gner.inference.gner_config import Settings
from gner.inference.labels import Labels
from gner.inference.torch_engine import ExampleSize
from gner.interfaces import Kind, TokenizerOwner
from gner.prompting import Format
from gner.records import Example
from gner.words import MAX_WORD_LENGTH

_MARGIN = 1.25
"""Tokens of an answer, over those with no entities in it."""
_SPARE = 8
_MOST_REMEMBERED = 200_000
_NO_LABELS = Labels(())


class Limits(NamedTuple):
    """How many tokens a prompt and its answer may have.

    Attributes:
        prompt: Of the prompt.
        answer: Of the answer.
        both: Of the two together.

    Example:
        >>> limits = Limits(prompt=640, answer=640, both=float("inf"))
        >>> limits.allow(640, 640), limits.allow(641, 10)
        (True, False)
    """

    prompt: float
    answer: float
    both: float

    @staticmethod
    def of(backbone: TokenizerOwner, settings: Settings, max_tokens: int | None) -> Limits:
        """What a model was trained with, or what is asked for, if its positions allow it.

        Example:
            >>> from gner.models import Backbone, FromScratch
            >>> sizes = {"hidden_size": 16, "num_attention_heads": 2, "max_position_embeddings": 1024}
            >>> causal = Backbone(FromScratch("llama", vocab_size=400, config=sizes))
            >>> Limits.of(causal, Settings(), max_tokens=None), Limits.of(causal, Settings(), max_tokens=4096).both
            (Limits(prompt=inf, answer=inf, both=640), 1024)
        """
        no_limit = float("inf")
        prompt, answer = (no_limit if limit is None else limit for limit in backbone.positions)
        most_input, most_answer = max_tokens or settings.max_input_tokens, max_tokens or settings.max_answer_tokens
        if backbone.kind is Kind.CAUSAL:
            return Limits(no_limit, no_limit, min(most_input, answer))
        return Limits(min(most_input, prompt), min(most_answer, answer), no_limit)

    def allow(self, prompt: float, answer: float) -> bool:
        """Whether they are not too long."""
        return prompt <= self.prompt and answer <= self.answer and prompt + answer <= self.both


class Prompter:
    """Makes the examples that a model is asked about, and counts their tokens.

    Tokens are counted word by word, which is a little more than words have together.

    Args:
        backbone: Owner of the tokenizer.
        format: How examples become text.
        collate: Tokenizes prompts.
        limits: Of prompts and answers.
        dataset: Name of the dataset that prompts mention, for formats that do.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> from gner.models import Backbone, FromScratch
        >>> backbone = Backbone(FromScratch("llama", vocab_size=400))
        >>> backbone.set_tokenizer(backbone.train_tokenizer(["Ada(B-person)"]))
        >>> format = tiny_model("causal").format
        >>> limits = Limits(prompt=float("inf"), answer=float("inf"), both=100)
        >>> prompter = Prompter(backbone, format, Collator(format, backbone), limits=limits, dataset="toy")
        >>> [group.types for group in prompter.groups(Labels.of(["person", "city", "song", "band"]))]
        [('person',), ('city',), ('song',), ('band',)]
    """

    def __init__(
        self, backbone: TokenizerOwner, format: Format, collate: Collator, *, limits: Limits, dataset: str
    ) -> None:
        self._backbone = backbone
        self._format = format
        self._collate = collate
        self._dataset = dataset
        self.limits = limits
        self._costs: dict[str, tuple[int, int]] = {}

    def example(self, words: Sequence[str], labels: Labels) -> Example:
        """Words to be labelled; long ones are truncated, and lone surrogates, which tokenizers refuse, are replaced."""
        written = tuple(HALF_CHARACTER.sub("\ufffd", word[:MAX_WORD_LENGTH]) for word in words)
        tags = (OUTSIDE,) * len(words)
        return Example(written, tags, labels.types, self._dataset, "0", "text", labels.descriptions)

    def groups(self, labels: Labels) -> list[Labels]:
        """The types in as few prompts as leave half of a prompt's room to the words."""
        size = len(labels.types)
        while True:
            groups = [labels.only(labels.types[start : start + size]) for start in range(0, len(labels.types), size)]
            if size == 1 or all(map(self._leaves_room, groups)):
                return groups
            size -= max(1, size // 8)

    def _leaves_room(self, labels: Labels) -> bool:
        return self.overhead(labels) <= min(self.limits.prompt, self.limits.both) / 2

    def overhead(self, labels: Labels) -> int:
        """Tokens of a prompt without words.

        Raises:
            UserError: They leave no room for any.
        """
        num_tokens = max(len(row.prompt) for row in self._collate.encode([self.example([], labels)]))
        if len(labels.types) == 1 and not self.limits.allow(num_tokens, _SPARE):
            start, most = labels.types[0][:80], min(self.limits.prompt, self.limits.both)
            raise UserError(
                f"The instruction and the type `{start}` alone are {num_tokens:,} tokens, but the model reads "
                f"{most:,} at most. Shorten the type or its description, or "
                "raise `max_tokens` if the model can read more."
            )
        return num_tokens

    def fitting(self, words: Sequence[str], overhead: int) -> Callable[[int, int], bool]:
        """A function that says whether words ``start`` to ``end`` fit into one prompt, beside its overhead."""
        costs = self._word_costs(words)
        prompt = [0, *accumulate(cost for cost, _ in costs)]
        answer = [0, *accumulate(cost for _, cost in costs)]

        def fits(start: int, end: int) -> bool:
            """Count tokens."""
            return self.limits.allow(
                overhead + prompt[end] - prompt[start], _MARGIN * (answer[end] - answer[start]) + _SPARE
            )

        return fits

    def size(self, example: Example, overhead: int) -> ExampleSize:
        """About how large an example is."""
        num_tokens = overhead + sum(map(sum, self._word_costs(example.words)))
        return ExampleSize(num_tokens, self._format.num_queries(example))

    def _word_costs(self, words: Sequence[str]) -> list[tuple[int, int]]:
        """Tokens of each word in a prompt, and in an answer with the tag O."""
        if len(self._costs) > _MOST_REMEMBERED:
            self._costs.clear()
        new = [word for word in dict.fromkeys(words) if word not in self._costs]
        if new:
            examples = [self.example([word], _NO_LABELS) for word in new]
            answers = [self._format.draft(example, example.tags) or example.words[0] for example in examples]
            tokenizer = self._backbone.tokenizer
            plain = tokenizer([f" {example.words[0]}" for example in examples], add_special_tokens=False)["input_ids"]
            tagged = tokenizer([f" {answer}" for answer in answers], add_special_tokens=False)["input_ids"]
            self._costs.update((word, (len(p), len(t))) for word, p, t in zip(new, plain, tagged, strict=True))
        return [self._costs[word] for word in words]
