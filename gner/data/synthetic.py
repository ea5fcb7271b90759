"""Generates an English corpus from templates and lists of names, so that a first run needs no download.

It is written in the GNER folder layout. Some names of every type are kept out of train, and many names in dev and test
are drawn from those, so that a model has to learn to copy words and to use context.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from gner.bio import to_tags
from gner.errors import UserError
from gner.records import Entity

TYPES = ("person", "location", "organization", "product", "event")
UNSEEN_SHARE = 0.5
"""Share of dev and test name parts drawn from those kept out of train."""
MADE_UP_SHARE = 0.65
"""Share of name parts made of random syllables; without them a small model memorises the lists and does not copy."""


@dataclass(frozen=True)
class SyntheticCorpus:
    """A synthetic corpus, written to ``<data.root>/<name>`` when a run asks for it by name.

    Attributes:
        name: Name of the dataset.
        num_train: Number of training sentences.
        num_dev: Number of sentences in each of dev and test.
        seed: Seed of the random choices; equal settings give equal files.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from gner.data import GnerDataModule
        >>> from gner.models import Backbone, FromScratch
        >>> from gner.prompting import GnerFormat
        >>> backbone = Backbone(FromScratch("llama", vocab_size=300))
        >>> with TemporaryDirectory() as root:
        ...     _ = SyntheticCorpus("toy", num_train=8, num_dev=2).write(Path(root))
        ...     data = GnerDataModule(backbone, GnerFormat(), root, train=["toy"], val=["toy"], batch_size=4)
        ...     data.setup("fit")
        >>> data.num_train_batches(num_ranks=1), len(data.examples["dev"]), data.entity_types()["toy"][:2]
        (2, 2, ('person', 'location'))
    """

    name: str = "synthetic"
    num_train: int = 4000
    num_dev: int = 200
    seed: int = 0

    def write(self, root: Path) -> Path:
        """Write ``{train,dev,test}.txt`` and ``label.txt``, unless the same corpus exists.

        Returns:
            The folder of the dataset.

        Raises:
            UserError: The folder holds something else.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as root:
            ...     Path(root, "recipes").mkdir()
            ...     SyntheticCorpus("recipes").write(Path(root))  # doctest: +ELLIPSIS
            Traceback (most recent call last):
                ...
            gner.errors.UserError: Expected to write the synthetic corpus to ...recipes, but other data is there. ...
        """
        folder = root / self.name
        made_by = json.dumps(asdict(self))
        stamp = folder / "synthetic.json"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == made_by:
            return folder
        if folder.exists() and not stamp.exists():
            raise UserError(
                f"Expected to write the synthetic corpus to {folder}, but other data is there. "
                "Set data.synthetic.name or data.root, or set data.synthetic to null to read that data."
            )
        root.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=root, prefix=".unfinished-"))
        words = yaml.safe_load((resources.files("gner.data") / "synthetic.yaml").read_text(encoding="utf-8"))
        writer = _Writer(words, random.Random(self.seed))
        for split, size in (("train", self.num_train), ("dev", self.num_dev), ("test", self.num_dev)):
            unseen_share = 0.0 if split == "train" else UNSEEN_SHARE
            sentences = [writer.sentence(unseen_share) for _ in range(size)]
            (unfinished / f"{split}.txt").write_text("\n".join(sentences), encoding="utf-8")
        (unfinished / "label.txt").write_text("\n".join(TYPES) + "\n", encoding="utf-8")
        (unfinished / stamp.name).write_text(made_by, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
        return folder


class _Writer:
    """Makes sentences; a third of every list of names is kept out of train."""

    def __init__(self, words: dict[str, Any], rng: random.Random) -> None:
        self._words = words
        self._rng = rng
        self._seen_and_unseen: dict[str, tuple[list[str], list[str]]] = {}
        for part, names in words["names"].items():
            shuffled = rng.sample(names, len(names))
            self._seen_and_unseen[part] = (shuffled[len(names) // 3 :], shuffled[: len(names) // 3])

    def sentence(self, unseen_share: float) -> str:
        """One sentence in lines of ``word<TAB>tag``."""
        words: list[str] = []
        entities: list[Entity] = []
        for slot in self._rng.choice(self._words["templates"]).split():
            if slot.startswith("{"):
                entity_type = slot[1:-1]
                name = self._name(entity_type, self._rng.random() < unseen_share).split()
                entities.append(Entity(len(words), len(words) + len(name), entity_type))
                words += name
            else:
                words.append(self._rng.choice(self._words["fillers"][slot[1:-1]]) if slot.startswith("[") else slot)
        return "".join(f"{word}\t{tag}\n" for word, tag in zip(words, to_tags(entities, len(words)), strict=True))

    def _name(self, entity_type: str, unseen: bool) -> str:
        if entity_type == "location":
            return self._part("place", unseen)
        if entity_type == "person":
            last = self._part("last", unseen)
            return last if self._rng.random() < 0.2 else f"{self._part('first', unseen)} {last}"
        stem = self._part("place" if entity_type == "event" else "stem", unseen)
        return f"{stem} {self._rng.choice(self._words['suffixes'][entity_type])}"

    def _part(self, part: str, unseen: bool) -> str:
        if self._rng.random() >= MADE_UP_SHARE:
            return self._rng.choice(self._seen_and_unseen[part][unseen])
        syllables = [self._syllable() for _ in range(self._rng.choice((1, 2, 2)))]
        return "".join(syllables).capitalize()

    def _syllable(self) -> str:
        sounds = self._words["syllables"]
        return "".join(self._rng.choice(sounds[sound]) for sound in ("onset", "vowel", "coda"))
