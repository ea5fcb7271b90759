"""How much of the training batches is padding: length-grouped batches against plain shuffled ones.

python benchmarks/padding.py --root ../shared/data --dataset mit-restaurant
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from gner.data.collate import Collator
from gner.data.reading.run_sources import read_dataset
from gner.data.sampler import TrainSampler
from gner.interfaces import Kind
from gner.models import Backbone, FromScratch
from gner.prompting import GnerFormat

Size = tuple[int, int]
"""Tokens of a prompt and of its answer."""


def padding_share(batches: Iterable[Sequence[Size]], kind: Kind) -> float:
    """Share of all positions that hold no token."""
    tokens = positions = 0
    for batch in batches:
        columns = list(zip(*batch, strict=True)) if kind is Kind.SEQ2SEQ else [[sum(size) for size in batch]]
        for lengths in columns:
            tokens += sum(lengths)
            positions += max(lengths) * len(batch)
    return 1 - tokens / positions


def main() -> None:
    """Print a table: backbone kind, plain share, grouped share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--dataset", default="mit-restaurant")
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    examples = read_dataset(options.root, options.dataset, "train")
    print(f"{options.dataset}: {len(examples):,} sentences, batches of {options.batch_size}")
    for name, gner_format in (("official prompt", GnerFormat()), ("no instruction", GnerFormat(None))):
        for model_type in ("t5", "llama"):
            backbone = Backbone(FromScratch(model_type, 4000))
            collate = Collator(gner_format, backbone)
            backbone.set_tokenizer(backbone.train_tokenizer(collate.texts(examples)))
            sizes = [size for [size] in collate.sizes(examples)]
            order = random.Random(0).sample(sizes, len(sizes))
            plain = [order[at : at + options.batch_size] for at in range(0, len(order), options.batch_size)]
            sampler = TrainSampler([sum(size) for size in sizes], options.batch_size, seed=0)
            grouped = [[sizes[slot.position] for slot in batch] for batch in sampler]
            shares = [padding_share(batches, backbone.kind) for batches in (plain, grouped)]
            print(f"{model_type:5}  {name:15}  plain {shares[0]:6.1%}  grouped {shares[1]:6.1%}")


if __name__ == "__main__":
    main()
