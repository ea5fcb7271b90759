"""The released GNER scorer, written from its description."""

import re
import string


def official_scores(rows: list[tuple[list[str], list[str], list[str]]]) -> tuple[float, float, float]:
    """The released scorer, written from its description: words, gold tags, predicted tags of each sentence."""

    def clean(text: str) -> str:
        text = "".join(c for c in text.lower() if c not in string.punctuation)
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())

    def entities(words: list[str], tags: list[str]) -> list[tuple[str, str]]:
        found: list[tuple[list[str], str]] = []
        current: list[str] = []
        kind = ""
        for word, tag in zip(words, tags, strict=True):
            if current and tag[0] in "BO":
                found.append((current, kind))
                current = []
            if tag != "O":
                current = [*current, word]
                kind = tag[2:]
        if current:
            found.append((current, kind))
        unique: list[tuple[str, str]] = []
        for span, label in found:
            pair = (clean(" ".join(span)), clean(label))
            if pair not in unique:
                unique.append(pair)
        return unique

    correct = num_gold = num_predicted = 0
    for words, gold, predicted in rows:
        gold_pairs, pairs = entities(words, gold), entities(words, predicted)
        correct += sum(pair in gold_pairs for pair in pairs)
        num_gold += len(gold_pairs)
        num_predicted += len(pairs)
    precision, recall = correct / (num_predicted + 1e-10), correct / (num_gold + 1e-10)
    return precision, recall, 2 * precision * recall / (precision + recall + 1e-10)
