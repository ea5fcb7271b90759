"""Texts and types in prompts that the model can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from gner.bio import OUTSIDE
from gner.data.batch_maker import BatchMaker
from gner.errors import UserError
from gner.files import HALF_CHARACTER
from gner.inference.gner_config import Settings
from gner.inference.labels import Labels
from gner.inference.torch_engine import ExampleSize
from gner.interfaces import Kind, TokenizerOwner
from gner.prompting import Format
from gner.prompting.by_type import asks_each_type
from gner.records import Example
from gner.words import MAX_WORD_LENGTH

_MARGIN = 1.25
"""Tokens of an answer, over those with no entities in it."""
_SPARE = 8
_MOST_REMEMBERED = 200_000
_A_LABEL = Labels(("entity",))
_WORDS_OF_ENTITY = 4
"""Words for each entity in a text with many of them; more entities than that make an answer longer than expected."""


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


class Overhead(NamedTuple):
    """Tokens beside those of words.

    Attributes:
        prompt: Of a prompt.
        per_word: Of an answer, for each word of the text: those around the strings of formats that list strings.

    Example:
        >>> Overhead.largest([Overhead(30, 0.5), Overhead(20, 1.0)])
        Overhead(prompt=30, per_word=1.0)
    """

    prompt: int
    per_word: float

    @staticmethod
    def largest(overheads: Sequence[Overhead]) -> Overhead:
        """The larger of each number."""
        return Overhead(max(one.prompt for one in overheads), max(one.per_word for one in overheads))


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
        >>> from gner.data.collate import Collator
        >>> format = tiny_model("causal").format
        >>> limits = Limits(prompt=float("inf"), answer=float("inf"), both=100)
        >>> prompter = Prompter(backbone, format, Collator(format, backbone), limits=limits, dataset="toy")
        >>> [group.types for group in prompter.groups(Labels.of(["person", "city", "song", "band"]))]
        [('person',), ('city',), ('song',), ('band',)]
    """

    def __init__(
        self, backbone: TokenizerOwner, format: Format, collate: BatchMaker, *, limits: Limits, dataset: str
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
        """The types in as few prompts as leave half of a prompt's room to the words; all if each has its own prompt."""
        size = len(labels.types)
        if self._asks_each_type(labels):
            return [labels]
        while True:
            groups = [labels.only(labels.types[start : start + size]) for start in range(0, len(labels.types), size)]
            if size == 1 or all(map(self._leaves_room, groups)):
                return groups
            size -= max(1, size // 8)

    def _asks_each_type(self, labels: Labels) -> bool:
        return asks_each_type(self._format, self.example([], labels))

    def _leaves_room(self, labels: Labels) -> bool:
        return self.overhead(labels).prompt <= min(self.limits.prompt, self.limits.both) / 2

    def overhead(self, labels: Labels) -> Overhead:
        """Tokens of a prompt and its answer beside those of the words.

        Raises:
            UserError: They leave no room for any.
        """
        example = self.example([], labels)
        sizes = [len(row.prompt) for row in self._collate.encode([example])]
        num_tokens = max(sizes)
        may_not_split = len(labels.types) == 1 or self._asks_each_type(labels)
        if may_not_split and not self.limits.allow(num_tokens, _SPARE):
            start, most = labels.types[sizes.index(num_tokens)][:80], min(self.limits.prompt, self.limits.both)
            raise UserError(
                f"The instruction and the type `{start}` alone are {num_tokens:,} tokens, but the model reads "
                f"{most:,} at most. Shorten the type or its description, or "
                "raise `max_tokens` if the model can read more."
            )
        return Overhead(num_tokens, self._entity_cost(example) / _WORDS_OF_ENTITY)

    def _entity_cost(self, example: Example) -> int:
        """Most tokens around the string of an entity, in formats that list strings."""
        around: set[str] = set()
        for grammar in self._format.grammars(example) or ():
            around |= {item.before + item.after + grammar.separator for item in grammar.items}
        return max(map(len, self._tokenize(sorted(around))), default=0)

    def fitting(self, words: Sequence[str], overhead: Overhead) -> Callable[[int, int], bool]:
        """A function that says whether words ``start`` to ``end`` fit into one prompt, beside its overhead."""
        costs = self._word_costs(words)
        prompt = [0, *accumulate(cost for cost, _ in costs)]
        answer = [0, *accumulate(cost + overhead.per_word for _, cost in costs)]

        def fits(start: int, end: int) -> bool:
            """Count tokens."""
            return self.limits.allow(
                overhead.prompt + prompt[end] - prompt[start], _MARGIN * (answer[end] - answer[start]) + _SPARE
            )

        return fits

    def size(self, example: Example, overhead: Overhead) -> ExampleSize:
        """About how large an example is."""
        around = overhead.prompt + int(overhead.per_word * len(example.words))
        return ExampleSize(around + sum(map(sum, self._word_costs(example.words))), self._format.num_queries(example))

    def _word_costs(self, words: Sequence[str]) -> list[tuple[int, int]]:
        """Tokens of each word in a prompt, and in an answer: with the tag O, or in a string."""
        if len(self._costs) > _MOST_REMEMBERED:
            self._costs.clear()
        new = [word for word in dict.fromkeys(words) if word not in self._costs]
        if new:
            examples = [self.example([word], _A_LABEL) for word in new]
            plain = list(map(len, self._tokenize([f" {example.words[0]}" for example in examples])))
            tagging = self._backbone.tagging
            if tagging is None:
                written = list(map(len, self._tokenize([f" {self._written(example)}" for example in examples])))
            else:
                plain, written = [size * (tagging.repeat + 1) for size in plain], [0] * len(plain)
            self._costs.update(zip(new, zip(plain, written, strict=True), strict=True))
        return [self._costs[word] for word in words]

    def _written(self, example: Example) -> str:
        """A word as it is in an answer."""
        [word] = example.words
        grammars = self._format.grammars(example)
        if grammars:
            return grammars[0].items[0].escape(word)
        return self._format.draft(example, example.tags) or word

    def _tokenize(self, texts: list[str]) -> list[list[int]]:
        ids: list[list[int]] = self._backbone.tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
        return ids
