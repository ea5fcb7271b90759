"""Forced words: the tags are those that enumerating all of them finds."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest
import torch

from gner.alignment.postprocess import PostProcessor
from gner.bio import find_fault, tags_of
from gner.decoding import Constrained
from gner.decoding.log_probs import token_log_probs
from gner.decoding.predictor import GenerativePredictor
from gner.errors import UserError
from gner.interfaces import Kind
from gner.prompting import GnerFormat, UniNerFormat
from gner.records import Example
from gner.testing import TinyModel, make_examples, tiny_model
from tests.decoding.networks import NETWORKS, with_network
from tests.prompting.questions import QuestionFormat

KINDS = (Kind.SEQ2SEQ, Kind.CAUSAL)
pytestmark = pytest.mark.usefixtures("no_gradients")
Language = dict[tuple[int, ...], float]
"""Log-probability of every beginning of every text that is allowed."""


def _example(words: str) -> Example:
    split = tuple(words.split())
    return Example(split, ("O",) * len(split), ("person", "big place"), "toy", "0")


def _answers(model: TinyModel, example: Example) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Every valid sequence of tags, and the tokens of its text as training would cut it."""
    sequences = product(tags_of(example.types), repeat=len(example.words))
    valid = [tags for tags in sequences if find_fault(tags, "IOB2") is None]
    encoded = model.collate.encode([replace(example, tags=tags) for tags in valid])
    return {tags: tuple(row.answer) for tags, row in zip(valid, encoded, strict=True)}


def _language(model: TinyModel, example: Example, answers: Sequence[tuple[int, ...]]) -> Language:
    batch = model.batch([example] * len(answers))
    language: Language = {(): 0.0}
    for tokens, values in zip(answers, token_log_probs(model.network, batch, list(map(list, answers))), strict=True):
        for length in range(1, len(tokens) + 1):
            language[tokens[:length]] = language[tokens[: length - 1]] + values[length - 1]
    return language


def _token_level_beam(language: Language, answers: Sequence[tuple[int, ...]], width: int) -> float:
    """The best log-probability that beam search finds which keeps so many beginnings after every token."""
    ends = set(answers)
    following: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for beginning in language:
        if beginning:
            following.setdefault(beginning[:-1], []).append(beginning)
    beams, best = [()], float("-inf")
    while beams:
        grown = sorted((after for beam in beams for after in following.get(beam, [])), key=language.__getitem__)
        beams = grown[-width:]
        best = max([best, *(language[beam] for beam in beams if beam in ends)])
        beams = [beam for beam in beams if beam not in ends and language[beam] > best]
    return best


def _greedy(model: TinyModel, example: Example, answers: dict[tuple[str, ...], tuple[int, ...]]) -> tuple[str, ...]:
    """Word by word, the tag whose text is the most probable."""
    language = _language(model, example, list(answers.values()))
    endings = {}  # where the text of each beginning of tags ends: behind what all that go on share
    for tags, tokens in answers.items():
        for length in range(1, len(tags) + 1):
            text = model.format.draft(replace(example, words=example.words[:length]), tags[:length])
            whole = model.collate.encode([replace(example, words=example.words[:length], tags=tags[:length])])
            assert whole[0].answer[:-1] == list(tokens[: len(whole[0].answer) - 1]), text
            endings[tags[:length]] = tokens[: len(whole[0].answer) - 1]
    chosen: tuple[str, ...] = ()
    for _ in example.words:
        after = [tags for tags in endings if len(tags) == len(chosen) + 1 and tags[:-1] == chosen]
        chosen = max(after, key=lambda tags: language[endings[tags]])
    return chosen


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_one_beam_takes_the_most_probable_tag_of_every_word(kind: Kind, seed: int) -> None:
    model = tiny_model(kind, seed)
    for example in map(_example, ("Ada Lovelace", "in London (x) ,")):
        answers = _answers(model, example)
        [generation] = Constrained().generate(model, model.batch([example]))
        chosen = _greedy(model, example, answers)
        assert generation.text == model.format.draft(example, chosen)
        assert tuple(generation.token_ids) == answers[chosen]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_beams_find_what_token_level_beams_find_or_better(kind: Kind, seed: int) -> None:
    model = tiny_model(kind, seed)
    for example in map(_example, ("Ada Lovelace wrote", "London , Zürich")):
        answers = _answers(model, example)
        language = _language(model, example, list(answers.values()))
        for width in (1, 2, 4):
            [generation] = Constrained(width).generate(model, model.batch([example]))
            assert tuple(generation.token_ids) in answers.values()
            found = sum(generation.token_log_probs)
            assert found == pytest.approx(language[tuple(generation.token_ids)], abs=1e-3)
            assert found >= _token_level_beam(language, list(answers.values()), width) - 1e-3


@pytest.mark.parametrize("name", NETWORKS)
def test_any_way_of_counting_positions_will_do(name: str) -> None:
    model = with_network(tiny_model(NETWORKS[name]), name)
    example = _example("in London (x)")
    answers = _answers(model, example)
    generations = Constrained().generate(model, model.batch([example, *make_examples()]))
    assert tuple(generations[0].token_ids) == answers[_greedy(model, example, answers)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_beams", [1, 3])
def test_nothing_is_left_out_added_or_altered(kind: Kind, num_beams: int) -> None:
    model, examples = tiny_model(kind), make_examples()
    read = PostProcessor(model.format)
    together = Constrained(num_beams).generate(model, model.batch(examples))
    for example, generation in zip(examples, together, strict=True):
        prediction = read(example, [generation.text])
        report = prediction.report
        assert not any((report.omissions, report.additions, report.substitutions, report.repaired_tags))
        assert generation.finished and not report.unknown_tags and not report.unparsed
        assert generation.entities is not None
        assert [replace(entity, score=None) for entity in generation.entities] == list(prediction.entities)
        [alone] = Constrained(num_beams).generate(model, model.batch([example]))
        assert alone.token_ids == generation.token_ids


@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_of_a_words_tags_add_up_to_one(kind: Kind) -> None:
    model, example = tiny_model(kind), _example("London")
    answers = _answers(model, example)
    language = _language(model, example, list(answers.values()))
    [generation] = Constrained().generate(model, model.batch([example]))
    assert generation.entities is not None
    mass = {tags: 1.0 for tags in answers}
    for tags, tokens in answers.items():
        for length in range(len(tokens)):
            beside = {other[: length + 1] for other in answers.values() if other[:length] == tokens[:length]}
            total = sum(torch.tensor(language[beginning]).exp().item() for beginning in beside)
            mass[tags] *= torch.tensor(language[tokens[: length + 1]]).exp().item() / total
    assert sum(mass.values()) == pytest.approx(1, abs=1e-3)
    for entity in generation.entities:
        assert entity.score == pytest.approx(mass[(f"B-{entity.type}",)], rel=1e-2)


def test_a_sentence_longer_than_the_network_is_cut_and_said_to_be() -> None:
    model, examples = tiny_model("causal"), make_examples()[:2]
    batch = model.batch(examples)
    model.network.config.max_position_embeddings = batch.prompt_ids.shape[1] + 8
    cut, whole = Constrained().generate(model, batch)
    assert not cut.finished and len(cut.token_ids) <= 8
    assert cut.text.startswith("Ada(")
    assert whole.finished


def test_a_format_that_leaves_words_out_is_refused() -> None:
    model = replace(tiny_model("causal"), format=GnerFormat(instruction=None, context_window=1))
    with pytest.raises(UserError, match="context_window"):
        Constrained().generate(model, model.batch(make_examples()))


def test_a_width_of_nothing_is_refused() -> None:
    with pytest.raises(UserError, match=r"model\.decoding\.init_args\.num_beams"):
        Constrained(num_beams=0)


class _Unlisted(QuestionFormat):
    """Neither writes every word nor says how answers are written."""

    def grammars(self, example: Example) -> None:
        return None


def test_a_format_without_tags_and_grammars_is_refused() -> None:
    model = tiny_model(Kind.CAUSAL, format=_Unlisted())
    with pytest.raises(UserError, match=r"Expected a format that writes every word.* or one with grammars"):
        Constrained().generate(model, model.batch(make_examples()[:1]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_format_with_grammars_lists_strings_of_the_sentence(kind: Kind) -> None:
    model, examples = tiny_model(kind, format=QuestionFormat()), make_examples()
    strategy = Constrained()
    predictions = GenerativePredictor(model, strategy).predict(model.batch(examples))
    for prediction in predictions:
        assert prediction.finished and not prediction.report.unplaced
    assert strategy.num_passes > 0


def test_one_strategy_serves_models_of_both_ways() -> None:
    strategy, examples = Constrained(), make_examples()
    for form in (QuestionFormat(), GnerFormat(instruction=None), UniNerFormat()):
        model = tiny_model("causal", format=form)
        again = tiny_model("causal", format=form)
        written = strategy.generate(model, model.batch(examples))
        assert written == Constrained().generate(again, again.batch(examples))
