"""Prompts, answers and segments to token ids."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import Literal, NamedTuple

from gner.interfaces import IGNORED, Kind, TokenizerOwner
from gner.prompting import END, Format, Query, Segment
from gner.prompting.turns import Turns


class Encoded(NamedTuple):
    """Token ids of one sequence.

    Attributes:
        prompt: What comes before the first learned token; for a seq2seq backbone what its encoder reads.
        answer: The rest, with the end token.
        labels: ``answer`` with -100 where nothing is learned.
    """

    prompt: list[int]
    answer: list[int]
    labels: list[int]

    @property
    def size(self) -> tuple[int, int]:
        """Tokens of prompt and answer."""
        return len(self.prompt), len(self.answer)


class Encoder:
    """Tokenizes what a format writes.

    Args:
        format: Has the template of causal prompts.
        backbone: Owner of the tokenizer.
    """

    def __init__(self, format: Format, backbone: TokenizerOwner) -> None:
        self._format = format
        self._backbone = backbone
        self._known_special_tokens: dict[str, tuple[list[int], list[int]]] = {}

    def encode(self, queries: Sequence[Query]) -> list[Encoded]:
        """Tokenize prompts with their answers.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> from gner.models import Backbone, FromScratch
            >>> backbone = Backbone(FromScratch("llama", vocab_size=300))
            >>> backbone.set_tokenizer(backbone.train_tokenizer(["Who ? Ada [INST] [/INST]"]))
            >>> [row] = Encoder(GnerFormat(), backbone).encode([Query("Who ?", "Ada")])
            >>> backbone.tokenizer.decode(row.prompt), backbone.tokenizer.decode(row.answer), row.size
            ('<s> [INST] Who ? [/INST]', 'Ada</s>', (10, 2))
        """
        if not queries:
            return []
        is_seq2seq = self._backbone.kind is Kind.SEQ2SEQ
        pairs = self._encode_seq2seq(queries) if is_seq2seq else self._encode_causal(queries)
        return [Encoded(prompt, answer, answer) for prompt, answer in pairs]

    def _encode_seq2seq(self, queries: Sequence[Query]) -> list[tuple[list[int], list[int]]]:
        tokenizer = self._backbone.tokenizer
        prompts = tokenizer([query.prompt for query in queries])["input_ids"]
        answers = tokenizer(text_target=[query.target for query in queries])["input_ids"]
        return [(prompt, self._ended(answer)) for prompt, answer in zip(prompts, answers, strict=True)]

    def _encode_causal(self, queries: Sequence[Query]) -> list[tuple[list[int], list[int]]]:
        """Tokenize prompt and answer together, so that the seam is tokenized as the released checkpoints saw it."""
        tokenizer, turns = self._backbone.tokenizer, self.turns
        texts = [turns.prompt(query.prompt) for query in queries]
        prompts = turns.tokenize(tokenizer, texts)
        if not turns.is_chat:
            prompts = [self._without_end(ids) for ids in prompts]
        answers = [turns.answer(query.target) for query in queries]
        wholes = turns.tokenize(tokenizer, [text + answer for text, answer in zip(texts, answers, strict=True)])
        rows = turns.cut_off(tokenizer, prompts, wholes, answers)
        return [(prompt, self._ended(answer)) for prompt, answer in zip(prompts, rows, strict=True)]

    @cached_property
    def turns(self) -> Turns:
        """What is around the prompts of a causal backbone."""
        return self._format.turns(self._backbone.tokenizer)

    def encode_segments(self, segments: Sequence[Segment]) -> Encoded:
        """Tokenize each segment by itself, between the special tokens that the tokenizer puts around a text.

        Example:
            >>> from gner.prompting import GnerFormat
            >>> from gner.models import Backbone, FromScratch
            >>> backbone = Backbone(FromScratch("llama", vocab_size=300))
            >>> backbone.set_tokenizer(backbone.train_tokenizer(["Who ? Ada . Where ? Here ."]))
            >>> answers = [Segment(f"Ada{END}", True), Segment("Where ?", False), Segment("Here", True)]
            >>> encoded = Encoder(GnerFormat(), backbone).encode_segments([Segment("Who ?", False), *answers])
            >>> backbone.tokenizer.decode(encoded.prompt), backbone.tokenizer.decode(encoded.answer)
            ('<s> Who ?', 'Ada</s> Where ? Here</s>')
            >>> backbone.tokenizer.decode([label for label in encoded.labels if label != IGNORED])
            'Ada</s> Here</s>'
        """
        tokenizer = self._backbone.tokenizer
        end = tokenizer.eos_token_id
        texts = [written_text(segment) for segment in segments]
        pieces = tokenizer(texts, add_special_tokens=False)["input_ids"]
        ended = zip(pieces, texts, segments, strict=True)
        pieces = [piece if text == segment.text else [*piece, end] for piece, text, segment in ended]
        first = next((place for place, segment in enumerate(segments) if segment.learned), len(segments))
        before, after = self._special_tokens("text")
        prompt = [*before, *chain.from_iterable(pieces[:first])]
        answer: list[int] = []
        if self._backbone.kind is Kind.SEQ2SEQ:
            prompt += after
            answer += self._special_tokens("text_target")[0]
        labels = list(answer)
        for segment, piece in zip(segments[first:], pieces[first:], strict=True):
            answer += piece
            labels += piece if segment.learned else [IGNORED] * len(piece)
        if answer[-1:] != [end]:
            answer, labels = [*answer, end], [*labels, end]
        return Encoded(prompt, answer, labels)

    def _special_tokens(self, argument: Literal["text", "text_target"]) -> tuple[list[int], list[int]]:
        """What the tokenizer puts before and after a text that is given as this argument."""
        if argument not in self._known_special_tokens:
            self._known_special_tokens[argument] = self._find_special_tokens(argument)
        return self._known_special_tokens[argument]

    def _find_special_tokens(self, argument: Literal["text", "text_target"]) -> tuple[list[int], list[int]]:
        tokenizer = self._backbone.tokenizer
        plain = tokenizer(**{argument: "a"}, add_special_tokens=False)["input_ids"]
        whole = tokenizer(**{argument: "a"})["input_ids"]
        start = next(at for at in range(len(whole)) if whole[at : at + len(plain)] == plain)
        return whole[:start], whole[start + len(plain) :]

    def _without_end(self, ids: list[int]) -> list[int]:
        return ids[:-1] if ids and ids[-1] == self._backbone.tokenizer.eos_token_id else ids

    def _ended(self, ids: list[int]) -> list[int]:
        """With the end token as the last one; mBART's tokenizer puts the code of the language after it."""
        end = self._backbone.tokenizer.eos_token_id
        while ids and ids[-1] != end and end in ids:
            ids = ids[:-1]
        return ids if ids and ids[-1] == end else [*ids, end]


def written_text(segment: Segment) -> str:
    """What is tokenized of a segment, without the mark of the end token.

    Example:
        >>> written_text(Segment(f"Ada{END}", True)), written_text(Segment("Who?", False))
        ('Ada', 'Who?')
    """
    return segment.text.removesuffix(END)
