"""Drafts answers inside vLLM, which imports the class here by its name; see docs/decisions/vllm.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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


@dataclass
class _Row:
    """An answer that is being written, and what was last drafted for it."""

    example: Example
    drafter: Drafter
    draft: list[int] = field(default_factory=list)

    def take(self, sampled: Sequence[int]) -> None:
        """Take new tokens: those of the draft that the network agreed with, and the one that it chose after them."""
        num_agreed = len(sampled) - 1
        if list(sampled[:num_agreed]) != self.draft[:num_agreed]:
            for token in sampled:
                self.drafter.accept([], [token])
            return
        deviates = num_agreed < len(self.draft) and self.draft[num_agreed] != sampled[num_agreed]
        self.drafter.accept(self.draft[: num_agreed + deviates], sampled)


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
        >>> [draft] = drafts.step([(prompt + first, first)], limit=128)
        >>> model.tokenizer.decode(first + draft)
        'Ada(O) Lovelace(O) wrote(O) to(O) London(O) .(O)'
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, format: Format, reader: PromptReader) -> None:
        self._tokenizer = tokenizer
        self._format = format
        self._reader = reader
        self._pieces = PieceTokenizer(tokenizer, format, Kind.CAUSAL, num_probes=1)
        self._memory = TagMemory()
        self._rows: dict[tuple[int, ...], _Row] = {}

    def step(self, rows: Sequence[tuple[Sequence[int], Sequence[int]]], limit: int) -> list[list[int]]:
        """Draft what follows in each row.

        Rows may change places between steps. One that is not there any more is done, and its tags are learned.

        Args:
            rows: All tokens of each, and those of them that are new; none of a row whose prompt is still being read.
            limit: Most tokens of a draft.

        Returns:
            A draft for each row; none where there is nothing new, or the prompt is not of the format.
        """
        before, self._rows = self._rows, {}
        going_on: set[tuple[int, ...]] = set()
        drafts: list[list[int]] = []
        for tokens, new in rows:
            known = tuple(tokens[: len(tokens) - len(new)])
            going_on.add(known)
            row = self._begin(known) if new and known not in before else before.get(known)
            drafts.append(self._advance(row, tuple(tokens), new, limit) if row is not None else [])
        for known, row in before.items():
            if known not in going_on:
                self._memory.learn(row.example, row.drafter.tags, self._format.boundaries)
        return drafts

    def _begin(self, prompt: tuple[int, ...]) -> _Row | None:
        if not self._reader.can_read:
            return None
        example = self._reader.read(str(self._tokenizer.decode(list(prompt))))
        try:
            if example is None or not has_drafts(self._format, example):
                return None
        except (UserError, ValueError):  # what looks like types can not be written as tags
            return None
        self._pieces.prepare([example])
        guesses = Guesses(self._memory, example, self._format.boundaries)
        return _Row(example, Drafter(self._pieces, example, guesses))

    def _advance(self, row: _Row, tokens: tuple[int, ...], new: Sequence[int], limit: int) -> list[int]:
        if not new:
            self._rows[tokens] = row
            return []
        mine = _Row(row.example, row.drafter.copy(), row.draft)  # another row may have the same prompt
        mine.take(new)
        mine.draft = mine.drafter.draft(limit)
        self._rows[tokens] = mine
        return list(mine.draft)


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
        token_ids_cpu: Any,
        slot_mappings: Mapping[str, Any] | None = None,
    ) -> list[list[int]]:
        """Draft the next tokens of each request.

        Args:
            sampled_token_ids: New tokens of each; none while its prompt is being read.
            num_tokens_no_spec: How many tokens each has, those included.
            token_ids_cpu: All tokens, a row for each.
            slot_mappings: vLLM's own; not needed.
        """
        rows: list[tuple[list[int], Sequence[int]]] = []
        for row, new in enumerate(sampled_token_ids):
            rows.append((token_ids_cpu[row, : num_tokens_no_spec[row]].tolist(), new))
        drafts = self._drafts.step(rows, self._limit)
        return [
            draft[: max(0, self._most_tokens - len(tokens) - 1)]
            for draft, (tokens, _) in zip(drafts, rows, strict=True)
        ]

    def load_model(self, *args: object) -> None:
        """There is no network to load; vLLM calls this all the same."""
