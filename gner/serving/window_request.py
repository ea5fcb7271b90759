"""What a stream asks of the model: the windows of a text first, then the entities of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gner.inference.texts import WordedText
from gner.inference.windows import Window
from gner.serving.predict_request import PredictRequest


@dataclass(frozen=True)
class CutRequest:
    """Asks for the windows of a text.

    Attributes:
        asked: What the client asked.
        num_texts: Texts to be labelled: none, they are only cut.
    """

    asked: PredictRequest
    num_texts: int = 0


@dataclass(frozen=True)
class WindowRequest:
    """Asks for the entities of a window.

    Attributes:
        asked: What the client asked; its text is not looked at.
        words: Those of the window.
        num_texts: Texts to be labelled.
    """

    asked: PredictRequest
    words: Sequence[str]
    num_texts: int = 1


class CutText(NamedTuple):
    """The windows of a text.

    Attributes:
        text: With its words.
        windows: In order.
        ends: The exclusive end of each sentence, in words.
        names: The client's name of each type.
        num_label_groups: Prompts that each window takes, as the types may need several.
    """

    text: WordedText
    windows: Sequence[Window]
    ends: Sequence[int]
    names: Mapping[str, str]
    num_label_groups: int


ServedRequest = PredictRequest | CutRequest | WindowRequest
"""What the processes with the model answer."""
