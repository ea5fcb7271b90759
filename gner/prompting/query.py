"""A prompt and its answer, whole or in the segments that are tokenized."""

from __future__ import annotations

from typing import NamedTuple


class Query(NamedTuple):
    """One prompt, and the answer that training teaches.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> from gner.records import Example
        >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
        >>> prompt, target = GnerFormat(instruction=None).queries(example)[0]
        >>> print(prompt, target, sep="\\n")
        Use the specific entity tags: person and O.
        Sentence: Ada slept
        Ada(B-person) slept(O)
    """

    prompt: str
    target: str


END = "</s>"
"""The backbone's end token, at the end of a segment."""


class Segment(NamedTuple):
    """A part of what training reads, with whether the model learns to write it.

    One that ends with ``</s>`` ends with the backbone's end token, whatever that is.

    Example:
        >>> sequence = [Segment("Who? ", False), Segment(f"Ada{END}", True), Segment("Where?", False)]
        >>> sequence.append(Segment(" -", True))
        >>> "".join(segment.text for segment in sequence if segment.learned)
        'Ada</s> -'
    """

    text: str
    learned: bool


def after_prompt(answer: str) -> str:
    """An answer as it follows a prompt in one text: after a space, unless it starts with white space itself.

    Example:
        >>> after_prompt("Ada(O)"), after_prompt(" None")
        (' Ada(O)', ' None')
    """
    return answer if answer[:1].isspace() else f" {answer}"
