"""Drafts answers inside vLLM, which imports the class here by its name; see docs/decisions/vllm.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from gner.data.batch_maker import make_batch_maker
from gner.decoding.drafter import Drafter
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.word_tokens import PieceTokenizer, has_drafts
from gner.errors import UserError
from gner.inference.loading import Loaded, load_empty
from gner.inference.prompt_reader import PromptReader
from gner.interfaces import Kind
from gner.prompting import Format
from gner.records import Example

Tokens = NDArray[numpy.integer[Any]]


@dataclass
class _Row:
    """An answer that is being written, and what was last drafted for it."""

    example: Example
    drafter: Drafter
    draft: list[int] = field(default_factory=list)

    def copy(self) -> _Row:
        """Another row that is so far equal."""
        return _Row(self.example, self.drafter.copy(), self.draft)

    def advance(self, new: Sequence[int], limit: int) -> list[int]:
        """Take new tokens, if any, and draft what follows."""
        if not new:
            return []
        self._take(new)
        self.draft = self.drafter.draft(limit)
        return self.draft

    def _take(self, new: Sequence[int]) -> None:
        """Take tokens: those of the draft that the network agreed with, and the one that it chose after them."""
        num_agreed = len(new) - 1
        if list(new[:num_agreed]) != self.draft[:num_agreed]:
            for token in new:
                self.drafter.accept([], [token])
            return
        deviates = num_agreed < len(self.draft) and self.draft[num_agreed] != new[num_agreed]
        self.drafter.accept(self.draft[: num_agreed + deviates], new)


class RowDrafts:
    """Drafts the answers of rows that are known by their tokens only: prompt and answer so far.

    Args:
        tokenizer: The model's.
        format: How it is asked.
        reader: Reads its prompts.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[0]
        >>> prompt = model.batch([example]).prompt_ids[0].tolist()
        >>> write = lambda example: model.tokenizer.decode(model.batch([example]).prompt_ids[0].tolist())
        >>> drafts = RowDrafts(model.tokenizer, model.format, PromptReader(write, "toy"))
        >>> first = model.tokenizer("Ada(O)", add_special_tokens=False)["input_ids"][:1]
        >>> [draft] = drafts.step([(numpy.array(prompt + first), first)], limit=128)
        >>> model.tokenizer.decode(first + draft)
        'Ada(O) Lovelace(O) wrote(O) to(O) London(O) .(O)'
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, format: Format, reader: PromptReader) -> None:
        self._tokenizer = tokenizer
        self._format = format
        self._reader = reader
        self._pieces = PieceTokenizer(tokenizer, format, Kind.CAUSAL, num_probes=1)
        self._memory = TagMemory()
        self._rows: dict[bytes, _Row] = {}  # by their tokens

    def step(self, rows: Sequence[tuple[Tokens, Sequence[int]]], limit: int) -> list[list[int]]:
        """Draft what follows in each row.

        Rows may change places between steps. One that is not there any more is done, and its tags are learned.

        Args:
            rows: All tokens of each, and those of them that are new; none of a row whose prompt is still being read.
            limit: Most tokens of a draft.

        Returns:
            A draft for each row; none where there is nothing new, or the prompt is not of the format.
        """
        before, self._rows = self._rows, {}
        known = [tokens[: len(tokens) - len(new)].tobytes() for tokens, new in rows]
        num_known = Counter(known)
        drafts: list[list[int]] = []
        for (tokens, new), key in zip(rows, known, strict=True):
            row = before.get(key)
            if row is None and new:
                row = self._begin(tokens[: len(tokens) - len(new)].tolist())
            elif row is not None and num_known[key] > 1:  # of an equal prompt, and so far with an equal answer
                row = row.copy()
            drafts.append([] if row is None else row.advance(new, limit))
            if row is not None:
                self._rows[tokens.tobytes()] = row
        self._learn(row for key, row in before.items() if key not in num_known)
        return drafts

    def _learn(self, done: Iterable[_Row]) -> None:
        for row in done:
            self._memory.learn(row.example, row.drafter.tags, self._format.boundaries)

    def _begin(self, prompt: list[int]) -> _Row | None:
        if not self._reader.can_read:
            return None
        example = self._reader.read(str(self._tokenizer.decode(prompt)))
        try:
            if example is None or not has_drafts(self._format, example):
                return None
        except (UserError, ValueError):  # what looks like types can not be written as tags
            return None
        self._pieces.prepare([example])
        guesses = Guesses(self._memory, example, self._format.boundaries)
        return _Row(example, Drafter(self._pieces, example, guesses))


def make_drafts(loaded: Loaded) -> RowDrafts:
    """What drafts the answers of a model, given all of it but its weights."""
    format, tokenizer = loaded.settings.format, loaded.backbone.tokenizer
    maker = make_batch_maker(format, loaded.backbone)

    def write(example: Example) -> str:
        """A prompt as its tokens are decoded, with what is around it."""
        return str(tokenizer.decode(maker.encode([example])[0].prompt))

    dataset = next(iter(loaded.settings.types), "text")  # as the labeller has it
    return RowDrafts(tokenizer, format, PromptReader(write, dataset))


class DraftProposer:
    """vLLM's custom proposer: ``speculative_config={"method": "custom_class", "model": <path of this class>, …}``.

    Args:
        vllm_config: vLLM's, whose model is a folder that ``gner.export`` wrote.
    """

    def __init__(self, vllm_config: Any) -> None:
        self._drafts = make_drafts(load_empty(vllm_config.model_config.model))
        self._limit = int(vllm_config.speculative_config.num_speculative_tokens)
        self._most_tokens = int(vllm_config.model_config.max_model_len)

    def propose(
        self,
        sampled_token_ids: Sequence[Sequence[int]],
        num_tokens_no_spec: Sequence[int],
        token_ids_cpu: Tokens,
        slot_mappings: Mapping[str, Any] | None = None,
    ) -> list[list[int]]:
        """Draft the next tokens of each request.

        Args:
            sampled_token_ids: New tokens of each; none while its prompt is being read.
            num_tokens_no_spec: How many tokens each has, those included.
            token_ids_cpu: All tokens, a row for each.
            slot_mappings: vLLM's own; not needed.
        """
        rows = [(token_ids_cpu[row, : num_tokens_no_spec[row]], new) for row, new in enumerate(sampled_token_ids)]
        drafts = self._drafts.step(rows, self._limit)
        return [
            draft[: max(0, self._most_tokens - len(tokens) - 1)]
            for draft, (tokens, _) in zip(drafts, rows, strict=True)
        ]

    def load_model(self, *args: object) -> None:
        """There is no network to load; vLLM calls this all the same."""
