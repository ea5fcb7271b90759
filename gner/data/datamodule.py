"""The Lightning data module: datasets in, batches out."""

from __future__ import annotations

from itertools import chain, compress
from pathlib import Path
from typing import Any, Literal

from lightning import LightningDataModule
from lightning.pytorch.utilities.rank_zero import rank_zero_info

from gner.data.batch_maker import make_batch_maker
from gner.data.dataset import BatchDataset
from gner.data.lengths import TokenLimits, check_positions
from gner.data.loader import BatchLoader
from gner.data.probe import check_tokenizer
from gner.data.reading.run_sources import Inputs
from gner.data.reading.source import Source, union_of_types
from gner.data.reading.splits import Split
from gner.data.regularization import Regularization
from gner.data.sampler import EvalSampler, TrainSampler
from gner.data.split_warnings import warn_of_splits
from gner.data.synthetic import SyntheticCorpus
from gner.errors import UserError
from gner.interfaces import TokenizerOwner
from gner.prompting import Format
from gner.records import Example

_SPLITS: dict[str, list[Split]] = {
    "fit": ["train", "dev"],
    "validate": ["dev"],
    "test": ["test"],
    "predict": ["test"],
}
"""What each stage reads."""


class GnerDataModule(LightningDataModule):
    """Reads datasets and makes batches for a backbone.

    Args:
        backbone: Owner of the tokenizer; the command line takes it from the model.
        format: How examples are written; the command line takes it from the model.
        root: Folder that holds one folder per dataset.
        train: What to train on; several are mixed. A name is a folder in ``root`` in the GNER layout; see `Source` for
            other files, folders and hub datasets, and for their weights.
        val: What to validate on (the dev splits).
        test: What to test and predict on (the test splits).
        scheme: How tags are written. ``auto`` detects IOB2, IOB1 or BIOES, per file.
        batch_size: Rows per training step and process: sentences, or sequences of a format with several a sentence.
            All rows of a sentence are in one batch, which may hold more if a single sentence has more.
        eval_batch_size: The same for validation, in rows to decode.
        max_input_tokens: Longest training input. For a causal backbone: prompt and answer together.
        max_answer_tokens: Longest training answer; used for seq2seq backbones.
        max_examples_per_dataset: Most training examples of each dataset, chosen by the seed. The paper:
            10,000.
        max_eval_examples_per_dataset: The same for validation. Test and prediction take all sentences, as in the paper,
            unless a source has a limit of its own.
        regularization: What happens to the types of training examples.
        share_prompts: ``auto`` has what all prompts of a batch begin with read once, where that is exact; or ``never``.
        synthetic: A made-up corpus to write into ``root`` if one of the datasets has its name.
        num_workers: Processes that tokenize; 0 does it in the training process.
        seed: Seeds order, subsets and regularization.

    Attributes:
        examples: The sentences of each split that has been read.
        sizes: Tokens of prompt and answer of each row of each sentence: of the sequences that training reads, or of the
            queries to decode.
        train_weights: How often each training sentence is seen in an epoch.
        max_decoded_examples: Mark only a fixed random subset of this size for decoding at validation.

    Raises:
        UserError: At set-up: a file is missing or not understood, or a sentence is longer than the backbone can read.

    Example:
        >>> from gner.models import Backbone, FromScratch
        >>> from gner.prompting import GnerFormat
        >>> data = GnerDataModule(Backbone(FromScratch("llama")), GnerFormat(), "my_data", train=["recipes"])
        >>> data.refuse_missing("fit")
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected the dataset `recipes` in my_data, but that folder does not exist. Set data.root.
    """

    def __init__(
        self,
        backbone: TokenizerOwner,
        format: Format,
        root: str,
        *,
        train: list[str | Source] | None = None,
        val: list[str | Source] | None = None,
        test: list[str | Source] | None = None,
        scheme: Literal["auto", "IOB2", "IOB1", "BIOES"] = "auto",
        batch_size: int = 8,
        eval_batch_size: int = 16,
        max_input_tokens: int = 640,
        max_answer_tokens: int = 640,
        max_examples_per_dataset: int | None = None,
        max_eval_examples_per_dataset: int | None = None,
        regularization: Regularization = Regularization(),
        share_prompts: Literal["auto", "never"] = "auto",
        synthetic: SyntheticCorpus | None = None,
        num_workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (("batch_size", batch_size), ("eval_batch_size", eval_batch_size)):
            if value < 1:
                raise UserError(f"Expected `{name}` >= 1, got {value}. Set data.{name}.")
        self._backbone = backbone
        self._format = format
        self._root = Path(root)
        named: dict[Split, list[str | Source]] = {"train": train or [], "dev": val or [], "test": test or []}
        limits: dict[Split, int | None] = {"train": max_examples_per_dataset, "dev": max_eval_examples_per_dataset}
        self._inputs = Inputs(self._root, named, scheme=scheme, max_examples=limits, seed=seed)
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self._limits = TokenLimits(max_input_tokens, max_answer_tokens, backbone.kind)
        self._train_loader: BatchLoader | None = None
        self._train_progress: dict[str, Any] | None = None
        self.max_decoded_examples: int | None = None
        self._regularization = regularization
        self._synthetic = synthetic
        self._num_workers = num_workers
        self._seed = seed
        self._collate = make_batch_maker(format, backbone, share_prompts=share_prompts == "auto")
        self.examples: dict[Split, list[Example]] = {}
        self.sizes: dict[Split, list[list[tuple[int, int]]]] = {}
        self.train_weights: list[float] = []

    def prepare_data(self) -> None:
        """Write the made-up corpus if it is asked for, download hub datasets; runs on one process per machine."""
        if self._synthetic is not None and self._synthetic.name in self._inputs.names():
            self._synthetic.write(self._root)
        self._inputs.download()

    def setup(self, stage: str) -> None:
        """Read the splits that a stage needs and, for a backbone that has none yet, train a tokenizer."""
        wanted = _SPLITS[stage]
        self._refuse_untrained(trains="train" in wanted)
        for split in wanted:
            if split not in self.examples:
                self.examples[split] = self._read(split)
        if stage == "fit":
            warn_of_splits(self.examples["train"], self.examples["dev"])
            self._backbone.set_types(chain.from_iterable(union_of_types(self.examples["train"]).values()))
            remark = self._format.remark(self.examples["train"]) if self._backbone.tagging is None else None
            if remark is not None:
                rank_zero_info(remark)
        if self._backbone.needs_tokenizer:
            self._train_tokenizer()
        if self._backbone.tagging is None:
            check_tokenizer(self._format, self._collate, self._backbone)
        for split in wanted:
            if split not in self.sizes:
                self._measure(split)

    def _refuse_untrained(self, *, trains: bool) -> None:
        """Refuse a backbone that knows nothing yet, in a stage that does not train it."""
        if trains or not (self._backbone.needs_tokenizer or self._backbone.needs_types):
            return
        why = "this backbone is `from_scratch`: its weights are random"
        if not self._backbone.needs_tokenizer:
            why = "this tagger has no head yet"
        raise UserError(f"Expected a trained model, but {why}. Pass --ckpt_path best, or the path of a checkpoint.")

    def refuse_missing(self, stage: str) -> None:
        """Read what a stage needs, to see that it is there.

        Raises:
            UserError: A dataset is missing or not understood.
        """
        if self._synthetic is None:
            for split in _SPLITS[stage]:
                self._inputs.read(split)

    def _read(self, split: Split) -> list[Example]:
        groups = self._inputs.read(split)
        examples: list[Example] = []
        weights: list[float] = []
        for group in groups:
            examples += group.examples
            weights += [group.weight] * len(group.examples)
        if split == "train":
            self.train_weights = weights
        return examples

    def _train_tokenizer(self) -> None:
        """Train on one process and hand the result to all, so that no difference between machines matters."""
        serialized = None
        if self.trainer is None or self.trainer.is_global_zero:
            serialized = self._backbone.train_tokenizer(self._collate.texts(self.examples["train"]))
        if self.trainer is not None:
            serialized = self.trainer.strategy.broadcast(serialized)
        assert serialized is not None
        self._backbone.set_tokenizer(serialized)

    def _measure(self, split: Split) -> None:
        """Count tokens; drop training examples that are too long, and log how many."""
        examples = self.examples[split]
        sizes = self._collate.sizes(examples, for_training=split == "train")
        fitting = self._limits.check(examples, sizes, split, self._collate)
        if split == "train":
            self.examples[split] = list(compress(examples, fitting))
            self.train_weights = list(compress(self.train_weights, fitting))
            sizes = list(compress(sizes, fitting))
        self.sizes[split] = sizes
        check_positions(self._backbone, self.examples[split], sizes, split)
        if split != "train" and not self._collate.learns_queries:  # the loss reads what training reads
            learned = self._collate.sizes(self.examples[split], for_training=True)
            check_positions(self._backbone, self.examples[split], learned, split)

    def limits(self) -> dict[str, int | None]:
        """What validation leaves out of its datasets, by the keys of the config."""
        return {"data.max_eval_examples_per_dataset": self._inputs.max_examples.get("dev")}

    def entity_types(self) -> dict[str, tuple[str, ...]]:
        """The entity types of each dataset that has been read."""
        return union_of_types(list(chain.from_iterable(self.examples.values())))

    def train_dataloader(self) -> BatchLoader:
        """Batches of similar length in random order."""
        examples = self.examples["train"]
        changes = self._regularization.over(examples), self._regularization.reorder
        dataset = BatchDataset(examples, self._collate, *changes, seed=self._seed)
        self._train_loader = self._loader(dataset, self._train_sampler(self._rank, self._num_ranks))
        if self._train_progress is not None:
            self._train_loader.load_state_dict(self._train_progress)
        return self._train_loader

    def _train_sampler(self, rank: int, num_ranks: int) -> TrainSampler:
        sources = [example.dataset for example in self.examples["train"]]
        options: dict[str, Any] = {"weights": self.train_weights, "sources": sources, "seed": self._seed}
        options |= {"rank": rank, "num_ranks": num_ranks, "num_rows": self.num_rows("train")}
        return TrainSampler(self._lengths("train"), self.batch_size, **options)

    def num_train_batches(self, num_ranks: int) -> int:
        """How many batches an epoch has on each of a number of processes."""
        return len(self._train_sampler(0, num_ranks))

    def state_dict(self) -> dict[str, Any]:
        """How far the epoch is, and what the model was trained on, for those who use it.

        Lightning keeps the former of loaders too, but gives it back too late to be used.
        """
        state: dict[str, Any] = {
            "train_progress": self._train_loader.state_dict() if self._train_loader is not None else None
        }
        examples = self.examples.get("train")
        if examples:
            state["longest_sentence"] = max(len(example.words) for example in examples)
            state["types"] = {name: list(types) for name, types in union_of_types(examples).items()}
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the state was taken; the loader may be there already or not yet."""
        self._train_progress = state_dict["train_progress"]
        if self._train_loader is not None and self._train_progress is not None:
            self._train_loader.load_state_dict(self._train_progress)

    def val_dataloader(self) -> BatchLoader:
        """The dev split, longest first."""
        return self._eval_loader("dev", self.max_decoded_examples)

    def test_dataloader(self) -> BatchLoader:
        """The test split, longest first."""
        return self._eval_loader("test", None)

    predict_dataloader = test_dataloader

    def _eval_loader(self, split: Split, max_decoded: int | None) -> BatchLoader:
        sampler = EvalSampler(
            self._lengths(split),
            self.eval_batch_size,
            rank=self._rank,
            num_ranks=self._num_ranks,
            max_decoded=max_decoded,
            seed=self._seed,
            num_rows=self.num_rows(split),
        )
        return self._loader(BatchDataset(self.examples[split], self._collate), sampler)

    def _loader(self, dataset: BatchDataset, sampler: TrainSampler | EvalSampler) -> BatchLoader:
        return BatchLoader(dataset, sampler=sampler, batch_size=None, num_workers=self._num_workers)

    def _lengths(self, split: Split) -> list[int]:
        """Tokens of each sentence's longest row."""
        return [max(map(sum, rows)) for rows in self.sizes[split]]

    def num_rows(self, split: Split) -> list[int]:
        """How many rows each sentence of a split has."""
        return [len(rows) for rows in self.sizes[split]]

    @property
    def _rank(self) -> int:
        return self.trainer.global_rank if self.trainer is not None else 0

    @property
    def _num_ranks(self) -> int:
        return self.trainer.world_size if self.trainer is not None else 1
