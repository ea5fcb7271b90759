"""The UniversalNER format: a conversation about a text, with one question for each type (arXiv 2308.03279).

Prompts and answers are byte for byte those of the released code when the options keep their defaults.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Literal, get_args

from gner.alignment.strings import Rule, place_strings
from gner.bio import to_entities
from gner.errors import UserError
from gner.prompting.base import END, Format, Query, Segment
from gner.prompting.listed import AnswerGrammar, ListedEntity, ListItem, gold_strings, place_listed
from gner.prompting.option_checks import check_choice
from gner.prompting.uniner_parser import ASSISTANT, parse_list, parse_official
from gner.prompting.uniner_scorer import count_answers
from gner.records import Aligner, Alignment, AlignmentReport, Counts, Example, Prediction, TextRange

System = Literal["text", "paragraph"]
Negatives = Literal["frequency", "uniform"]
_READ = "I've read this text."
_RULE: Rule = "every occurrence"


class UniNerFormat(Format):
    """``What describes person in the text?`` is answered ``["Ada", "Grace Hopper"]``, for each type.

    A causal backbone is trained on one conversation a sentence, with all its questions; a seq2seq backbone on each
    question by itself. An answer is a JSON list of the strings of the entities in reading order; each string is an
    entity wherever it occurs in the sentence.

    Args:
        system: Whether the first line speaks of a ``text``, as the released code for inference does, or of a
            ``paragraph``, as that for training does.
        dataset_line: Put ``Dataset: <name>`` and a line break before the text, as the paper's supervised stage does.
        num_negative_types: In training, how many of the types that do not occur in a sentence are asked for; null asks
            for all. The released data has a number that is not known. At least one type is asked for in any sentence.
        negatives: How these are drawn: by their ``frequency`` in `type_frequencies`, as the paper does, or all with the
            same probability, ``uniform``.
        type_frequencies: How often each type occurs in the training data; a type that is not named counts as 1. Needed
            to draw by frequency, as a format sees one sentence at a time.
        shuffle_questions: In training, ask in random order; false asks in the order of the example's types.
        published_seam: Decode from a prompt that ends as that of the released code, for released weights. A model is
            trained on ``ASSISTANT: `` as a piece by itself, which ends in the token of a lone space, and never
            learns to write that token; the released code for inference leaves it out. Training is not changed for
            causal backbones.

    Example:
        >>> example = Example(("Ada", "saw", "Rome"), ("B-person", "O", "B-city"), ("person", "city"), "toy", "0")
        >>> print(UniNerFormat().queries(example)[1].prompt)  # doctest: +NORMALIZE_WHITESPACE
        A virtual assistant answers questions from a user based on the provided text. USER: Text: Ada saw Rome
        ASSISTANT: I've read this text.</s>USER: What describes city in the text? ASSISTANT:
        >>> [query.target for query in UniNerFormat().queries(example)]
        ['["Ada"]', '["Rome"]']
    """

    scorer = "uniner"

    def __init__(
        self,
        system: System = "text",
        *,
        dataset_line: bool = False,
        num_negative_types: int | None = None,
        negatives: Negatives = "frequency",
        type_frequencies: dict[str, int] | None = None,
        shuffle_questions: bool = True,
        published_seam: bool = False,
    ) -> None:
        check_choice("system", system, get_args(System))
        check_choice("negatives", negatives, get_args(Negatives))
        _check_numbers(num_negative_types, type_frequencies)
        if num_negative_types and negatives == "frequency" and not type_frequencies:
            raise UserError(
                f"Expected `type_frequencies`, as {num_negative_types} types that do not occur in a sentence are to be "
                "drawn by frequency, got null. Set model.format.init_args.type_frequencies to the number of entities "
                "of each type in the training data, which `python -m gner.data.check SOURCE` shows, or "
                "model.format.init_args.negatives to uniform."
            )
        self.system = system
        self.dataset_line = dataset_line
        self.num_negative_types = num_negative_types
        self.negatives = negatives
        self.type_frequencies = type_frequencies
        self.shuffle_questions = shuffle_questions
        self.published_seam = published_seam

    def queries(self, example: Example) -> list[Query]:
        """Write a prompt and an answer for each type, in the order of the types.

        The prompt is that of the released code, whole; for how it is tokenized see `query_segments`.
        """
        before = f"{self._text_turn(example)} {ASSISTANT} {_READ}{END}"
        prompts = [f"{before}{_question(entity_type)} {ASSISTANT}" for entity_type in example.types]
        return [Query(prompt, answer) for prompt, answer in zip(prompts, _answers(example), strict=True)]

    def num_queries(self, example: Example) -> int:
        """One for each type."""
        return len(example.types)

    def query_segments(self, example: Example) -> list[list[Segment]]:
        """The pieces that training tokenizes, up to a question and its answer.

        With `published_seam` those of the released code for inference, whose prompt is one text with an end token in
        the middle: what comes before that token, and the question with ``ASSISTANT:``.

        Example:
            >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
            >>> [segments] = UniNerFormat().query_segments(example)
            >>> [segment.text for segment in segments][1:4]
            ['ASSISTANT: ', "I've read this text.</s>", 'USER: What describes person in the text?']
            >>> [segment.text for segment in segments][4:]
            ['ASSISTANT: ', '["Ada"]']
            >>> [segments] = UniNerFormat(published_seam=True).query_segments(example)
            >>> [segment.text for segment in segments][1:]
            ['USER: What describes person in the text? ASSISTANT:', '["Ada"]']
        """
        answers = zip(example.types, _answers(example), strict=True)
        return [[*self._prompt(example, entity_type), Segment(answer, True)] for entity_type, answer in answers]

    def _prompt(self, example: Example, entity_type: str) -> list[Segment]:
        """The segments before an answer."""
        text, question = self._text_turn(example), _question(entity_type)
        if self.published_seam:
            pieces = [f"{text} {ASSISTANT} {_READ}{END}", f"{question} {ASSISTANT}"]
        else:
            pieces = [text, f"{ASSISTANT} ", f"{_READ}{END}", question, f"{ASSISTANT} "]
        return [Segment(piece, False) for piece in pieces]

    def _text_turn(self, example: Example) -> str:
        dataset = f"Dataset: {example.dataset}\n " if self.dataset_line else ""
        return (
            f"A virtual assistant answers questions from a user based on the provided {self.system}. "
            f"USER: {dataset}Text: {' '.join(example.words)}"
        )

    def training(self, example: Example, rng: random.Random) -> list[list[Segment]]:
        """Write one conversation: the text, and the questions that are asked with their answers.

        All that the assistant says is learned, that it has read the text too.

        Example:
            >>> tags = ("B-person", "O", "B-city")
            >>> example = Example(("Ada", "saw", "Rome"), tags, ("person", "club", "city"), "toy", "0")
            >>> form = UniNerFormat(num_negative_types=0)
            >>> [segments] = form.training(example, random.Random(0))
            >>> [segment.text for segment in segments if segment.learned]
            ["I've read this text.</s>", '["Rome"]</s>', '["Ada"]</s>']
        """
        answers = dict(zip(example.types, _answers(example), strict=True))
        turn = Segment(f"{ASSISTANT} ", False)
        segments = [Segment(self._text_turn(example), False), turn, Segment(f"{_READ}{END}", True)]
        for entity_type in self._asked(example, rng):
            segments += [Segment(_question(entity_type), False), turn, Segment(f"{answers[entity_type]}{END}", True)]
        return [segments]

    def seq2seq_training(self, example: Example, rng: random.Random) -> list[list[Segment]]:
        """Write each of these questions by itself, as `query_segments` does.

        Example:
            >>> tags = ("B-person", "O", "B-city")
            >>> example = Example(("Ada", "saw", "Rome"), tags, ("person", "club", "city"), "toy", "0")
            >>> sequences = UniNerFormat(num_negative_types=0).seq2seq_training(example, random.Random(0))
            >>> [segments[-1].text for segments in sequences]
            ['["Rome"]', '["Ada"]']
        """
        written = dict(zip(example.types, self.query_segments(example), strict=True))
        return [written[entity_type] for entity_type in self._asked(example, rng)]

    def _asked(self, example: Example, rng: random.Random) -> list[str]:
        """The types that training asks for, in the order of the questions."""
        found = {entity.type for entity in to_entities(example.tags)}
        present = [entity_type for entity_type in example.types if entity_type in found]
        absent = [entity_type for entity_type in example.types if entity_type not in found]
        if self.num_negative_types is not None:
            absent = self._draw(absent, max(self.num_negative_types, not present), rng)
        asked = {*present, *absent}
        order = [entity_type for entity_type in example.types if entity_type in asked]
        return rng.sample(order, len(order)) if self.shuffle_questions else order

    def _draw(self, types: Sequence[str], number: int, rng: random.Random) -> list[str]:
        """Draw types one after the other, each with a probability in proportion to its weight among those left.

        The first of several exponential clocks to ring is so distributed, and then the next (Efraimidis and Spirakis,
        2006).
        """
        frequencies = self.type_frequencies if self.negatives == "frequency" else None
        weights = {entity_type: max(1, (frequencies or {}).get(entity_type, 1)) for entity_type in types}
        clocks = {entity_type: rng.expovariate(weight) for entity_type, weight in weights.items()}
        return sorted(types, key=clocks.__getitem__)[:number]

    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        """Read the list that each text has; a string is an entity wherever it occurs.

        What is forgiven in lists: `gner.prompting.uniner_parser.parse_list`. Strings that occur nowhere are counted as
        ``unplaced``, characters outside of a list and items that are not strings as ``unparsed``.

        Example:
            >>> from gner.alignment import RobustAligner
            >>> example = Example(("Ada", "saw", "Rome"), ("O", "O", "O"), ("person", "city"), "toy", "0")
            >>> prediction = UniNerFormat().read(example, ['["Ada", "Eve"] it is', '["Rome", "Par'], RobustAligner())
            >>> prediction.tags, prediction.written[1]
            (('B-person', 'O', 'B-city'), TextRange(text=1, start=2, end=6))
            >>> prediction.report.unplaced, prediction.report.unparsed
            (1, 8)
        """
        listed: list[ListedEntity] = []
        unparsed = 0
        for row, (entity_type, text) in enumerate(zip(example.types, texts, strict=True)):
            parsed = parse_list(text)
            unparsed += parsed.unparsed
            listed += [
                ListedEntity(one.string, entity_type, TextRange(row, one.start, one.end)) for one in parsed.strings
            ]
        return place_listed(example, listed, _RULE, unparsed=unparsed)

    def read_official(self, example: Example, texts: Sequence[str], align: Aligner) -> Alignment:
        """The same of the strings that the released scorer reads. It has no places, so they are found as `read` does.

        Example:
            >>> from gner.alignment import OfficialAligner
            >>> example = Example(("Ada", "saw", "Rome"), ("O", "O", "O"), ("person", "city"), "toy", "0")
            >>> UniNerFormat().read_official(example, ['["Ada"] it is', '["Rome"'], OfficialAligner()).tags
            ('B-person', 'O', 'O')
        """
        strings: list[tuple[str, str]] = []
        unparsed = 0
        for entity_type, text in zip(example.types, texts, strict=True):
            parsed = parse_official(text)
            unparsed += parsed.unparsed
            strings += [(string, entity_type) for string in parsed.strings]
        prediction = place_strings(example.words, strings, _RULE).prediction(len(example.words))
        return Alignment(prediction.tags, prediction.report + AlignmentReport(unparsed=unparsed))

    def official_counts(self, example: Example, texts: Sequence[str], align: Aligner) -> Counts:
        """Distinct normalized strings of each question, wherever they are, as the released scorer counts them."""
        return count_answers(zip(_answers(example), texts, strict=True))

    def grammars(self, example: Example) -> list[AnswerGrammar]:
        """A JSON list for each type.

        Example:
            >>> example = Example(("Zoë",), ("B-person",), ("person",), "toy", "0")
            >>> [grammar] = UniNerFormat().grammars(example)
            >>> print(grammar.write([(grammar.items[0], "Zoë"), (grammar.items[0], "Ada")]))
            ["Zo\\u00eb", "Ada"]
        """
        items = [ListItem(entity_type, '"', '"', _escape) for entity_type in example.types]
        return [AnswerGrammar("[]", "[", (item,), ", ", "]") for item in items]

    def longest_answer(self, example: Example) -> str:
        """All words, each a string of its own."""
        return json.dumps(example.words)


def _question(entity_type: str) -> str:
    return f"USER: What describes {entity_type} in the text?"


def _answers(example: Example) -> list[str]:
    """For each type the list of its entities' strings."""
    strings: dict[str, list[str]] = {entity_type: [] for entity_type in example.types}
    for entity_type, string in gold_strings(example):
        if entity_type in strings:
            strings[entity_type].append(string)
    return [json.dumps(strings[entity_type]) for entity_type in example.types]


def _escape(string: str) -> str:
    return json.dumps(string)[1:-1]


def _check_numbers(num_negative_types: int | None, type_frequencies: dict[str, int] | None) -> None:
    if num_negative_types is not None and num_negative_types < 0:
        raise UserError(
            f"Expected `num_negative_types` >= 0 or null, got {num_negative_types}. "
            "Set model.format.init_args.num_negative_types."
        )
    for entity_type, frequency in (type_frequencies or {}).items():
        if frequency < 0:
            raise UserError(
                f"Expected frequencies of types >= 0, got {frequency} for {entity_type!r}. "
                "Set model.format.init_args.type_frequencies."
            )
