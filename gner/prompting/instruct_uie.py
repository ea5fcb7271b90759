"""The format of InstructUIE: one prompt, answered with a list of types and strings (arXiv 2304.08085).

Prompt and answer are byte for byte those of the published code.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from string import Formatter
from typing import Literal, get_args

from gner.errors import UserError
from gner.prompting.base import Format, Query, Segment
from gner.prompting.instruct_uie_parser import ParsedList, parse_list, parse_official
from gner.prompting.instruct_uie_scorer import NOTHING, answer_items, count_items
from gner.prompting.listed import AnswerGrammar, ListItem, gold_strings, place_listed
from gner.prompting.option_checks import check_choice
from gner.records import Aligner, Alignment, Counts, Example, Prediction

_PAIRS = 'Output format is "type1: word1; type2: word2". \n'
INSTRUCTIONS = (
    f"Please list all entity words in the text that fit the category.{_PAIRS}",
    f"Please find all the entity words associated with the category in the given text.{_PAIRS}",
    f"Please tell me all the entity words in the text that belong to a given category.{_PAIRS}",
)
SPANS_INSTRUCTION = (
    'Please list all entity words in the text that fit the category. Output format is "word1, word2". \n'
)
TYPES_INSTRUCTION = f"Given options, please tell me the categories of all the listed entity words.{_PAIRS}"
Instruction = Literal["single", "second", "third", "multiple"]
_PLACES: dict[Instruction, int] = {"second": 1, "third": 2}  # among INSTRUCTIONS; the others ask with the first
_NONE = " None"
Task = Literal["NER", "ES", "ET"]


class InstructUieFormat(Format):
    """`` person: Ada; place: London``, or `` None``.

    Nothing is escaped, so a name with ``;`` is ambiguous. `read` resolves it by the sentence; the published scorer
    splits it, in gold answers too.

    Args:
        instruction: Which of the three published instructions the prompt has: ``single``, the first, ``second``,
            ``third``, or ``multiple``, which trains on one of the three, drawn anew for each sentence in each epoch,
            and asks with the first.
        task_name: Put ``Task:NER`` in the first line.
        dataset_name: Put ``Dataset:<name>`` in the line after it.
        auxiliary: Probability with which training reads, besides a sentence, each of two tasks about it: to list its
            entities without types, and to tell the types of its entities. Published trainings use 0.3.
        published_braces: Whether a type with a brace spoils the prompt as in the published code, which then has a
            literal ``{0}`` in place of the text. False writes the text whatever the types are.

    Example:
        >>> example = Example(("Ada", "saw", "Rome"), ("B-person", "O", "B-city"), ("person", "city"), "toy", "0")
        >>> [query] = InstructUieFormat(dataset_name=True).queries(example)
        >>> print(query.prompt + query.target)  # doctest: +NORMALIZE_WHITESPACE
        Dataset:toy
        Please list all entity words in the text that fit the category.Output format is "type1: word1; type2: word2".
        Option: person, city
        Text: Ada saw Rome
        Answer: person: Ada; city: Rome
    """

    scorer = "instructuie"
    variants = ("instructuie_without_none",)
    answer_start = " "

    def __init__(
        self,
        instruction: Instruction = "single",
        *,
        task_name: bool = False,
        dataset_name: bool = False,
        auxiliary: float = 0.0,
        published_braces: bool = False,
    ) -> None:
        check_choice("instruction", instruction, get_args(Instruction))
        if not 0 <= auxiliary <= 1:
            raise UserError(
                f"Expected `auxiliary`, a probability, from 0 to 1, got {auxiliary}. "
                "Set model.format.init_args.auxiliary."
            )
        self.instruction = instruction
        self.task_name = task_name
        self.dataset_name = dataset_name
        self.auxiliary = auxiliary
        self.published_braces = published_braces

    def queries(self, example: Example) -> list[Query]:
        """Write the one prompt of an example and its answer.

        Example:
            >>> example = Example(("Ada", "slept"), ("O", "O"), ("person",), "toy", "0")
            >>> InstructUieFormat("multiple").queries(example) == InstructUieFormat().queries(example)
            True
            >>> InstructUieFormat().queries(example)[0].target
            ' None'
        """
        instruction = INSTRUCTIONS[_PLACES.get(self.instruction, 0)]
        return [Query(self._prompt(example, "NER", instruction), typed_answer(example))]

    def num_queries(self, example: Example) -> int:
        """One."""
        return 1

    def training(self, example: Example, rng: random.Random) -> list[list[Segment]]:
        """The prompt with its answer, and those of the auxiliary tasks that are drawn.

        Example:
            >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
            >>> sequences = InstructUieFormat(auxiliary=1.0).training(example, random.Random(0))
            >>> [answer.text for _, answer in sequences]
            [' person: Ada', ' Ada', ' person: Ada']
        """
        [query] = self.queries(example)
        sequences = [query]
        if self.instruction == "multiple":
            sequences = [query._replace(prompt=self._prompt(example, "NER", rng.choice(INSTRUCTIONS)))]
        if rng.random() < self.auxiliary:
            spans = " " + ", ".join(entity_strings(example)) if query.target != _NONE else _NONE
            sequences.append(Query(self._prompt(example, "ES", SPANS_INSTRUCTION), spans))
        if rng.random() < self.auxiliary:
            sequences.append(Query(self._prompt(example, "ET", TYPES_INSTRUCTION), query.target))
        return [[Segment(one.prompt, False), Segment(one.target, True)] for one in sequences]

    def _prompt(self, example: Example, task: Task, instruction: str) -> str:
        start = f"Task:{task}\n" if self.task_name else ""
        if self.dataset_name:
            start += f"Dataset:{example.dataset}\n"
        start += f"{instruction}Option: {', '.join(example.types)} \nText: "
        entities = f" Entities: {', '.join(entity_strings(example))} \n" if task == "ET" else ""
        end = f" \n{entities}Answer:"
        text = " ".join(example.words)
        return put_in_as_published(f"{start}{{0}}{end}", text) if self.published_braces else f"{start}{text}{end}"

    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        """Read the list, and find each string at the next place where it stands.

        Example:
            >>> example = Example(("Ada", "saw", "New", "York"), ("O",) * 4, ("person", "city"), "toy", "0")
            >>> prediction = InstructUieFormat().read(example, [" person: Ada; City: New York; city: Rome;"], None)
            >>> prediction.tags, prediction.report.unplaced
            (('B-person', 'O', 'B-city', 'I-city'), 1)
        """
        [text] = texts
        return _place(example, parse_list(text, example.words, example.types))

    def read_official(self, example: Example, texts: Sequence[str], align: Aligner) -> Alignment:
        """The same of the items that the published scorer sees, which has no positions of its own."""
        [text] = texts
        prediction = _place(example, parse_official(text, example.types))
        return Alignment(prediction.tags, prediction.report)

    def official_counts(self, example: Example, texts: Sequence[str], align: Aligner) -> Counts:
        """Distinct normalised items; a text without entities is one item, ``none``.

        The texts are counted as they are given. The published code decodes them with ``clean_up_tokenization_spaces``,
        which removes spaces before some signs; what is lost by that is not reproduced.

        Example:
            >>> example = Example(("Ada", "slept"), ("O", "O"), ("person",), "toy", "0")
            >>> InstructUieFormat().official_counts(example, ["none; person: Ada"], None)
            Counts(num_correct=1, num_predicted=2, num_gold=1)
        """
        return count_items(answer_items(typed_answer(example)), answer_items(texts[0]))

    def variant_counts(self, example: Example, texts: Sequence[str]) -> tuple[Counts, ...]:
        """The same without ``none`` and empty items, as UniversalNER's authors evaluated it.

        Example:
            >>> example = Example(("Ada", "slept"), ("O", "O"), ("person",), "toy", "0")
            >>> InstructUieFormat().variant_counts(example, ["none; person: Ada"])
            (Counts(num_correct=0, num_predicted=1, num_gold=0),)
        """
        return (count_items(answer_items(typed_answer(example)) - NOTHING, answer_items(texts[0]) - NOTHING),)

    def grammars(self, example: Example) -> list[AnswerGrammar]:
        """One list of all types; where a name has ``;``, it can be written in two ways."""
        items = tuple([ListItem(entity_type, f"{entity_type}: ", "", str) for entity_type in example.types])
        return [AnswerGrammar(_NONE, " ", items, "; ", "")]

    def longest_answer(self, example: Example) -> str:
        """Each word as an entity of the type with the longest name."""
        longest = max(example.types, key=len, default="")
        answer = " " + "; ".join(f"{longest}: {word}" for word in example.words)
        return max(answer, _NONE, key=len)


def _place(example: Example, parsed: ParsedList) -> Prediction:
    return place_listed(
        example, parsed.entities, "next place", unknown_types=parsed.unknown_types, unparsed=parsed.unparsed
    )


def entity_strings(example: Example) -> list[str]:
    """The strings of the gold entities in reading order, repeats kept.

    Example:
        >>> entity_strings(Example(("New", "York", "!"), ("B-city", "I-city", "O"), ("city",), "toy", "0"))
        ['New York']
    """
    return [string for _, string in gold_strings(example)]


def typed_answer(example: Example) -> str:
    """The right answer.

    Example:
        >>> typed_answer(Example(("New", "York", "!"), ("B-city", "I-city", "O"), ("city",), "toy", "0"))
        ' city: New York'
    """
    items = [f"{entity_type}: {string}" for entity_type, string in gold_strings(example)]
    return " " + "; ".join(items) if items else _NONE


def put_in_as_published(template: str, text: str) -> str:
    """Put a text in place of ``{0}``, or leave the template as it is if it has any other brace that has a meaning.

    The published code formats a string that has the types in it, and ignores the error that a brace can cause.

    Example:
        >>> put_in_as_published("Option: {{a}}, b Text: {0}", "Ada"), put_in_as_published("Option: {a Text: {0}", "Ada")
        ('Option: {a}, b Text: Ada', 'Option: {a Text: {0}')
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        return template
    fields = {part[1:] for part in parts}
    if not fields <= {("0", "", None), (None, None, None)}:
        return template
    return "".join(before + (text if name == "0" else "") for before, name, _, _ in parts)
