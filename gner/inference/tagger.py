"""Words to entities: windows, prompts, predictions, and merging the entities of all windows and groups of types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import NamedTuple

from gner.decoding.limits import longest_answers
from gner.inference.budget import Overhead, Prompter
from gner.inference.labels import Labels
from gner.inference.result import FoundWindows, TextInfo
from gner.inference.texts import WordedText
from gner.inference.torch_engine import TorchEngine
from gner.inference.windows import Window, best_of, cut, halves
from gner.interfaces import TextModel
from gner.records import AlignmentReport, Entity, Example, Prediction
from gner.sessions import Predictor


class Words(NamedTuple):
    """A text to be tagged.

    Attributes:
        words: W strings.
        ends: Exclusive end of each sentence, in words.
        is_window: Whether they were cut from a text already, and are one window.
    """

    words: Sequence[str]
    ends: Sequence[int]
    is_window: bool = False

    @staticmethod
    def of(text: WordedText) -> Words:
        """The words of a text.

        Example:
            >>> Words.of(WordedText.join(["Ada", "slept", "."]))
            Words(words=['Ada', 'slept', '.'], ends=[3], is_window=False)
        """
        return Words([word.text for word in text.words], text.sentence_ends())


@dataclass
class _Progress:
    """What is known of a text so far: its windows, and the entities of those that are done."""

    windows: list[Window]
    found: dict[Window, list[Entity]] = field(default_factory=dict)
    report: AlignmentReport = field(default_factory=AlignmentReport)
    counts: Counter[str] = field(default_factory=Counter)


class Tagger:
    """Finds the entities of texts of any length, for any number of types.

    Args:
        model: Network, tokenizer and format.
        prompter: Makes examples.
        most_words: See `gner.inference.windows.cut`.
        overlap: See there.
    """

    def __init__(
        self,
        model: TextModel,
        prompter: Prompter,
        *,
        most_words: int | None,
        overlap: int,
    ) -> None:
        self._model = model
        self._prompter = prompter
        self._most_words = most_words
        self._overlap = overlap

    def cut(self, text: Words, labels: Labels) -> list[Window]:
        """The windows in which a text is read; none if it has no words, or there are no types."""
        return self._cut(text, [self._prompter.overhead(group) for group in self.groups(labels)])

    def groups(self, labels: Labels) -> list[Labels]:
        """The types in as few prompts as leave room for words."""
        return self._prompter.groups(labels) if labels.types else []

    def find(
        self, texts: Sequence[Words], labels: Labels, engine: TorchEngine, predictor: Predictor
    ) -> list[FoundWindows]:
        """Find the entities in the windows of texts."""
        groups = self.groups(labels)
        overheads = [self._prompter.overhead(group) for group in groups]
        progress = [_Progress(self._cut(text, overheads)) for text in texts]
        waiting: list[tuple[int, Window]] = []
        for row, known in enumerate(progress):
            waiting += [(row, window) for window in known.windows]
        while waiting:
            examples: list[Example] = []
            for row, window in waiting:
                words = texts[row].words[window.start : window.end]
                examples += [self._prompter.example(words, group) for group in groups]
            sizes = list(map(self._prompter.size, examples, cycle(overheads)))
            predictions = engine(examples, sizes, predictor)
            tried, waiting = waiting, []
            for position, (row, window) in enumerate(tried):
                of_window = slice(position * len(groups), (position + 1) * len(groups))
                parts = self._take(progress[row], window, examples[of_window], predictions[of_window])
                waiting += [(row, part) for part in parts]
        return [_put_together(text, known, len(groups)) for text, known in zip(texts, progress, strict=True)]

    def _cut(self, text: Words, overheads: Sequence[Overhead]) -> list[Window]:
        if not text.words or not overheads:
            return []
        if text.is_window:
            return [Window(0, len(text.words))]
        fits = self._prompter.fitting(text.words, Overhead.largest(overheads))
        return cut(text.ends, fits, most_words=self._most_words, overlap=self._overlap)

    def _take(
        self, known: _Progress, window: Window, examples: Sequence[Example], predictions: Sequence[Prediction]
    ) -> list[Window]:
        """Take what was predicted of a window; returns the parts to try instead, if it was too long."""
        pairs = zip(examples, predictions, strict=True)
        if window.end - window.start > 1 and any(self._is_truncated(*pair) for pair in pairs):
            parts = halves(window, self._overlap)
            place = known.windows.index(window)
            known.windows[place : place + 1] = parts
            known.counts["num_too_long"] += 1
            return parts
        groups: list[list[Entity]] = []
        for prediction in predictions:
            known.report += prediction.report
            known.counts["num_unfinished"] += not prediction.finished
            groups.append(
                [
                    replace(entity, start=entity.start + window.start, end=entity.end + window.start)
                    for entity in prediction.entities
                ]
            )
        known.found[window] = groups[0] if len(groups) == 1 else best_of(groups)
        return []

    def _is_truncated(self, example: Example, prediction: Prediction) -> bool:
        """Whether a text ends although an answer of its length could still be right: no room was left for more."""
        unfinished = [len(written.token_ids) for written in prediction.generations if not written.finished]
        return bool(unfinished) and min(unfinished) < longest_answers(self._model, [example])[0]


def _put_together(text: Words, known: _Progress, num_groups: int) -> FoundWindows:
    info = TextInfo(
        num_words=len(text.words),
        num_windows=len(known.windows),
        num_label_groups=num_groups,
        report=known.report,
        num_too_long=known.counts["num_too_long"],
        num_unfinished=known.counts["num_unfinished"],
    )
    return FoundWindows(known.windows, [known.found[window] for window in known.windows], text.ends, info)
