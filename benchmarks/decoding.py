"""Decoding strategies against Hugging Face's ``generate``, side by side in one run, on trained checkpoints.

python benchmarks/decoding.py [RUN ...] [--sentences 1000] [--batch-sizes 1 16 64]

`generate` gets one batch after another; our strategies get a session of all of them, as a validation does: what prompts
begin with is read once, the last rows of all batches are pooled, and drafts start with what the fit had learned.

A RUN is the folder of a finished run. Without one, both quickstarts are trained first, and both again for one minute,
which makes models that copy badly; what is in the folder of runs is used as it is.
"""

from __future__ import annotations

import argparse
import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gner.alignment.confidence import EntityScorer
from gner.alignment.postprocess import PostProcessor
from gner.bio import to_entities
from gner.cli import GnerCLI
from gner.cli import main as run_command
from gner.data.collate import Collator
from gner.data.reading.run_sources import read_dataset
from gner.data.synthetic import SyntheticCorpus
from gner.decoding import BeamSearch, Constrained, DecodingStrategy, Greedy, Speculative
from gner.decoding.draft_verifier import verifier_for
from gner.decoding.huggingface import HuggingFaceStrategy, decode
from gner.decoding.log_probs import token_log_probs
from gner.decoding.prefix_store import PrefixStore
from gner.interfaces import Batch
from gner.models import GnerModule
from gner.models.module import TOKENIZER_KEY
from gner.models.restore import DRAFTS_KEY
from gner.records import Example, Generation, Prediction
from gner.run_dir import find_checkpoint

QUICKSTARTS = ("quickstart", "quickstart_seq2seq")
TIE = 1e-4
"""Log-probabilities that are nearer than this are a tie: rounding decides which token comes first."""


class Generate(DecodingStrategy):
    """``generate`` and nothing else: no log-probabilities, and the limits of the strategy that it stands for."""

    def __init__(self, strategy: HuggingFaceStrategy) -> None:
        self._strategy = strategy
        self.num_passes = 0

    def generate(self, model: Any, batch: Batch) -> list[Generation]:
        """Write one answer per example."""
        written = self._strategy.write(model, batch)
        self.num_passes += max(map(len, written))
        end = model.tokenizer.eos_token_id
        return [
            Generation(ids, decode(model.tokenizer, ids, model.format.answer_start), [], ids[-1:] == [end])
            for ids in written
        ]


class Result(NamedTuple):
    """What a strategy wrote for all batches; passes are those of a batch on average, NaN where none are counted."""

    seconds: float
    passes: float
    generations: list[Generation]


class Bar(NamedTuple):
    """What is to be reached with `Speculative`, by its name and the size of batches."""

    name: str
    batch_size: int
    most: float


PASSES, TIME = "passes for 16 sentences", "time of a validation against `generate`"
BARS = [Bar(PASSES, 16, 2.4), Bar(TIME, 16, 1 / 5), Bar(TIME, 64, 1 / 4)]


def train(name: str, root: Path, *, minutes: int | None) -> Path:
    """Train a quickstart unless it was trained, and give the folder of the run."""
    folder = root / (f"{name}_{minutes}min" if minutes else name)
    if not (folder / "checkpoints" / "last.ckpt").exists():
        options = ["--config", f"configs/{name}.yaml", "--trainer.default_root_dir", str(folder)]
        options += ["--trainer.enable_progress_bar", "false"]
        if minutes:
            # the last checkpoint is written after a validation, and no validation comes before the minute is over
            options += ["--trainer.max_time", f"00:00:{minutes:02}:00", "--trainer.val_check_interval", "500"]
        run_command("fit", options)
    return folder


def load(run: Path) -> GnerModule:
    """The best model of a run."""
    options = ["--config", str(run / "config.yaml"), "--trainer.logger", "false"]
    module = GnerCLI("validate", options).model
    checkpoint = torch.load(find_checkpoint(run, "last" if run.name.endswith("min") else "best"), weights_only=True)
    if module.backbone.needs_tokenizer:
        module.backbone.set_tokenizer(checkpoint[TOKENIZER_KEY])
    module.configure_model()
    module.load_state_dict(checkpoint["state_dict"])
    return module.eval()


def with_drafts(run: Path, make: Callable[[], DecodingStrategy]) -> Callable[[], DecodingStrategy]:
    """Makes strategies whose drafts start with what the fit's had learned, as they do in `gner.validate`."""
    drafts = torch.load(find_checkpoint(run, "last" if run.name.endswith("min") else "best"), weights_only=True)

    def made() -> DecodingStrategy:
        """A strategy that has seen nothing since."""
        strategy = make()
        strategy.load_state_dict(drafts.get(DRAFTS_KEY, {}))
        return strategy

    return made


def batches_of(module: GnerModule, examples: Sequence[Example], size: int) -> list[Batch]:
    """Batches of sentences of similar length, as at validation."""
    collate = Collator(module.format, module.backbone)
    ordered = sorted(examples, key=lambda example: len(example.words))
    parts = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [collate(part) for part in parts]


def run(make: Callable[[], Any], module: GnerModule, batches: Sequence[Batch], *, shares: bool = True) -> Result:
    """Decode all batches with a strategy that has seen nothing yet."""
    with torch.inference_mode():
        make().generate(module, batches[0])  # what is made once in a process
        strategy, prefixes = make(), PrefixStore(module.network) if shares else None
        for batch in batches:
            batch.prefixes = prefixes
        gc.collect()
        device = batches[0].prompt_ids.device
        synchronize(device)
        start = time.perf_counter()
        session = strategy.session(module)
        done = [one for batch in batches for one in session.add(batch)] + session.finish()
        synchronize(device)
        seconds = time.perf_counter() - start
    found = {(one.batch, one.place): one.result for one in done}
    generations = [row for batch in batches for place in range(len(batch)) for row in found[batch, place]]
    return Result(seconds, getattr(strategy, "num_passes", math.nan) / len(batches), generations)


def seconds_at_limit(module: GnerModule, batches: Sequence[Batch]) -> float:
    """What no strategy can undercut: a pass over prompts and right answers, what prompts begin with being read once.

    Rows are not padded where the network allows that.
    """
    collate = Collator(module.format, module.backbone)
    answers = [[row.answer for row in collate.encode(batch.examples)] for batch in batches]
    device, spent = batches[0].prompt_ids.device, []
    for _ in range(2):  # the first round is a warm-up
        prefixes = PrefixStore(module.network)
        synchronize(device)
        started = time.perf_counter()
        for batch, written in zip(batches, answers, strict=True):
            batch.prefixes = prefixes
            with torch.inference_mode():
                verifier_for(module.network, batch).check(written)
        synchronize(device)
        spent.append(time.perf_counter() - started)
    return spent[-1]


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def tell_bars(size: int, num_batches: int, ours: Result, faster: float, limit: float) -> None:
    """Print what was reached of what is to be reached, and of what can be.

    Args:
        size: Of the batches.
        num_batches: How many there are.
        ours: What `Speculative` wrote.
        faster: How many times less time it took than ``generate``.
        limit: How many times less time one pass takes; see `seconds_at_limit`.
    """
    print(f"    one pass over prompts and right answers: {limit:.2f} times as fast as generate")
    reached = {PASSES: 16 * ours.passes * num_batches / len(ours.generations), TIME: 1 / faster}
    for bar in BARS:
        if bar.batch_size == size:
            verdict = "reached" if reached[bar.name] <= bar.most else "MISSED"
            print(f"    {bar.name}, batch {size}: {reached[bar.name]:.2f}, at most {bar.most:.2f}: {verdict}")


def compare(
    name: str, module: GnerModule, batches: Sequence[Batch], make: Callable[[], Any], base: Callable[[], Any]
) -> tuple[Result, Result, float]:
    """Run two strategies in turn, and print the median ratio of their times; returns results, and that ratio."""
    rounds = [(run(make, module, batches), run(base, module, batches, shares=False)) for _ in range(3)]
    faster = statistics.median(other.seconds / ours.seconds for ours, other in rounds)
    ours, other = rounds[0]
    per_sentence = 1000 * statistics.median(ours.seconds for ours, _ in rounds) / len(ours.generations)
    print(
        f"  {name:34} batch {len(batches[0]):3}  {faster:5.2f} times as fast, {per_sentence:6.2f} ms a sentence, "
        f"{ours.passes:5.2f} passes a batch against {other.passes:5.2f} ({other.passes / ours.passes:.1f} times fewer)"
    )
    return ours, other, faster


def tell_identity(module: GnerModule, batches: Sequence[Batch], ours: Result, other: Result) -> None:
    """Print how many texts are the same, and the places where two tokens were equally probable."""
    same = sum(a.token_ids == b.token_ids for a, b in zip(ours.generations, other.generations, strict=True))
    print(f"    identical texts: {same} of {len(ours.generations)}")
    rows = iter(zip(ours.generations, other.generations, strict=True))
    for batch in batches:
        for example, (a, b) in zip(batch.examples, rows, strict=False):
            if a.token_ids == b.token_ids:
                continue
            pairs = enumerate(zip(a.token_ids, b.token_ids, strict=False))
            at = next((at for at, (ours, others) in pairs if ours != others), None)
            if at is None:
                print(f"    NOT A TIE: one text of {' '.join(example.words)!r} ends early")
                continue
            collated = Collator(module.format, module.backbone)([example], [0], [True], decode=True)
            with torch.inference_mode():
                first, second = (
                    token_log_probs(module.network, collated, [ids[: at + 1]])[0][at]
                    for ids in (a.token_ids, b.token_ids)
                )
            kind = "tie" if abs(first - second) < TIE else "NOT A TIE"
            print(f"    {kind}: token {at} of {' '.join(example.words)!r}: {first:.6f} and {second:.6f}")


def read_all(module: GnerModule, batches: Sequence[Batch], result: Result) -> list[tuple[Example, Prediction]]:
    """Predictions, with scores where the strategy gives log-probabilities."""
    plain, scored = PostProcessor(module.format), PostProcessor(module.format, scorer=EntityScorer(module.tokenizer))
    examples = [example for batch in batches for example in batch.examples]
    rows = []
    for example, generation in zip(examples, result.generations, strict=True):
        read = scored if generation.token_log_probs else plain
        rows.append((example, read.read(example, [generation])))
    return rows


def tell_quality(name: str, rows: Sequence[tuple[Example, Prediction]]) -> None:
    """Print F1 and what alignment had to do."""
    correct = predicted = gold = 0
    for example, prediction in rows:
        spans = {(entity.start, entity.end, entity.type) for entity in prediction.entities}
        right = {(entity.start, entity.end, entity.type) for entity in to_entities(example.tags)}
        correct, predicted, gold = correct + len(spans & right), predicted + len(spans), gold + len(right)
    reports = [prediction.report for _, prediction in rows]
    counts = [sum(getattr(report, key) for report in reports) for key in ("omissions", "additions", "substitutions")]
    print(
        f"    {name}: f1 {2 * correct / max(1, predicted + gold):.4f}; "
        f"{counts[0]} omissions, {counts[1]} additions, {counts[2]} substitutions"
    )


def tell_calibration(name: str, rows: Sequence[tuple[Example, Prediction]], num_bins: int = 10) -> None:
    """Print, for bins of scores, how many entities are right, and the expected calibration error."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(num_bins)]
    for example, prediction in rows:
        right = {(entity.start, entity.end, entity.type) for entity in to_entities(example.tags)}
        for entity in prediction.entities:
            if entity.score is not None:
                is_right = (entity.start, entity.end, entity.type) in right
                bins[min(num_bins - 1, int(entity.score * num_bins))].append((entity.score, is_right))
    total = sum(map(len, bins))
    error = 0.0
    print(f"    {name}: score, entities, mean score, share that is right")
    for position, members in enumerate(bins):
        if members:
            mean = statistics.fmean(score for score, _ in members)
            share = statistics.fmean(is_right for _, is_right in members)
            error += len(members) / total * abs(mean - share)
            begin, end = position / num_bins, (position + 1) / num_bins
            print(f"      {begin:.1f} to {end:.1f}  {len(members):5}  {mean:.3f}  {share:.3f}")
    print(f"      expected calibration error {error:.4f}")


def tell_validation(run_folder: Path) -> None:
    """Print how much of a run's time went into validation, as its log has it."""
    events = EventAccumulator(str(run_folder / "tensorboard")).Reload()
    logged = [event.wall_time for name in events.Tags()["scalars"] for event in events.Scalars(name)]
    seconds = sum(event.value for event in events.Scalars("val/seconds"))
    print(f"  validation took {seconds:.0f} of {max(logged) - min(logged):.0f} s of training")


def measure(run_folder: Path, options: argparse.Namespace) -> None:
    """All figures of one model."""
    module = load(run_folder)
    kind = module.backbone.kind.value
    print(f"{run_folder.name} ({kind})")
    tell_validation(run_folder)
    corpus = SyntheticCorpus(name="benchmark", num_train=10, num_dev=options.sentences, seed=7)
    corpus.write(options.runs / "data")
    examples = read_dataset(options.runs / "data", "benchmark", "dev")
    speculative = with_drafts(run_folder, Speculative)
    if run_folder.name.endswith("min"):
        batches = batches_of(module, examples[: options.sentences // 4], 16)
        ours, other, _ = compare("Speculative", module, batches, speculative, lambda: Generate(Greedy()))
        tell_identity(module, batches, ours, other)
        tell_quality("Speculative", read_all(module, batches, ours))
        return
    for size in options.batch_sizes:
        batches = batches_of(module, examples, size)
        ours, other, faster = compare("Speculative", module, batches, speculative, lambda: Generate(Greedy()))
        limit = other.seconds / seconds_at_limit(module, batches)
        tell_bars(size, len(batches), ours, faster, limit)
        tell_identity(module, batches, ours, other)
    batches = batches_of(module, examples, 16)
    greedy = ours if options.batch_sizes[-1] == 16 else run(speculative, module, batches)
    tell_quality("Speculative", read_all(module, batches, greedy))
    tell_calibration("Speculative", read_all(module, batches, greedy))
    one, *_ = compare(
        "Constrained(num_beams=1)", module, batches, with_drafts(run_folder, Constrained), lambda: Generate(Greedy())
    )
    tell_quality("Constrained(num_beams=1)", read_all(module, batches, one))
    tell_calibration("Constrained(num_beams=1)", read_all(module, batches, one))
    some = batches[:: max(1, len(batches) // 16)]  # beams of `generate` take long
    four, beams, _ = compare(
        "Constrained(num_beams=4)",
        module,
        some,
        with_drafts(run_folder, lambda: Constrained(num_beams=4)),
        lambda: Generate(BeamSearch(4)),
    )
    tell_quality("Constrained(num_beams=4)", read_all(module, some, four))
    tell_quality("generate(num_beams=4)", read_all(module, some, beams))


def main() -> None:
    """Train what is missing, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_folders", nargs="*", type=Path, metavar="RUN")
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark"), help="where trained models are")
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 16, 64])
    options = parser.parse_args()
    folders = options.run_folders or [
        train(name, options.runs, minutes=minutes) for minutes in (None, 1) for name in QUICKSTARTS
    ]
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    for folder in folders:
        measure(folder, options)


if __name__ == "__main__":
    main()
