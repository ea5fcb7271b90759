"""UniNER's questions about a sentence: what they begin with read once, against rows that are each read whole.

python benchmarks/shared_prefix.py --root ../shared/data --dataset crossner_ai

A network with random weights writes to its limit, so it is measured with several limits. Then it is trained on the
questions of some sentences until it answers most by `[]`, as there is no entity of most types.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gner.data.collate import Collator
from gner.data.reading.run_sources import read_dataset
from gner.decoding import BeamSearch, DecodingStrategy, Greedy, Speculative, shared_prefix
from gner.interfaces import Batch
from gner.models import Backbone, FromScratch
from gner.prompting import UniNerFormat
from gner.records import Example, Generation
from gner.testing import TinyModel

SIZES = {
    "hidden_size": 256,
    "intermediate_size": 688,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
}


@contextmanager
def apart() -> Iterator[None]:
    """Read each row by itself."""
    least, shared_prefix.LEAST_SAVED = shared_prefix.LEAST_SAVED, 10**12
    try:
        yield
    finally:
        shared_prefix.LEAST_SAVED = least


def run(strategy: DecodingStrategy, model: Any, batches: Sequence[Batch]) -> tuple[float, list[Generation]]:
    """Seconds of computing for all batches, which other programs do not prolong, and what is written."""
    with torch.inference_mode():
        start = time.process_time()
        written = [generation for batch in batches for generation in strategy.generate(model, batch)]
        return time.process_time() - start, written


def compare(make: Callable[[], DecodingStrategy], model: TinyModel, examples: Sequence[Example], size: int) -> None:
    """Print the median ratio of times of three rounds in turn, and how many texts are equal."""
    batches = [model.batch(examples[at : at + size]) for at in range(0, len(examples), size)]
    run(make(), model, batches[:1])
    ratios, seconds, num_same = [], [], 0
    for _ in range(3):
        ours, written = run(make(), model, batches)
        with apart():
            other, expected = run(make(), model, batches)
        ratios.append(other / ours)
        seconds.append(ours)
        num_same = sum(one.token_ids == two.token_ids for one, two in zip(written, expected, strict=True))
    name = type(make()).__name__
    per_sentence = 1000 * statistics.median(seconds) / len(examples)
    lengths = [len(generation.token_ids) for generation in written]
    print(
        f"  {name:12} batch {size}  {statistics.median(ratios):5.2f} times as fast, {per_sentence:7.1f} ms a sentence, "
        f"{statistics.fmean(lengths):4.1f} tokens an answer, {num_same} of {len(lengths)} texts equal",
        flush=True,
    )


def train(model: TinyModel, examples: Sequence[Example], num_steps: int) -> None:
    """Learn the conversations about 4 sentences a step."""
    rng = random.Random(0)
    optimizer = torch.optim.AdamW(model.network.parameters(), lr=1e-3)
    model.network.train()
    for _ in range(num_steps):
        some = rng.sample(list(examples), 4)
        batch = model.collate.for_training(some, [rng] * len(some))
        loss = model.network(batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.network.eval()
    print(f"trained for {num_steps} steps, loss {loss.item():.2f}")


def main() -> None:
    """Build a model, and measure it before and after training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--dataset", default="crossner_ai")
    parser.add_argument("--vocab-size", type=int, default=4000)
    parser.add_argument("--num-types", type=int, default=10)
    parser.add_argument("--sentences", type=int, default=8)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    corpus = [
        replace(example, types=example.types[: options.num_types])
        for example in read_dataset(options.root, options.dataset, "test")
        if len(example.words) in range(30, 61)
    ]
    examples, learned = corpus[: options.sentences], corpus[options.sentences :]
    backbone = Backbone(FromScratch("llama", options.vocab_size, SIZES))
    collate = Collator(UniNerFormat(), backbone)
    backbone.set_tokenizer(backbone.train_tokenizer(collate.texts(corpus)))
    torch.manual_seed(0)
    model = TinyModel(backbone.build().eval(), backbone.tokenizer, UniNerFormat(), collate)
    prompts = model.batch(examples)
    print(
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, {len(examples)} sentences of "
        f"{statistics.fmean(len(example.words) for example in examples):.0f} words, {options.num_types} questions of "
        f"{statistics.fmean(prompts.prompt_lengths):.0f} tokens each"
    )
    print("random weights")
    for limit in (2, 8, 32):
        compare(partial(Greedy, limit), model, examples, 1)
    compare(partial(Greedy, 8), model, examples, 4)
    compare(partial(BeamSearch, 4, max_new_tokens=8), model, examples, 1)
    train(model, learned, options.steps)
    for strategy in (Greedy, Speculative):
        for size in (1, 4):
            compare(strategy, model, examples, size)


if __name__ == "__main__":
    main()
