"""Examples to token ids: what training reads, and the prompts to decode."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from gner.data.encoding import Encoded, Encoder, written_text
from gner.data.packing import PackedRow, pack_rows
from gner.data.padding import pad_rows
from gner.interfaces import IGNORED, Batch, Kind, TokenizerOwner
from gner.packed_rows import PackedRows
from gner.prompting import Format, Query, Segment
from gner.records import Example

_AT_ONCE = 1000  # examples that are tokenized together: token ids of a large corpus fill the memory


@dataclass
class _Rows:
    """Sequences of some examples, and whose each is."""

    encoded: list[Encoded]
    owners: list[int]


class Collator:
    """Writes examples in a format, tokenizes them and pads them.

    Args:
        format: How an example becomes text.
        backbone: Owner of the tokenizer.
        share_prompts: Pack what the loss reads, so that what all prompts of a batch begin with is read once.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> tiny = tiny_model("causal")
        >>> batch = tiny.collate(make_examples()[:2])
        >>> tiny.tokenizer.decode(batch.input_ids[1][batch.labels[1] != IGNORED])  # what the loss is of
        'nothing(O)</s>'
        >>> batch.prompt_mask[1, 0].item(), batch.attention_mask[1, 0].item()  # prompts are padded on the left
        (0, 1)
    """

    def __init__(self, format: Format, backbone: TokenizerOwner, *, share_prompts: bool = False) -> None:
        self._share_prompts = share_prompts
        self._format = format
        self._backbone = backbone
        self._encoder = Encoder(format, backbone)

    def __call__(
        self,
        examples: Sequence[Example],
        positions: Sequence[int] | None = None,
        counted: Sequence[bool] | None = None,
        *,
        decode: bool = True,
    ) -> Batch:
        """Make a batch to evaluate E examples: rows to decode, and the sequences that the loss reads.

        Args:
            examples: E examples.
            positions: See `Batch`; by default their places in ``examples``.
            counted: See `Batch`; by default all are.
            decode: See `Batch`.
        """
        rows = self._encode_queries(examples)
        learned = rows if self.learns_queries else self._encode_training(examples, _fixed_rngs(examples))
        return self._batch(examples, rows, learned, positions=positions, counted=counted, decode=decode)

    def for_training(
        self, examples: Sequence[Example], rngs: Sequence[random.Random], positions: Sequence[int] | None = None
    ) -> Batch:
        """Make a batch to train on; its rows are the prompts of its sequences.

        Args:
            examples: E examples.
            rngs: For what the format chooses anew for each of them.
            positions: See `Batch`.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> rngs = [random.Random(0), random.Random(1)]
            >>> batch = tiny_model("causal").collate.for_training(make_examples()[:2], rngs)
            >>> batch.num_rows, batch.positions, batch.input_ids.shape == batch.labels.shape
            (2, [0, 1], True)
        """
        learned = self._encode_training(examples, rngs)
        return self._batch(examples, learned, learned, positions=positions)

    def for_decoding(self, examples: Sequence[Example]) -> Batch:
        """Make a batch that is only decoded; its sequences are those of its rows."""
        rows = self._encode_queries(examples)
        return self._batch(examples, rows, rows)

    def encode(self, examples: Sequence[Example]) -> list[Encoded]:
        """Tokenize the queries of all examples, one after the other.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> tiny = tiny_model("seq2seq")
            >>> [row] = tiny.collate.encode(make_examples()[1:2])
            >>> tiny.tokenizer.decode(row.prompt), tiny.tokenizer.decode(row.answer)
            ('Use the specific entity tags: person, place and O.\\nSentence: nothing</s>', 'nothing(O)</s>')
        """
        return self._encode_queries(examples).encoded

    def _encode_queries(self, examples: Sequence[Example]) -> _Rows:
        return self._encode([self._format.query_segments(example) for example in examples])

    @property
    def learns_queries(self) -> bool:
        """Whether training reads the queries and nothing else, so that they need not be tokenized twice."""
        kind = type(self._format)
        return kind.training is Format.training and kind.seq2seq_training is Format.seq2seq_training

    def _sequences(self, example: Example, rng: random.Random) -> list[list[Segment]]:
        """What training reads of an example."""
        is_seq2seq = self._backbone.kind is Kind.SEQ2SEQ
        write = self._format.seq2seq_training if is_seq2seq else self._format.training
        return write(example, rng)

    def _encode_training(self, examples: Sequence[Example], rngs: Sequence[random.Random]) -> _Rows:
        """Tokenize what training reads."""
        return self._encode([self._sequences(example, rng) for example, rng in zip(examples, rngs, strict=True)])

    def _encode(self, of_examples: Sequence[Sequence[Sequence[Segment]]]) -> _Rows:
        """Tokenize the sequences of each example."""
        sequences = list(chain.from_iterable(of_examples))
        queries = [_as_query(sequence) for sequence in sequences]
        encoded_queries = iter(self._encoder.encode([query for query in queries if query is not None]))
        encoded = [
            self._encoder.encode_segments(segments) if query is None else next(encoded_queries)
            for query, segments in zip(queries, sequences, strict=True)
        ]
        return _Rows(encoded, _owners(of_examples))

    def _batch(
        self,
        examples: Sequence[Example],
        rows: _Rows,
        learned: _Rows,
        *,
        positions: Sequence[int] | None = None,
        counted: Sequence[bool] | None = None,
        decode: bool = True,
    ) -> Batch:
        prompts = [row.prompt for row in rows.encoded]
        pad = self._backbone.tokenizer.pad_token_id
        tensors = self._pad_sequences(learned.encoded)
        if self._backbone.kind is Kind.CAUSAL:
            tensors["prompt_ids"], tensors["prompt_mask"] = pad_rows(prompts, pad, left=True)
        elif rows is learned:
            tensors["prompt_ids"], tensors["prompt_mask"] = tensors["input_ids"], tensors["attention_mask"]
        else:
            tensors["prompt_ids"], tensors["prompt_mask"] = pad_rows(prompts, pad)
        lengths = [row.size for row in learned.encoded]
        places = range(len(examples)) if positions is None else positions
        are_counted = [True] * len(examples) if counted is None else list(counted)
        return Batch(
            **tensors,
            examples=list(examples),
            owners=rows.owners,
            positions=list(places),
            counted=are_counted,
            lengths=lengths,
            prompt_lengths=list(map(len, prompts)),
            decode=decode,
        )

    def _pad_sequences(self, encoded: Sequence[Encoded]) -> dict[str, Any]:
        """What the loss reads of N sequences, by the names of `Batch`."""
        pad = self._backbone.tokenizer.pad_token_id
        if self._backbone.kind is Kind.CAUSAL:
            wholes = [row.prompt + row.answer for row in encoded]
            labels = [[IGNORED] * len(row.prompt) + row.labels for row in encoded]
            answer_ids = None
        else:
            wholes = [row.prompt for row in encoded]
            labels = [row.labels for row in encoded]
            answer_ids, _ = pad_rows([row.answer for row in encoded], pad)
        input_ids, attention_mask = pad_rows(wholes, pad)
        padded_labels, _ = pad_rows(labels, IGNORED)
        tensors = {"input_ids": input_ids, "attention_mask": attention_mask}
        packed = self._pack([PackedRow(*row) for row in zip(wholes, labels, strict=True)])
        return {**tensors, "labels": padded_labels, "answer_ids": answer_ids, "packed": packed}

    def _pack(self, rows: Sequence[PackedRow]) -> PackedRows | None:
        hidden_size = self._backbone.packed_size if self._share_prompts else None
        if hidden_size is None:
            return None
        return pack_rows(rows, pad=self._backbone.tokenizer.pad_token_id, hidden_size=hidden_size)

    def texts(self, examples: Iterable[Example]) -> Iterator[str]:
        """What training reads, in parts, to train a tokenizer on.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> list(tiny_model("causal").collate.texts(make_examples()[1:2]))
            ['[INST] Use the specific entity tags: person, place and O.\\nSentence: nothing [/INST]', 'nothing(O)']
        """
        turns = self._format.turns(None if self._backbone.needs_tokenizer else self._backbone.tokenizer)
        for example in examples:
            for sequence in self._sequences(example, *_fixed_rngs([example])):
                query = _as_query(sequence)
                if query is None:
                    yield from map(written_text, sequence)
                    continue
                is_causal = self._backbone.kind is Kind.CAUSAL
                yield turns.prompt(query.prompt) if is_causal else query.prompt
                yield query.target

    def sizes(self, examples: Sequence[Example], *, for_training: bool = False) -> list[list[tuple[int, int]]]:
        """Tokens of prompt and answer of each example's queries, or of the sequences that training reads.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> collate = tiny_model("causal").collate
            >>> [len(rows) for rows in collate.sizes(make_examples())]  # one query a sentence
            [1, 1, 1, 1, 1]
            >>> collate.sizes(make_examples()[:1]) == [[collate(make_examples()[:1]).lengths[0]]]
            True
        """
        sizes: list[list[tuple[int, int]]] = []
        for start in range(0, len(examples), _AT_ONCE):
            some = examples[start : start + _AT_ONCE]
            is_other = for_training and not self.learns_queries
            rows = self._encode_training(some, _fixed_rngs(some)) if is_other else self._encode_queries(some)
            of_some: list[list[tuple[int, int]]] = [[] for _ in some]
            for row, owner in zip(rows.encoded, rows.owners, strict=True):
                of_some[owner].append(row.size)
            sizes += of_some
        return sizes


def _owners(of_examples: Sequence[Sequence[object]]) -> list[int]:
    """For each of the things that several examples have, one after the other, which example it is of."""
    return list(chain.from_iterable([position] * len(things) for position, things in enumerate(of_examples)))


def _as_query(sequence: Sequence[Segment]) -> Query | None:
    """A sequence of one prompt and one answer as a query; None for others, which are tokenized piecewise."""
    if [segment.learned for segment in sequence] != [False, True]:
        return None
    return Query(sequence[0].text, sequence[1].text)


def _fixed_rngs(examples: Sequence[Example]) -> list[random.Random]:
    """For what is the same in each epoch: sizes, tokenizers, and the loss at validation."""
    return [random.Random(0) for _ in examples]
