"""Sentences to token ids and, for each word, the token at which it is tagged."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

from gner.bio import tags_of
from gner.data.encoding import Encoded
from gner.data.padding import pad_rows
from gner.errors import UserError
from gner.interfaces import IGNORED, TaggingBatch, TokenizerOwner
from gner.records import Example

_AT_ONCE = 1000
_NO_TYPE = "nothing"
"""Read where no example of a batch offers a type: processes that share the weights do the same number of passes."""
NO_TOKEN = -1
"""In place of the token of a word that a tokenizer makes nothing of, such as a zero-width space."""


class _Tokens(NamedTuple):
    """A sentence as a tagger reads it."""

    ids: list[int]
    word_starts: list[int]


class TaggingCollator:
    """Tokenizes sentences for a backbone that tags, and pads them.

    The words are joined by spaces and tokenized as one text, as by whoever has the text alone, for example Hugging
    Face's pipeline. A word is scored at its first token, in the last copy if the sentence is repeated.

    Args:
        backbone: Owner of the tokenizer.

    Example:
        >>> from gner.testing import make_examples, tiny_tagger
        >>> tagger = tiny_tagger("bert")
        >>> batch = TaggingCollator(tagger.backbone)(make_examples()[:1])
        >>> first_tokens = batch.input_ids[0, batch.word_starts[0]]
        >>> tagger.backbone.tokenizer.batch_decode([[token] for token in first_tokens])
        ['Ada', 'Lovelace', 'wrote', 'to', 'London', '.']
    """

    learns_queries = True

    def __init__(self, backbone: TokenizerOwner) -> None:
        assert backbone.tagging is not None
        self._backbone = backbone
        self._tagging = backbone.tagging

    def __call__(
        self,
        examples: Sequence[Example],
        positions: Sequence[int] | None = None,
        counted: Sequence[bool] | None = None,
        *,
        decode: bool = True,
    ) -> TaggingBatch:
        """Make a batch of E examples; the arguments are those of `gner.data.collate.Collator`."""
        tokens = self._tokenize(examples)
        input_ids, mask = pad_rows([row.ids for row in tokens], self._pad)
        word_starts, _ = pad_rows([row.word_starts for row in tokens], NO_TOKEN)
        labels, _ = pad_rows(list(map(_labels, examples, tokens)), IGNORED)
        sizes, places = [len(row.ids) for row in tokens], list(range(len(examples)))
        tensors: dict[str, Any] = {"input_ids": input_ids, "attention_mask": mask, "labels": labels, "answer_ids": None}
        tensors |= {"prompt_ids": input_ids, "prompt_mask": mask, "word_starts": word_starts, **self._types(examples)}
        are_counted = [True] * len(places) if counted is None else list(counted)
        lengths = [(size, 0) for size in sizes]
        return TaggingBatch(
            **tensors,
            examples=list(examples),
            owners=places,
            positions=places if positions is None else list(positions),
            counted=are_counted,
            lengths=lengths,
            prompt_lengths=sizes,
            decode=decode,
        )

    def for_training(
        self, examples: Sequence[Example], rngs: Sequence[random.Random], positions: Sequence[int] | None = None
    ) -> TaggingBatch:
        """Make a batch to train on; nothing is chosen by chance."""
        return self(examples, positions)

    def for_decoding(self, examples: Sequence[Example]) -> TaggingBatch:
        """Make a batch that is only decoded."""
        return self(examples)

    def encode(self, examples: Sequence[Example]) -> list[Encoded]:
        """Tokenize all examples; there are no answers."""
        return [Encoded(row.ids, [], []) for row in self._tokenize(examples)]

    def sizes(self, examples: Sequence[Example], *, for_training: bool = False) -> list[list[tuple[int, int]]]:
        """Tokens of each example, copies included, and of its answer: none."""
        sizes: list[list[tuple[int, int]]] = []
        for start in range(0, len(examples), _AT_ONCE):
            sizes += [[row.size] for row in self.encode(examples[start : start + _AT_ONCE])]
        return sizes

    def texts(self, examples: Iterable[Example]) -> Iterator[str]:
        """What is read, to train a tokenizer on."""
        for example in examples:
            yield " ".join(example.words)
            if self._tagging.reads_types:
                yield from type_texts(example)

    @property
    def _pad(self) -> int:
        return int(self._backbone.tokenizer.pad_token_id)

    def _tokenize(self, examples: Sequence[Example]) -> list[_Tokens]:
        texts = [" ".join(example.words) for example in examples]
        encoded = self._backbone.tokenizer(texts)
        num_copies = self._tagging.repeat + 1
        rows = []
        for row, example in enumerate(examples):
            ids = encoded["input_ids"][row]
            # where each word begins in the text: words are separated by a space each
            ends = accumulate((len(word) + 1 for word in example.words), initial=0)
            firsts = (_first_token(encoded, row, *span) for span in zip(ends, map(len, example.words), strict=False))
            before = len(ids) * self._tagging.repeat
            starts = [NO_TOKEN if first is None else first + before for first in firsts]
            rows.append(_Tokens(ids * num_copies, starts))
        return rows

    def _types(self, examples: Sequence[Example]) -> dict[str, Any]:
        """Texts of the offered types, by the names of `TaggingBatch`."""
        if not self._tagging.reads_types:
            return {}
        of_examples = [type_texts(example) for example in examples]
        texts = list(dict.fromkeys(chain.from_iterable(of_examples))) or [_NO_TYPE]
        distinct = {text: place for place, text in enumerate(texts)}
        ids, mask = pad_rows(self._tokenize_types(texts), self._pad)
        places, _ = pad_rows([[distinct[text] for text in texts] for texts in of_examples], NO_TOKEN)
        return {"type_ids": ids, "type_mask": mask, "type_places": places}

    def _tokenize_types(self, texts: list[str]) -> list[list[int]]:
        ids: list[list[int]] = self._backbone.tokenizer(texts)["input_ids"]
        longest, most = max(range(len(ids)), key=lambda place: len(ids[place])), self._backbone.positions.prompt
        if most is not None and len(ids[longest]) > most:
            raise UserError(
                f"The type `{texts[longest][:80]}` has {len(ids[longest])} tokens with its description, but the tagger "
                f"reads at most {most}. Shorten the description."
            )
        return ids


def type_texts(example: Example) -> list[str]:
    """What a tagger reads of each type that an example offers: its name, and its description if there is one.

    Example:
        >>> example = Example(("Ada",), ("O",), ("person", "city"), "toy", "0", descriptions=(("city", "a town"),))
        >>> type_texts(example)
        ['person', 'city: a town']
    """
    descriptions = dict(example.descriptions)
    return [f"{name}: {descriptions[name]}" if descriptions.get(name) else name for name in example.types]


def _first_token(encoded: Any, row: int, start: int, length: int) -> int | None:
    """The first token of a word, which begins at the character ``start`` of a text; None if it has none."""
    tokens = (encoded.char_to_token(row, place) for place in range(start, start + length))
    return next((token for token in tokens if token is not None), None)


def _labels(example: Example, row: _Tokens) -> list[int]:
    """The number of each word's tag; a word without a token of its own teaches nothing."""
    numbers = {tag: number for number, tag in enumerate(tags_of(example.types))}
    before = [NO_TOKEN, *row.word_starts]
    return [
        numbers[tag] if start not in (NO_TOKEN, previous) else IGNORED
        for tag, start, previous in zip(example.tags, row.word_starts, before, strict=False)
    ]
