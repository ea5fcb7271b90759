"""The GNER format: every word is written back with its tag (arXiv 2402.16602).

Prompt and target are byte for byte those of the released checkpoints when the options keep their defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from gner.bio import OUTSIDE, keep_types, repair, to_entities
from gner.errors import UserError
from gner.prompting.base import Format
from gner.prompting.boundaries import BOUNDARIES, Boundaries, adjacent_entities, from_marks, spell, to_marks
from gner.prompting.context_window import is_widened, words_written
from gner.prompting.gner_parser import parse, parse_official
from gner.prompting.gner_scorer import count_pairs
from gner.prompting.instructions import INSTRUCTIONS, OFFICIAL_INSTRUCTION
from gner.prompting.option_checks import check_choice
from gner.prompting.query import Query
from gner.prompting.turns import AUTO, Turns, check_template, find_turns
from gner.records import Aligner, Alignment, AlignmentReport, Counts, Example, Prediction

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class GnerFormat(Format):
    """``John(B-person) explored(O) Tokyo(B-location)``.

    The prompt has the instruction, the types, a line for each type that is described, and the sentence.

    Args:
        instruction: Text above the list of types. The default is the paper's, which becomes one of its style where
            ``boundaries`` is not ``bio``; null leaves it out, which suits a backbone with random weights.
        dataset_line: Put ``Dataset: <name>.`` between types and sentence, as the paper's supervised stage does.
        extra_type: A type named in the prompt after the real ones and never used as a tag; the paper's supervised
            stage has ``else``.
        context_window: How many O-words are written on each side of an entity; null writes every word, 0 only
            entities. Words further away are left out. A sentence whose entities could then belong to other places of
            the same words gets the least window that tells them apart.
        gap_marker: Text written where words are left out, or null for none.
        boundaries: What tells where entities begin and end: ``bio`` or ``bioes`` tags, or ``none``, where a word has
            only its type, as in ``New(city) York(city)``.
        merge_adjacent: Without boundaries, two entities of one type side by side are read as one, so a sentence with
            gold ones is refused; true writes it nevertheless, and the log counts such sentences.
        causal_template: How a causal backbone gets the prompt. ``auto`` is its tokenizer's chat template or, without
            one, ``[INST] {prompt} [/INST]``, which the released checkpoints were trained with; ``chat`` asks for the
            tokenizer's; ``plain`` is the prompt as it is, for base models; or a text that holds ``{prompt}`` once.
        system_prompt: Text of the chat's system turn; null leaves it to the chat template.

    Example:
        >>> tags = ("O", "O", "O", "B-city", "O")
        >>> example = Example(("Ada", "never", "saw", "Paris", "."), tags, ("city",), "toy", "0")
        >>> GnerFormat().queries(example)[0].target
        'Ada(O) never(O) saw(O) Paris(B-city) .(O)'
        >>> GnerFormat(context_window=1, gap_marker="...").queries(example)[0].target
        '... saw(O) Paris(B-city) .(O)'
        >>> GnerFormat(context_window=0, boundaries="none").queries(example)[0].target
        'Paris(city)'
    """

    scorer = "gner"

    def __init__(
        self,
        instruction: str | None = OFFICIAL_INSTRUCTION,
        *,
        dataset_line: bool = False,
        extra_type: str | None = None,
        context_window: int | None = None,
        gap_marker: str | None = None,
        boundaries: Boundaries = "bio",
        merge_adjacent: bool = False,
        causal_template: str = AUTO,
        system_prompt: str | None = None,
    ) -> None:
        check_template(causal_template)
        if context_window is not None and context_window < 0:
            raise UserError(
                f"Expected `context_window` >= 0 or null, got {context_window}. "
                "Set model.format.init_args.context_window."
            )
        if gap_marker is not None and (not gap_marker.strip() or any(bracket in gap_marker for bracket in "()")):
            raise UserError(
                f"Expected a `gap_marker` with some text and without brackets, or null, got {gap_marker!r}. "
                "Set model.format.init_args.gap_marker."
            )
        check_choice("boundaries", boundaries, BOUNDARIES)
        self.instruction = INSTRUCTIONS[boundaries] if instruction == OFFICIAL_INSTRUCTION else instruction
        self.dataset_line = dataset_line
        self.extra_type = extra_type
        self.context_window = context_window
        self.gap_marker = gap_marker
        self.boundaries = boundaries
        self.merge_adjacent = merge_adjacent
        self.causal_template = causal_template
        self.system_prompt = system_prompt

    def turns(self, tokenizer: PreTrainedTokenizerBase | None) -> Turns:
        """Those of the template."""
        return find_turns(self.causal_template, self.system_prompt, tokenizer)

    def queries(self, example: Example) -> list[Query]:
        """Write the one prompt of an example and its answer.

        Example:
            >>> song = Example(("Yesterday",), ("O",), ("song",), "toy", "0", descriptions=(("song", "a title"),))
            >>> [query] = GnerFormat(None, extra_type="else", dataset_line=True).queries(song)
            >>> print(query.prompt)
            Use the specific entity tags: song, else and O.
            song: a title
            Dataset: toy.
            Sentence: Yesterday
        """
        return [Query(self._prompt(example), self.draft(example, example.tags))]

    def num_queries(self, example: Example) -> int:
        """One."""
        return 1

    def _prompt(self, example: Example) -> str:
        types = [*example.types, self.extra_type] if self.extra_type else example.types
        lines = [f"Use the specific entity tags: {', '.join(types)} and O."]
        if self.instruction is not None:
            lines.insert(0, self.instruction)
        lines += [f"{entity_type}: {description}" for entity_type, description in example.descriptions]
        if self.dataset_line:
            lines.append(f"Dataset: {example.dataset}.")
        return "\n".join([*lines, f"Sentence: {' '.join(example.words)}"])

    def draft(self, example: Example, tags: Sequence[str]) -> str:
        """Write the words with these tags, leaving out what the context window leaves out.

        What is written can be read back exactly, because everything else is refused.

        Args:
            example: Its words are written.
            tags: One BIO tag per word, whatever ``boundaries`` is.

        Raises:
            ValueError: There is not one tag per word.
            UserError: A type has an opening bracket without a closing one or the other way round, or a word has a
                space inside while a context window is set; without boundaries, a type is ``O``, or two entities of one
                type are side by side and ``merge_adjacent`` is false.

        Example:
            >>> example = Example(("us", "in", "US"), ("O", "O", "B-country"), ("country",), "toy", "0")
            >>> GnerFormat(context_window=0).draft(example, example.tags)  # a lone `US` could be either word
            'in(O) US(B-country)'
            >>> GnerFormat(boundaries="bioes").draft(example, example.tags)
            'us(O) in(O) US(S-country)'
        """
        text = self.draft_marks(example, to_marks(tags, self.boundaries))
        self._check_adjacent(example, tags)
        return text

    def draft_marks(self, example: Example, marks: Sequence[str]) -> str:
        """The same for marks, with entities side by side or without.

        Example:
            >>> example = Example(("Rome", "Oslo"), ("B-city", "B-city"), ("city",), "toy", "0")
            >>> GnerFormat(boundaries="none").draft_marks(example, ["I-city", "I-city"])
            'Rome(city) Oslo(city)'
        """
        if len(marks) != len(example.words):
            raise ValueError(f"Expected {len(example.words)} tags, got {len(marks)}.")
        self._check_readable(example)
        kept = words_written(example.words, marks, self.context_window)
        parts: list[str] = []
        for word, mark, keep, kept_before in zip(example.words, marks, kept, [True, *kept], strict=False):
            if keep:
                parts.append(f"{word}({spell(mark, self.boundaries)})")
            elif kept_before and self.gap_marker is not None:
                parts.append(self.gap_marker)
        return " ".join(parts)

    def remark(self, examples: Sequence[Example]) -> str | None:
        """How many sentences get a wider context window than the option says, and how many cannot be read back."""
        window = self.context_window
        remarks: list[str] = []
        num_wider = sum(is_widened(example.words, example.tags, window) for example in examples)
        if num_wider:
            remarks.append(
                f"{num_wider:,} of {len(examples):,} sentences are written with a wider context_window than {window}, "
                "as their entities could otherwise belong to other places of the same words."
            )
        num_merged = sum(adjacent_entities(example.tags) is not None for example in examples)
        if num_merged and self.boundaries == "none":
            remarks.append(
                f"{num_merged:,} of {len(examples):,} sentences have entities of one type side by side, which are read "
                "as one without boundaries."
            )
        return " ".join(remarks) or None

    def _check_adjacent(self, example: Example, tags: Sequence[str]) -> None:
        if self.boundaries != "none" or self.merge_adjacent:
            return
        place = adjacent_entities(tags)
        if place is not None:
            raise UserError(
                f"{example.source}: in the sentence that starts here, word {place + 1}, `{example.words[place]}`, "
                "begins an entity next to another one of its type, and without boundaries the two would be read as "
                "one. Set model.format.init_args.merge_adjacent to true to have such entities written as one, or "
                "model.format.init_args.boundaries to bio or bioes."
            )

    def _check_readable(self, example: Example) -> None:
        if self.boundaries == "none" and OUTSIDE in example.types:
            raise UserError(
                f"{example.source}: the type `{OUTSIDE}` of the dataset `{example.dataset}` is written like a word "
                "outside of all entities. Rename the type, or set model.format.init_args.boundaries to bio."
            )
        for entity_type in example.types:
            if not is_balanced(entity_type):
                raise UserError(
                    f"{example.source}: the type `{entity_type}` of the dataset `{example.dataset}` has a round "
                    "bracket without its counterpart, so the end of its tag would be ambiguous. Rename the type in "
                    f"label.txt and in the data, or with `types: {{{entity_type!r}: NAME}}` of a source."
                )
        if self.context_window is not None:
            for word in example.words:
                if " " in word:
                    raise UserError(
                        f"{example.source}: in the sentence that starts here, the word `{word}` has a space inside, so "
                        "with a context window it would be read as two words. Split it, or set "
                        "model.format.init_args.context_window to null."
                    )

    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        """Parse ``word(tag)`` pairs, lay them on the source words, and make the tags valid IOB2.

        Example:
            >>> from gner.alignment import RobustAligner
            >>> example = Example(("in", "New", "York"), ("O", "O", "O"), ("city",), "toy", "0")
            >>> prediction = GnerFormat().read(example, ["in(O) New(I-city) Yrok(I-city) now(B-date)"], RobustAligner())
            >>> prediction.tags, prediction.places
            (('O', 'B-city', 'I-city'), ((3, 4), (10, 16), (23, 29)))
            >>> prediction.report.substitutions, prediction.report.unknown_tags, prediction.report.repaired_tags
            (1, 1, 1)
        """
        [text] = texts
        marker, boundaries = self.gap_marker, self.boundaries
        written, unparsed, places = parse(text, example.words, example.types, marker, boundaries=boundaries)
        aligned, report, origins = _align_known(example, written, align)
        tags, num_repaired = repair(self._joined(aligned))
        if num_repaired or unparsed:
            report += AlignmentReport(repaired_tags=num_repaired, unparsed=unparsed)
        of_words = tuple([None if origin is None else places[origin] for origin in origins])
        return Prediction(tags, tuple(to_entities(tags)), report, of_words)

    def read_official(self, example: Example, texts: Sequence[str], align: Aligner) -> Alignment:
        """The same with the extraction of the released scorer, and without a repair.

        That scorer knows BIO tags only, and no gaps; other texts are converted for it.
        """
        [text] = texts
        written = parse_official(text, example.types, self.gap_marker, boundaries=self.boundaries)
        alignment = _align_known(example, written, align)
        return alignment._replace(tags=self._joined(alignment.tags))

    def _joined(self, tags: tuple[str, ...]) -> tuple[str, ...]:
        """Without boundaries, words of one type side by side are an entity, now that all have their places."""
        return from_marks(to_marks(tags, "none"), "none") if self.boundaries == "none" else tags

    def official_counts(self, example: Example, texts: Sequence[str], align: Aligner) -> Counts:
        """Distinct pairs of normalised text and type, as the released scorer counts them."""
        return count_pairs(example.words, example.tags, self.read_official(example, texts, align).tags)

    def writable(self, entity_type: str) -> str:
        """Without round brackets, if they do not pair up."""
        if is_balanced(entity_type):
            return entity_type
        return " ".join(entity_type.replace("(", " ").replace(")", " ").split())


def _align_known(example: Example, written: Sequence[tuple[str, str]], align: Aligner) -> Alignment:
    """Lay words on words, with O for tags that the example does not have."""
    known, num_unknown = keep_types([tag for _, tag in written], example.types)
    if not num_unknown:
        return align(example.words, written)
    words = [word for word, _ in written]
    alignment = align(example.words, list(zip(words, known, strict=True)))
    return alignment._replace(report=alignment.report + AlignmentReport(unknown_tags=num_unknown))


@lru_cache(maxsize=4096)
def is_balanced(entity_type: str) -> bool:
    """Whether every opening round bracket has its closing one, so that the end of a tag is unambiguous."""
    depth = 0
    for character in entity_type:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0
