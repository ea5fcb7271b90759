"""The best valid BIO tags of sentences, given a score of each tag at each word (Viterbi, 1967)."""

from __future__ import annotations

from typing import Any

import numpy as np

Scores = np.ndarray[Any, Any]


def best_tags(log_probs: Scores) -> list[list[int]]:
    """Tags with the largest sum of log-probabilities among those in which every I continues an entity of its type.

    Args:
        log_probs: Of each tag at each word, shape (E, W, 1 + 2 T); tag 0 is O, 2 t + 1 begins an entity of type t, and
            2 t + 2 continues one. Minus infinity forbids a tag; O must not be forbidden.

    Returns:
        W numbers of tags for each of the E sentences.

    Example:
        >>> sure_of_inside = np.log([[[0.3, 0.1, 0.6], [0.1, 0.0001, 0.8999]]])
        >>> sure_of_inside.argmax(-1).tolist(), best_tags(sure_of_inside)
        ([[2, 2]], [[1, 2]])
    """
    num_sentences, num_words, num_tags = log_probs.shape
    if num_tags == 1 or not num_words:
        return [[0] * num_words for _ in range(num_sentences)]
    sums = np.full((num_sentences, num_tags), -np.inf)
    sums[:, 0] = 0.0  # as if an O came first
    before: list[Scores] = []
    for word in range(num_words):
        before.append(_best_before(sums))
        sums = log_probs[:, word] + np.take_along_axis(sums, before[-1], -1)
    last = sums.argmax(-1)
    tags = []
    for of_word in reversed(before):
        tags.append(last)
        last = np.take_along_axis(of_word, last[:, None], -1)[:, 0]
    return [list(map(int, row)) for row in np.transpose(tags[::-1])]


def _best_before(sums: Scores) -> Scores:
    """The best tag before each tag, given the sums up to there, both of shape (E, tags)."""
    best = np.repeat(sums.argmax(-1)[:, None], sums.shape[-1], axis=-1)
    begins = np.arange(1, sums.shape[-1], 2)
    is_begin = sums[:, 1::2] >= sums[:, 2::2]
    best[:, 2::2] = np.where(is_begin, begins, begins + 1)
    return best
