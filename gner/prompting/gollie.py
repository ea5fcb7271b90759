"""The GoLLIE format: types are Python classes with guidelines, entities their instances (arXiv 2310.03668).

Prompt and answer are byte for byte those of the released code. Training differs in one thing: where the name of a class
is a part of another's, masking it leaves the other's alone; theirs changes it in the prompt but not in the answer.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from gner.bio import draw_types
from gner.errors import UserError
from gner.prompting.base import Format, Query, Segment
from gner.prompting.class_names import class_names
from gner.prompting.gollie_parser import parse_answer
from gner.prompting.gollie_prompt import (
    LIST_END,
    LIST_START,
    NO_ENTITIES,
    ClassDefinition,
    frames,
    mask_names,
    write_answer,
    write_prompt,
)
from gner.prompting.gollie_scorer import OfficialAnswer, count_entities, read_as_published
from gner.prompting.listed import AnswerGrammar, ListedEntity, ListItem, gold_strings, place_listed
from gner.prompting.visible import num_visible
from gner.records import Aligner, Alignment, AlignmentReport, Counts, Example, Prediction, TextRange

_MOST_NAMED = 10


class GollieFormat(Format):
    """``[Person(span="Ada"), City(span="Rome")]``, with a class for each type in the prompt.

    Guidelines are the descriptions of the types. A type without one has a class without a docstring.

    Args:
        baseline: Leave guidelines and examples out, as GoLLIE's baseline does.
        examples: Names of entities of some types, for the comment in their class.
        num_examples: How many of them are written: the first ones, in training any.
        paraphrases: Further guidelines of some types. Training takes any guideline of a type; otherwise the
            description is used, or without one the first paraphrase.
        shuffle_classes: Put the classes into random order in training.
        drop_guidelines: Probability in training of leaving a class out, its entities vanishing; at least one class
            always stays. GoLLIE: 0.15; 0 for CrossNER. `data.regularization.drop_type` does the same for any format.
        mask_class_names: Probability in training of calling a class ``LABEL_1`` and so on, also where its name is in
            guidelines; only if it has a guideline or examples. GoLLIE: 0.15, 0.5 and 0.75 in the first, second and
            third epoch.

    Example:
        >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person", "sea port"), "toy", "0")
        >>> [query] = GollieFormat(baseline=True).queries(example)
        >>> print(query.prompt + query.target, end="")
        # The following lines describe the task definition
        @dataclass
        class Person(Entity):
            span: str
        <BLANKLINE>
        <BLANKLINE>
        @dataclass
        class SeaPort(Entity):
            span: str
        <BLANKLINE>
        <BLANKLINE>
        # This is the text to analyze
        text = "Ada slept"
        <BLANKLINE>
        # The annotation instances that take place in the text above are listed here
        result = [
            Person(span="Ada"),
        ]
    """

    scorer = "gollie"
    answer_start = " "

    def __init__(
        self,
        *,
        baseline: bool = False,
        examples: dict[str, list[str]] | None = None,
        num_examples: int = 5,
        paraphrases: dict[str, list[str]] | None = None,
        shuffle_classes: bool = True,
        drop_guidelines: float = 0.15,
        mask_class_names: float = 0.5,
    ) -> None:
        if num_examples < 0:
            raise UserError(
                f"Expected `num_examples` >= 0, got {num_examples}. Set model.format.init_args.num_examples."
            )
        if not 0 <= drop_guidelines < 1:
            raise UserError(
                f"Expected 0 <= `drop_guidelines` < 1, got {drop_guidelines}. "
                "Set model.format.init_args.drop_guidelines."
            )
        if not 0 <= mask_class_names <= 1:
            raise UserError(
                f"Expected 0 <= `mask_class_names` <= 1, got {mask_class_names}. "
                "Set model.format.init_args.mask_class_names."
            )
        _check_texts("examples", examples)
        _check_texts("paraphrases", paraphrases)
        self.baseline = baseline
        self.examples = examples
        self.num_examples = num_examples
        self.paraphrases = paraphrases
        self.shuffle_classes = shuffle_classes
        self.drop_guidelines = drop_guidelines
        self.mask_class_names = mask_class_names

    def queries(self, example: Example) -> list[Query]:
        """Write the one prompt of an example and its answer.

        Example:
            >>> song = Example(("Yesterday",), ("O",), ("song",), "toy", "0", descriptions=(("song", "Its title."),))
            >>> [query] = GollieFormat(examples={"song": ["Help!", "Let It Be"]}).queries(song)
            >>> print("\\n".join(query.prompt.split("\\n")[1:6]))
            @dataclass
            class Song(Entity):
                \"""Its title.\"""
            <BLANKLINE>
                span: str  # Such as: "Help!", "Let It Be"
        """
        names = class_names(example.types).names
        definitions = [self._definition(example, entity_type) for entity_type in example.types]
        answer = write_answer([(names[entity_type], string) for entity_type, string in gold_strings(example)])
        return [Query(write_prompt(definitions, _text(example)), answer)]

    def num_queries(self, example: Example) -> int:
        """One."""
        return 1

    def training(self, example: Example, rng: random.Random) -> list[list[Segment]]:
        """The same with classes in another order, left out or with other names, as the options say."""
        types = draw_types(example.types, self.drop_guidelines, rng)
        if self.shuffle_classes:
            rng.shuffle(types)
        definitions = [self._definition(example, entity_type, rng) for entity_type in types]
        definitions, masks = mask_names(definitions, self.mask_class_names, rng)
        names = class_names(example.types).names
        listed = [(names[entity_type], string) for entity_type, string in gold_strings(example) if entity_type in types]
        answer = write_answer([(masks.get(name, name), string) for name, string in listed])
        return [[Segment(write_prompt(definitions, _text(example)), False), Segment(answer, True)]]

    def _definition(self, example: Example, entity_type: str, rng: random.Random | None = None) -> ClassDefinition:
        """The class of a type; with a generator, what training writes this time."""
        name = class_names(example.types).names[entity_type]
        if self.baseline:
            return ClassDefinition(name)
        guidelines = self._guidelines(example, entity_type)
        examples = (self.examples or {}).get(entity_type, [])
        number = min(self.num_examples, len(examples))
        if rng is None:
            return ClassDefinition(name, next(iter(guidelines), None), tuple(examples[:number]))
        guideline = rng.choice(guidelines) if guidelines else None
        return ClassDefinition(name, guideline, tuple(rng.sample(examples, number)))

    def _guidelines(self, example: Example, entity_type: str) -> list[str]:
        described = [text for kind, text in example.descriptions if kind == entity_type]
        texts = described + (self.paraphrases or {}).get(entity_type, [])
        return [text for text in texts if text.strip()]

    def remark(self, examples: Sequence[Example]) -> str | None:
        """Which types have no guideline, and which guidelines and examples no type.

        Example:
            >>> example = Example(("Ada",), ("O",), ("person",), "toy", "0")
            >>> print(GollieFormat(examples={"persn": ["Bo"]}).remark([example]))
            1 of 1 types have no guideline: `person`. Give `descriptions` of a source, or set baseline.
            No sentence offers a type of model.format: `persn`.
        """
        if self.baseline:
            return None
        guided = self._are_guided(examples)
        without = [entity_type for entity_type, is_guided in guided.items() if not is_guided]
        named = {**(self.examples or {}), **(self.paraphrases or {})}
        unknown = [entity_type for entity_type in named if entity_type not in guided]
        remarks: list[str] = []
        if without:
            remarks.append(
                f"{len(without):,} of {len(guided):,} types have no guideline: {_some(without)}. "
                "Give `descriptions` of a source, or set baseline."
            )
        if unknown:
            remarks.append(f"No sentence offers a type of model.format: {_some(unknown)}.")
        return "\n".join(remarks) or None

    def _are_guided(self, examples: Sequence[Example]) -> dict[str, bool]:
        """Whether each type of some sentences has a guideline."""
        distinct = {(example.types, example.descriptions): example for example in examples}
        guided: dict[str, bool] = {}
        for example in distinct.values():
            guided.update({entity_type: bool(self._guidelines(example, entity_type)) for entity_type in example.types})
        return guided

    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        """Read the calls in a list, and put their strings on words in the order of writing.

        Example:
            >>> from gner.alignment import RobustAligner
            >>> example = Example(("Ada", "in", "Rome"), ("O", "O", "O"), ("person", "city"), "toy", "0")
            >>> text = ' [Person(span="Ada"), city("Rome"), Dog("Rex"), Person(span="Bo'
            >>> prediction = GollieFormat().read(example, [text], RobustAligner())
            >>> prediction.tags, [text[start:end] for _, start, end in prediction.written]
            (('B-person', 'O', 'B-city'), ['Person(span="Ada"', 'city("Rome"'])
            >>> prediction.report.unknown_tags, prediction.report.unparsed  # Dog, and what is cut
            (1, 15)
        """
        [text] = texts
        entities, unparsed = parse_answer(text)
        classes = class_names(example.types)
        listed: list[ListedEntity] = []
        for name, string, start, end in entities:
            entity_type = classes.find(name)
            if entity_type is not None:
                listed.append(ListedEntity(string, entity_type, TextRange(0, start, end)))
        unknown_types = len(entities) - len(listed)
        return place_listed(example, listed, "next place", unknown_types=unknown_types, unparsed=unparsed)

    def read_official(self, example: Example, texts: Sequence[str], align: Aligner) -> Alignment:
        """What the released code keeps of an answer, put on words in the order of writing.

        What it drops is counted as ``unplaced``, a text that it cannot read as ``unparsed``.
        """
        answer = _as_published(example, texts)
        listed = [ListedEntity(string, kind, TextRange(0, 0, 0)) for kind, string in answer.entities]
        unparsed = num_visible(texts[0]) if answer.parse_error else 0
        placed = place_listed(example, listed, "next place", unparsed=unparsed)
        return Alignment(placed.tags, placed.report + AlignmentReport(unplaced=answer.num_hallucinated))

    def official_counts(self, example: Example, texts: Sequence[str], align: Aligner) -> Counts:
        """Pairs of class and string, as the released scorer counts them."""
        return count_entities(gold_strings(example), _as_published(example, texts).entities)

    def grammars(self, example: Example) -> list[AnswerGrammar]:
        """A list of calls; a string with double quotes may be written in single ones, a long one in a line of its own.

        Example:
            >>> example = Example(("Ada", "slept"), ("O", "O"), ("person",), "toy", "0")
            >>> [grammar] = GollieFormat().grammars(example)
            >>> print(grammar.write([(grammar.items[0], "Ada")]), end="")
             [
                Person(span="Ada"),
            ]
        """
        names = class_names(example.types).names
        items: list[ListItem] = []
        for entity_type in example.types:
            written = frames(names[entity_type], _text(example))
            items += [ListItem(entity_type, frame.before, frame.after, frame.escape) for frame in written]
        return [AnswerGrammar(NO_ENTITIES, LIST_START, tuple(items), "", LIST_END)]

    def longest_answer(self, example: Example) -> str:
        """Every word an entity of the class with the longest name."""
        name = max(class_names(example.types).types, key=len, default="")
        # A word alone may need fewer backslashes than within a string that also has quotes of the other kind.
        return write_answer([(name, word) for word in example.words]) + r"\"" * _text(example).count('"')


def _text(example: Example) -> str:
    return " ".join(example.words)


def _as_published(example: Example, texts: Sequence[str]) -> OfficialAnswer:
    [text] = texts
    return read_as_published(text, class_names(example.types).types, example.words)


def _some(types: Sequence[str]) -> str:
    """The first few types, for messages."""
    named = [f"`{entity_type}`" for entity_type in types[:_MOST_NAMED]]
    if len(types) > _MOST_NAMED:
        named.append("...")
    return ", ".join(named)


def _check_texts(option: str, value: object) -> None:
    """Refuse what is not a mapping of types to lists of texts."""
    expected = f"Expected `{option}` to be a mapping of types to lists of texts"
    advice = f"Set model.format.init_args.{option}."
    if value is not None and not isinstance(value, dict):
        raise UserError(f"{expected}, or null, got {value!r}. {advice}")
    for entity_type, texts in (value or {}).items():
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise UserError(f"{expected}, got {texts!r} for `{entity_type}`. {advice}")
