"""Every strategy works with BIOES answers, and with answers without boundaries."""

from dataclasses import replace
from itertools import product

import pytest

from gner.alignment import PostProcessor
from gner.bio import find_fault, tags_of
from gner.decoding import Constrained, DecodingStrategy, Greedy, NucleusSampling, Speculative
from gner.decoding.limits import longest_answers
from gner.decoding.log_probs import token_log_probs
from gner.interfaces import Kind
from gner.prompting import GnerFormat
from gner.prompting.boundaries import BOUNDARIES, Boundaries, adjacent_entities
from gner.records import AlignmentReport, Example
from gner.testing import CONTRACT, TinyModel, make_examples, tiny_model

KINDS = (Kind.SEQ2SEQ, Kind.CAUSAL)
STRATEGIES = (Speculative(8), Constrained(2))
pytestmark = pytest.mark.usefixtures("no_gradients")


def _model(kind: Kind, boundaries: Boundaries, seed: int = 0, context_window: int | None = None) -> TinyModel:
    options = {"boundaries": boundaries, "merge_adjacent": True, "context_window": context_window}
    return tiny_model(kind, seed, GnerFormat(None, **options))


def _all_tags(example: Example) -> list[tuple[str, ...]]:
    sequences = product(tags_of(example.types), repeat=len(example.words))
    return [tags for tags in sequences if find_fault(tags, "IOB2") is None]


@pytest.mark.parametrize("boundaries", ["bioes", "none"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: type(strategy).__name__)
def test_strategies_keep_their_contract(strategy: DecodingStrategy, kind: Kind, boundaries: Boundaries) -> None:
    model = _model(kind, boundaries)
    for check in CONTRACT:
        check(strategy, model)


@pytest.mark.parametrize("context_window", [None, 1])
@pytest.mark.parametrize("boundaries", BOUNDARIES)
@pytest.mark.parametrize("kind", KINDS)
def test_drafts_never_change_what_is_written(kind: Kind, boundaries: Boundaries, context_window: int | None) -> None:
    speculative = Speculative()
    for seed in range(2):
        model = _model(kind, boundaries, seed, context_window)
        batch = model.batch(make_examples())
        greedy = Greedy().generate(model, batch)
        for _ in range(2):  # the second time with what the first has shown
            drafted = speculative.generate(model, batch)
            assert [one.token_ids for one in drafted] == [one.token_ids for one in greedy]


@pytest.mark.parametrize("boundaries", ["bioes", "none"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_forced_words_get_the_most_probable_valid_marks(kind: Kind, boundaries: Boundaries, seed: int) -> None:
    model = _model(kind, boundaries, seed)
    example = Example(("in", "New", "York"), ("O", "O", "O"), ("person", "big place"), "toy", "0")
    encoded = model.collate.encode([replace(example, tags=tags) for tags in _all_tags(example)])
    answers = list({tuple(row.answer): None for row in encoded})  # without boundaries some are written alike
    scores = token_log_probs(model.network, model.batch([example] * len(answers)), list(map(list, answers)))
    totals = dict(zip(answers, map(sum, scores), strict=True))
    [best] = Constrained(num_beams=1000).generate(model, model.batch([example]))
    assert totals[tuple(best.token_ids)] == pytest.approx(max(totals.values()), abs=1e-3)
    [quick] = Constrained().generate(model, model.batch([example]))
    assert tuple(quick.token_ids) in totals


@pytest.mark.parametrize("boundaries", BOUNDARIES)
@pytest.mark.parametrize("kind", KINDS)
def test_forced_answers_are_read_without_repair(kind: Kind, boundaries: Boundaries) -> None:
    model, examples = _model(kind, boundaries, seed=1), make_examples()
    for example, generation in zip(examples, Constrained().generate(model, model.batch(examples)), strict=True):
        prediction = PostProcessor(model.format)(example, [generation.text])
        assert prediction.report == AlignmentReport()
        assert generation.entities is not None
        assert tuple(replace(entity, score=None) for entity in generation.entities) == prediction.entities
        assert boundaries != "none" or adjacent_entities(prediction.tags) is None


@pytest.mark.parametrize("boundaries", BOUNDARIES)
def test_votes_are_written_as_answers_are(boundaries: Boundaries) -> None:
    model, examples = _model(Kind.CAUSAL, boundaries), make_examples()
    voted = NucleusSampling(seed=2, num_samples=5).generate(model, model.batch(examples))
    for example, generation in zip(examples, voted, strict=True):
        if generation.finished:
            prediction = PostProcessor(model.format)(example, [generation.text])
            assert tuple(replace(entity, score=None) for entity in generation.entities or ()) == prediction.entities


@pytest.mark.parametrize("boundaries", BOUNDARIES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_right_answer_is_longer_than_the_limit(kind: Kind, boundaries: Boundaries) -> None:
    model = _model(kind, boundaries)
    example = Example(("in", "New", "York"), ("O", "O", "O"), ("person", "a longer type", "E"), "toy", "0")
    texts = [model.format.draft(example, tags) for tags in _all_tags(example)]
    longest = max(map(len, model.tokenizer(texts, add_special_tokens=False)["input_ids"]))
    [limit] = longest_answers(model, [example])
    assert limit == longest
