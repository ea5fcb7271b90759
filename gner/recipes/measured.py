"""What a recipe depends on: the splits, sizes and types of a source, and the tokens that a model makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from math import ceil

from gner.data import GnerDataModule
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.models import GnerModule

_EVERYTHING = 10**9
_SHARE = 0.1
_FEW = 100


@dataclass(frozen=True)
class Measured:
    """A source as a model sees it.

    Attributes:
        split: How the source is divided, as its `split` has it; None if it has a validation split of its own.
        has_test: Whether there is a test split.
        num_train: Training sentences.
        num_val: Validation sentences.
        types: Entity types.
        sizes: Tokens of prompt and answer of each row of each training sentence, and of each validation sentence.
    """

    split: dict[str, float] | None
    has_test: bool
    num_train: int
    num_val: int
    types: tuple[str, ...]
    sizes: tuple[list[list[tuple[int, int]]], list[list[tuple[int, int]]]]

    @property
    def all_sizes(self) -> list[tuple[int, int]]:
        """Tokens of prompt and answer of every row."""
        return list(chain.from_iterable(chain.from_iterable(self.sizes)))

    def longest(self, share: float) -> tuple[int, int]:
        """Tokens of prompt and answer, and of both together, than which this share of the rows has no more.

        Example:
            >>> sizes = ([[(10, 4)], [(12, 6)], [(90, 40)]], [[(11, 5)]])
            >>> measured = Measured(None, False, 3, 1, ("person",), sizes)
            >>> measured.longest(1.0), measured.longest(0.75)
            ((90, 40), (12, 6))
        """
        prompts, answers = zip(*self.all_sizes, strict=True)
        place = ceil(share * len(prompts)) - 1
        return sorted(prompts)[place], sorted(answers)[place]


def divide(source: Source) -> Source:
    """A source with a `split` that makes a validation split, unless there is one; without a test split, it makes one.

    Raises:
        UserError: The source cannot be read.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("train.txt", "dev.txt"):
        ...         _ = Path(folder, name).write_text("Ada B-person\\n")
        ...     whole, alone = Source(folder), Source(f"{folder}/train.txt")
        ...     divide(whole).split, divide(alone).split
        (None, {'dev': 0.2})
    """
    reader = SourceReader(source)
    if "dev" in reader.parts and "train" in reader.parts and len(reader.chosen_parts()) > 1:
        return source
    num_sentences = sum(len(reader.read(part)) for part in reader.chosen_parts())
    shares: dict[str, float] = {"dev": _SHARE, "test": _SHARE} if num_sentences >= _FEW else {"dev": 2 * _SHARE}
    if "train" in reader.parts and len(reader.chosen_parts()) > 1:
        shares = {"dev": _SHARE}  # it has a test split
    return replace(source, split=shares)


def measure(source: Source, module: GnerModule) -> Measured:
    """Read a source as a run of a model would, and count its tokens; no weights are loaded.

    Args:
        source: As `divide` makes it.
        module: Its backbone and format count.

    Raises:
        UserError: The source cannot be read, or a sentence is longer than the backbone can be.
    """
    data = GnerDataModule(
        module.backbone,
        module.format,
        root=".",
        train=[source],
        val=[source],
        max_input_tokens=_EVERYTHING,
        max_answer_tokens=_EVERYTHING,
    )
    data.setup("fit")
    train, val = data.examples["train"], data.examples["dev"]
    parts = SourceReader(source).parts
    split = source.split if isinstance(source.split, dict) else None
    types = tuple(dict.fromkeys(chain.from_iterable(data.entity_types().values())))
    return Measured(split, "test" in parts, len(train), len(val), types, (data.sizes["train"], data.sizes["dev"]))
