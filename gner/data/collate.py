"""Examples to token ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gner.interfaces import IGNORED, Batch, TokenizerOwner
from gner.prompting import Format, Query
from gner.records import Example


class Encoded(NamedTuple):
    """Token ids of one query: the prompt as the model reads it, and the answer with its end token."""

    prompt: list[int]
    answer: list[int]


class Collator:
    """Writes examples in a format, tokenizes them and pads them.

    Args:
        format: How an example becomes text; it must pose one query per example.
        backbone: Owner of the tokenizer.
    """

    def __init__(self, format: Format, backbone: TokenizerOwner) -> None:
        self._format = format
        self._backbone = backbone

    def encode(self, examples: Sequence[Example]) -> list[Encoded]:
        """Tokenize each example's query."""
        queries = [self._only_query(example) for example in examples]
        if self._backbone.is_encoder_decoder:
            return self._encode_seq2seq(queries)
        return self._encode_causal(queries)

    def __call__(self, examples: Sequence[Example], positions: list[int], counted: list[bool], decode: bool) -> Batch:
        """Make a batch of B examples; the arguments are the fields of `Batch`."""
        encoded = self.encode(examples)
        pad = self._backbone.tokenizer.pad_token_id
        prompts = [row.prompt for row in encoded]
        if self._backbone.is_encoder_decoder:
            input_ids, attention_mask = _pad(prompts, pad)
            prompt_ids, prompt_mask = input_ids, attention_mask
            labels, _ = _pad([row.answer for row in encoded], IGNORED)
        else:
            input_ids, attention_mask = _pad([row.prompt + row.answer for row in encoded], pad)
            prompt_ids, prompt_mask = _pad(prompts, pad, left=True)
            labels, _ = _pad([[IGNORED] * len(row.prompt) + row.answer for row in encoded], IGNORED)
        return Batch(
            input_ids=input_ids,
            attention_mask=attention_mask,
            labels=labels,
            prompt_ids=prompt_ids,
            prompt_mask=prompt_mask,
            examples=list(examples),
            positions=positions,
            counted=counted,
            lengths=[(len(row.prompt), len(row.answer)) for row in encoded],
            decode=decode,
        )

    def texts(self, examples: Iterable[Example]) -> Iterator[str]:
        """Prompts and answers, to train a tokenizer on."""
        for example in examples:
            query = self._only_query(example)
            yield query.prompt if self._backbone.is_encoder_decoder else self._format.causal_prompt(query.prompt)
            yield query.target

    def sizes(self, examples: Sequence[Example]) -> list[tuple[int, int]]:
        """Tokens of each example's prompt and answer."""
        return [
            (len(row.prompt), len(row.answer))
            for start in range(0, len(examples), 1000)  # in parts, as the token ids of a large corpus fill the memory
            for row in self.encode(examples[start : start + 1000])
        ]

    def _only_query(self, example: Example) -> Query:
        [query] = self._format.queries(example)
        return query

    def _encode_seq2seq(self, queries: list[Query]) -> list[Encoded]:
        tokenizer = self._backbone.tokenizer
        prompts = tokenizer([query.prompt for query in queries])["input_ids"]
        answers = tokenizer(text_target=[query.target for query in queries])["input_ids"]
        return [Encoded(prompt, self._ended(answer)) for prompt, answer in zip(prompts, answers, strict=True)]

    def _encode_causal(self, queries: list[Query]) -> list[Encoded]:
        """Tokenize prompt and answer together, so that the seam is tokenized as the released checkpoints saw it.

        Where a tokenizer joins the two across the seam, the answer is tokenized apart: generation starts from the
        prompt's own tokens, so training must too.
        """
        tokenizer = self._backbone.tokenizer
        texts = [self._format.causal_prompt(query.prompt) for query in queries]
        prompts = [self._without_end(ids) for ids in tokenizer(texts)["input_ids"]]
        wholes = tokenizer([f"{text} {query.target}" for text, query in zip(texts, queries, strict=True)])["input_ids"]
        rows = []
        for prompt, whole, query in zip(prompts, wholes, queries, strict=True):
            answer = whole[len(prompt) :]
            if whole[: len(prompt)] != prompt:
                answer = tokenizer(f" {query.target}", add_special_tokens=False)["input_ids"]
            rows.append(Encoded(prompt, self._ended(answer)))
        return rows

    def _without_end(self, ids: list[int]) -> list[int]:
        return ids[:-1] if ids and ids[-1] == self._backbone.tokenizer.eos_token_id else ids

    def _ended(self, ids: list[int]) -> list[int]:
        """With the end token as the last one; mBART's tokenizer puts the code of the language behind it."""
        end = self._backbone.tokenizer.eos_token_id
        while ids and ids[-1] != end and end in ids:
            ids = ids[:-1]
        return ids if ids and ids[-1] == end else [*ids, end]


def _pad(rows: Sequence[Sequence[int]], value: int, *, left: bool = False) -> tuple[Tensor, Tensor]:
    """Pad rows of token ids to one length; returns ids and mask, both of shape (B, S)."""
    length = max(len(row) for row in rows)
    ids = torch.full((len(rows), length), value, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for position, row in enumerate(rows):
        where = slice(length - len(row), length) if left else slice(len(row))
        ids[position, where] = torch.tensor(row, dtype=torch.long)
        mask[position, where] = 1
    return ids, mask
