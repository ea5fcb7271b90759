"""The GNER format: every word is written back with its tag (arXiv 2402.16602).

Prompt and target are byte for byte those of the released checkpoints when the options keep their defaults.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from gner.bio import OUTSIDE, WRITTEN_TAG, keep_types, repair, tags_of, to_entities
from gner.errors import UserError
from gner.formats.base import Format, Query
from gner.types import Aligner, AlignmentReport, Example, Prediction, TaggedWord

OFFICIAL_INSTRUCTION = """\
Please analyze the sentence provided, identifying the type of entity for each word on a token-by-token basis.
Output format is: word_1(label_1), word_2(label_2), ...
We'll use the BIO-format to label the entities, where:
1. B- (Begin) indicates the start of a named entity.
2. I- (Inside) is used for words within a named entity but are not the first word.
3. O (Outside) denotes words that are not part of a named entity.
"""


class GnerFormat(Format):
    """``John(B-person) explored(O) Tokyo(B-location)``.

    Args:
        instruction: Text above the list of types. The default is the paper's; null leaves it out, which suits a
            backbone that is trained from nothing.
        dataset_line: Put ``Dataset: <name>.`` between types and sentence, as the paper's supervised stage does.
        extra_type: A type named in the prompt behind the real ones and never used as a tag; the paper's supervised
            stage has ``else``.
        context_window: How many O-words are written on each side of an entity; null writes every word, 0 only
            entities. Words further away are left out.
        gap_marker: Text written where words are left out, or null for none.
        causal_template: How a causal backbone gets the prompt.
    """

    def __init__(
        self,
        instruction: str | None = OFFICIAL_INSTRUCTION,
        *,
        dataset_line: bool = False,
        extra_type: str | None = None,
        context_window: int | None = None,
        gap_marker: str | None = None,
        causal_template: str = "[INST] {prompt} [/INST]",
    ) -> None:
        super().__init__(causal_template)
        if context_window is not None and context_window < 0:
            raise UserError(
                f"Expected `context_window` >= 0 or null, got {context_window}. "
                "Set model.format.init_args.context_window."
            )
        self.instruction = instruction
        self.dataset_line = dataset_line
        self.extra_type = extra_type
        self.context_window = context_window
        self.gap_marker = gap_marker

    def queries(self, example: Example) -> list[Query]:
        """Write the one prompt of an example and its answer."""
        return [Query(self._prompt(example), self.draft(example, example.tags))]

    def _prompt(self, example: Example) -> str:
        types = [*example.types, self.extra_type] if self.extra_type else example.types
        lines = [f"Use the specific entity tags: {', '.join(types)} and O."]
        if self.instruction is not None:
            lines.insert(0, self.instruction)
        if self.dataset_line:
            lines.append(f"Dataset: {example.dataset}.")
        return "\n".join([*lines, f"Sentence: {' '.join(example.words)}"])

    def draft(self, example: Example, tags: Sequence[str]) -> str:
        """Write the words with these tags, leaving out what the context window leaves out.

        Raises:
            ValueError: There is not one tag per word.
        """
        kept = words_in_context(tags, self.context_window)
        parts: list[str] = []
        for word, tag, keep, kept_before in zip(example.words, tags, kept, [True, *kept], strict=False):
            if keep:
                parts.append(f"{word}({tag})")
            elif kept_before and self.gap_marker is not None:
                parts.append(self.gap_marker)
        return " ".join(parts)

    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        """Parse ``word(tag)`` pairs, lay them on the source words, and make the tags valid IOB2."""
        [text] = texts
        written, unparsed = parse(text, example, self.gap_marker)
        known, num_unknown = keep_types([pair.tag for pair in written], example.types)
        written = [TaggedWord(pair.word, tag) for pair, tag in zip(written, known, strict=True)]
        aligned, report = align(example.words, written)
        tags, num_repaired = repair(aligned)
        report += AlignmentReport(unknown_tags=num_unknown, repaired_tags=num_repaired, unparsed=unparsed)
        return Prediction(tags, aligned, tuple(to_entities(tags)), report)


def words_in_context(tags: Sequence[str], context_window: int | None) -> list[bool]:
    """Which words the target writes: entity words, and O-words within ``context_window`` words of one.

    Example:
        >>> words_in_context(["O", "O", "B-city", "O"], 1)
        [False, True, True, True]
    """
    if context_window is None:
        return [True] * len(tags)
    kept = [False] * len(tags)
    for position, tag in enumerate(tags):
        if tag != OUTSIDE:
            first = max(0, position - context_window)
            kept[first : position + context_window + 1] = [True] * len(kept[first : position + context_window + 1])
    return kept


def parse(text: str, example: Example, gap_marker: str | None = None) -> tuple[list[TaggedWord], int]:
    """Read ``word(tag)`` pairs; the inverse of `GnerFormat.draft`.

    A text that spells source words in order with known tags, and nothing else, is read word by word, so that words such
    as ``H2(O)`` and types with brackets come back whole. Any other text is cut as the released scorer cuts it:
    everything up to the shortest ``(B-…)``, ``(I-…)`` or ``(O)`` is a word, and a tag without a word is skipped.

    Returns:
        The pairs, and the number of characters that belong to none, white space apart.

    Example:
        >>> water = Example(("H2(O)", "flows"), ("O", "O"), ("city",), "demo", "0")
        >>> parse("H2(O)(O) flows(O)", water)
        ([TaggedWord(word='H2(O)', tag='O'), TaggedWord(word='flows', tag='O')], 0)
        >>> parse("flows(O) to(O", water)
        ([TaggedWord(word='flows', tag='O')], 4)
    """
    pairs = _parse_template(text.strip(" \n"), example, gap_marker)
    if pairs is not None:
        return pairs, 0
    pairs = []
    unparsed = position = 0
    for match in WRITTEN_TAG.finditer(text):
        word = text[position : match.start()].strip()
        if gap_marker is not None:
            word = word.removeprefix(gap_marker).strip()
        if word:
            pairs.append(TaggedWord(word, match.group(1)))
        else:
            unparsed += len(match.group())
        position = match.end()
    return pairs, unparsed + len("".join(text[position:].split()))


def _parse_template(text: str, example: Example, gap_marker: str | None) -> list[TaggedWord] | None:
    """Read a text that is exactly what `draft` writes for some of the source words, or give None."""
    tag_pattern = _bracketed_tag(example.types)
    pairs: list[TaggedWord] = []
    position = 0
    for word in example.words:
        if gap_marker is not None and text.startswith(f"{gap_marker} ", position):
            position += len(gap_marker) + 1
        if not text.startswith(word, position):
            continue
        tag = tag_pattern.match(text, position + len(word))
        if tag:
            pairs.append(TaggedWord(word, tag.group(1)))
            position = tag.end()
    return pairs if text[position:] in ("", gap_marker) else None


@lru_cache(maxsize=1024)  # one entry per list of types, and type order is shuffled in training only
def _bracketed_tag(types: tuple[str, ...]) -> re.Pattern[str]:
    tags = "|".join(re.escape(tag) for tag in tags_of(types))
    return re.compile(rf"\(({tags})\)(?: |$)")
