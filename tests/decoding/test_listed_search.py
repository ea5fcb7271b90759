"""Answers that a mask leaves to choose from."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
import torch
from transformers import PreTrainedTokenizerBase

from gner.alignment import RobustAligner
from gner.data.collate import Collator
from gner.decoding import BeamSearch, Constrained, DecodingStrategy, Greedy
from gner.decoding.answer_automaton import AnswerAutomaton
from gner.decoding.answer_strings import ReadBack
from gner.decoding.base import by_example
from gner.decoding.limits import row_limits
from gner.decoding.listed_search import AllowedTokens, AnswerMask
from gner.decoding.predictor import GenerativePredictor
from gner.decoding.vocabulary_trie import VocabularyTrie, spell_tokens
from gner.errors import UserError
from gner.interfaces import Kind
from gner.models import Backbone, FromScratch
from gner.prompting import Format, GollieFormat, InstructUieFormat, UniNerFormat
from gner.records import AlignmentReport, Example, Generation
from gner.testing import CONTRACT, TinyModel, make_examples, tiny_model
from tests.conftest import KINDS, TRAINED_SIZES, make_example
from tests.decoding.networks import NETWORKS, with_network
from tests.models.tokenizers import TOKENIZERS
from tests.prompting.questions import QuestionFormat

FORMATS: list[Format] = [QuestionFormat(), UniNerFormat(), InstructUieFormat(), GollieFormat()]
NASTY = [
    'The "Boss" said: ; ]; None person: "], Zoë 😀 \\n',
    "a a a ba a ba a",
    "x; place: y ; person: x; \u2028",
    "it's \" ' ) ]\\ {x} </s> \\u00eb",
]
pytestmark = pytest.mark.usefixtures("no_gradients")


def _examples() -> list[Example]:
    nasty = [
        Example(tuple(text.split(" ")), ("O",) * len(text.split(" ")), ("person", "place"), "", "") for text in NASTY
    ]
    return make_examples() + nasty


def _name(thing: object) -> str:
    return type(thing).__name__


def _slow(*values: object) -> list[Any]:
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def _faults(form: Format, example: Example, generations: Sequence[Generation]) -> list[str]:
    """What is wrong with the answers to an example."""
    texts = [generation.text for generation in generations]
    prediction = form.read(example, texts, RobustAligner())
    is_fine = prediction.report == AlignmentReport() and all(generation.finished for generation in generations)
    return [] if is_fine else texts


@pytest.mark.parametrize("name", ["ours", "bpe_fallback", *_slow("byte_bpe", "unigram", "bytes")])
@pytest.mark.parametrize("form", FORMATS, ids=_name)
def test_thousands_of_random_answers_are_read_back_whole(name: str, form: Format) -> None:
    examples = _examples()
    tokenizer = _tokenizer(name, form, examples)
    vocabulary, end, rng = VocabularyTrie(spell_tokens(tokenizer)), tokenizer.eos_token_id, random.Random(0)
    for example in examples:
        grammars = form.grammars(example) or []
        if not all(vocabulary.can_write(grammar.start + grammar.end) for grammar in grammars):
            assert name == "unigram" and isinstance(form, GollieFormat)  # it has no line break
            return
        for _ in range(20):
            texts = []
            for query, grammar in enumerate(grammars):
                can_read = ReadBack(form, example, grammars, query)
                answers = AnswerAutomaton.of(
                    grammar,
                    example.words,
                    can_read=can_read,
                    can_write=vocabulary.can_write,
                    optional=form.answer_start,
                )
                limit = rng.choice([30, 60, 200, 1000])
                tokens = _draw(AllowedTokens(vocabulary, answers, end=end, limit=limit), rng, end)
                assert len(tokens) <= limit
                texts.append(str(tokenizer.decode(tokens[:-1], clean_up_tokenization_spaces=False)))
            assert form.read(example, texts, RobustAligner()).report == AlignmentReport(), texts


def _tokenizer(name: str, form: Format, examples: list[Example]) -> PreTrainedTokenizerBase:
    if name == "ours":
        return tiny_model("causal", format=form).tokenizer
    queries = chain.from_iterable(form.queries(example) for example in examples)
    return TOKENIZERS[name]([*chain.from_iterable(queries), "(", ")"])


def _draw(allowed: AllowedTokens, rng: random.Random, end: int) -> list[int]:
    """An answer of tokens drawn at random, the end one time in ten where it is allowed."""
    tokens: list[int] = []
    while end not in tokens:
        possible = sorted(allowed.after(tuple(tokens)).tolist())
        others = [token for token in possible if token != end]
        tokens.append(end if end in possible and (not others or rng.random() < 0.1) else rng.choice(others))
    return tokens


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMATS, ids=_name)
@pytest.mark.parametrize("num_beams", [1, 3])
def test_random_networks_write_answers_of_the_grammar(kind: str, form: Format, num_beams: int) -> None:
    examples = _examples()
    model = tiny_model(kind, num_beams, format=form)
    batch = model.batch(examples)
    generations = Constrained(num_beams).generate(model, batch)
    for example, written in zip(examples, by_example(batch, generations), strict=True):
        assert _faults(form, example, written) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_beams", [1, 3])
def test_an_answer_does_not_depend_on_the_rows_beside_it(kind: str, num_beams: int) -> None:
    model, examples = tiny_model(kind, format=QuestionFormat()), _examples()[2:8]
    batch, strategy = model.batch(examples), Constrained(num_beams)
    together = by_example(batch, strategy.generate(model, batch))
    for example, expected in zip(examples, together, strict=True):
        alone = strategy.generate(model, model.batch([example]))
        assert [one.token_ids for one in alone] == [one.token_ids for one in expected]


class _Bare(InstructUieFormat):
    """Has one query, and no space that is put back."""

    answer_start = ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_beams", [1, 2])
@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
def test_the_contract_is_kept(kind: str, num_beams: int, check: Callable[[DecodingStrategy, TinyModel], None]) -> None:
    check(Constrained(num_beams), tiny_model(kind, format=_Bare()))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("num_beams", [1, 2])
def test_any_network_will_do(name: str, num_beams: int) -> None:
    model, examples = with_network(tiny_model(NETWORKS[name], format=InstructUieFormat()), name), make_examples()
    generations = Constrained(num_beams).generate(model, model.batch(examples))
    for example, generation in zip(examples, generations, strict=True):
        assert _faults(model.format, example, [generation]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_short_limits_are_kept_to_and_answers_complete(kind: str) -> None:
    model, examples = tiny_model(kind, format=QuestionFormat()), _examples()
    for limit in (4, 9, 20):
        batch = model.batch(examples)
        batch.length_limit = limit
        generations = Constrained(2).generate(model, batch)
        for example, written in zip(examples, by_example(batch, generations), strict=True):
            assert _faults(model.format, example, written) == []
            assert max(len(generation.token_ids) for generation in written) <= limit


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_can_be_complete_an_answer_is_cut_without_an_entity(kind: str) -> None:
    model, examples = tiny_model(kind, format=GollieFormat()), make_examples()
    batch = model.batch(examples)
    batch.length_limit = 1
    for example, generation in zip(examples, Constrained().generate(model, batch), strict=True):
        assert not generation.finished and len(generation.token_ids) == 1
        assert not model.format.read(example, [generation.text], RobustAligner()).entities


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_not_taken_for_loops(kind: str) -> None:
    words = ("o",) * 5 + tuple("o" * number for number in range(6, 60))
    example = Example(words, ("O",) * len(words), ("person",), "toy", "0")
    model = tiny_model(kind, format=QuestionFormat())
    batch = model.batch([example])
    batch.stops_loops = True
    assert _faults(model.format, example, Constrained().generate(model, batch)) == []


def _train(kind: str, form: Format, examples: list[Example], num_steps: int) -> TinyModel:
    """A model that has seen some sentences again and again."""
    model_type, sizes = TRAINED_SIZES[kind]
    backbone = Backbone(FromScratch(model_type, vocab_size=330, config=sizes))
    collate = Collator(form, backbone)
    backbone.set_tokenizer(backbone.train_tokenizer(collate.texts(examples)))
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the operations are so small that threads would only wait for each other
    with torch.inference_mode(False), torch.enable_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        batch, network = collate(examples), backbone.build()
        optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
        for _ in range(num_steps):
            network(batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    torch.set_num_threads(num_threads)
    return TinyModel(network.eval(), backbone.tokenizer, form, collate)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", [InstructUieFormat(), *_slow(QuestionFormat(), GollieFormat())], ids=_name)
def test_what_greedy_search_writes_is_written_where_it_is_an_answer(kind: str, form: Format) -> None:
    examples = [*make_examples(), make_example("Ada/B-person Lovelace/I-person saw/O Ada/B-person")]
    num_equal = 0
    for num_steps in (40, 100):
        model = _train(kind, form, examples, num_steps)
        batch = model.batch(examples)
        pairs = zip(Greedy().generate(model, batch), Constrained().generate(model, batch), strict=True)
        masks = _masks(model, examples)
        for allowed, (greedy, constrained) in zip(masks, pairs, strict=True):
            tokens = greedy.token_ids
            if all(token in allowed.after(tuple(tokens[:length])) for length, token in enumerate(tokens)):
                assert greedy.finished and constrained.token_ids == tokens
                num_equal += 1
    assert num_equal > 0


def _masks(model: TinyModel, examples: Sequence[Example]) -> list[AllowedTokens]:
    form, vocabulary = model.format, VocabularyTrie(spell_tokens(model.tokenizer))
    limits = iter(row_limits(model, model.batch(examples)))
    masks: list[AllowedTokens] = []
    for example in examples:
        for grammar in form.grammars(example) or []:
            answers = AnswerAutomaton.of(grammar, example.words, optional=form.answer_start)
            masks.append(AllowedTokens(vocabulary, answers, end=model.tokenizer.eos_token_id, limit=next(limits)))
    return masks


@pytest.mark.parametrize("kind", KINDS)
def test_a_trained_model_gives_the_right_answers_with_their_probabilities(kind: str) -> None:
    examples = make_examples()[:3]
    model = _train(kind, QuestionFormat(), examples, 150)
    for strategy in (Constrained(), Constrained(3)):
        predictions = GenerativePredictor(model, strategy).predict(model.batch(examples))
        assert [prediction.tags for prediction in predictions] == [example.tags for example in examples]
        greedy = GenerativePredictor(model, BeamSearch(strategy.num_beams)).predict(model.batch(examples))
        assert [one.entities for one in predictions] == [one.entities for one in greedy]
        assert all(0.5 < entity.score <= 1 for one in predictions for entity in one.entities)


def test_the_right_answers_of_all_formats_are_allowed() -> None:
    examples = [*make_examples(), make_example('Ada/B-person met/O Ada/B-person in/O Zürich/B-place "/I-place')]
    for form in FORMATS:
        for kind in KINDS:
            model = tiny_model(kind, format=form)
            rows = model.collate.encode(examples)
            for allowed, row in zip(_masks(model, examples), rows, strict=True):
                for length, token in enumerate(row.answer):
                    assert token in allowed.after(tuple(row.answer[:length])), (form, row.answer)


def test_a_tokenizer_without_the_characters_of_the_frame_is_refused() -> None:
    model = tiny_model(Kind.SEQ2SEQ, format=GollieFormat())
    tokenizer = TOKENIZERS["unigram"](["Ada met Bob in Rome (person) [place]"] * 3)
    with pytest.raises(UserError, match=r"got one without '\\n', as in .* Set model.decoding to Speculative"):
        Constrained().generate(replace(model, tokenizer=tokenizer), model.batch(make_examples()))


def test_the_mask_leaves_beams_their_own_tokens() -> None:
    class Fixed(AllowedTokens):
        def __init__(self, number: int) -> None:
            self.number = number

        def after(self, written: tuple[int, ...]) -> torch.Tensor:
            return torch.tensor([self.number, *written])

    mask, scores = AnswerMask([Fixed(0), Fixed(3)], 1), torch.arange(20.0).reshape(4, 5)
    masked = mask(torch.tensor([[9, 1], [9, 2], [9, 1], [9, 2]]), scores)
    kept = [[place for place, value in enumerate(row) if value > -1] for row in masked.tolist()]
    assert kept == [[0, 1], [0, 2], [1, 3], [2, 3]] and mask.num_steps == 1
    assert masked.max(-1).values.tolist() == [1, 7, 13, 18]
