"""Every strategy, built in or shipped by a plugin, keeps the contract of `DecodingStrategy`."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import torch

from gner.data.collate import Collator
from gner.decoding import BeamSearch, Constrained, DecodingStrategy, Greedy, NucleusSampling, Speculative
from gner.decoding.limits import longest_answers, row_limits
from gner.errors import UserError
from gner.interfaces import Batch, Kind, TextModel
from gner.models import Backbone
from gner.prompting import GnerFormat
from gner.records import Entity, Example, Generation
from gner.testing import CONTRACT, TinyModel, check_strategy, make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import NETWORKS, with_network

STRATEGIES = [
    Greedy(),
    BeamSearch(num_beams=3),
    NucleusSampling(top_p=0.9, temperature=0.7, seed=3),
    NucleusSampling(num_samples=3),
    Speculative(),
    Constrained(),
    Constrained(num_beams=3),
]


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, checkpoints: dict[str, Path]) -> TinyModel:
    backbone = Backbone(str(checkpoints[request.param]))
    gner_format = GnerFormat()
    return TinyModel(backbone.build().eval(), backbone.tokenizer, gner_format, Collator(gner_format, backbone))


@pytest.fixture(autouse=True)
def _no_gradients() -> object:
    with torch.inference_mode():
        yield


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: type(strategy).__name__)
@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_strategies_keep_the_contract(
    kind: Kind, check: Callable[[DecodingStrategy, TinyModel], None], strategy: DecodingStrategy
) -> None:
    check(strategy, tiny_model(kind))


class Flawed(Greedy):
    """Greedy search that can be spoilt."""

    def __init__(self, spoil: Callable[[list[Generation], Batch], list[Generation]]) -> None:
        super().__init__()
        self._spoil = spoil

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        return self._spoil(super().generate(model, batch), batch)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows, batch: rows[1:], "generations for"),
        (lambda rows, batch: [replace(row, text=row.text + "!") for row in rows], "expected the text"),
        (lambda rows, batch: [replace(row, finished=not row.finished) for row in rows], "finished"),
        (lambda rows, batch: rows[::-1], "expected one log-probability|expected the log-probability"),
        (lambda rows, batch: [replace(row, token_log_probs=[]) for row in rows], "one log-probability per token"),
        (lambda rows, batch: [replace(row, entities=(Entity(0, 99, "person", 0.5),)) for row in rows], "no span"),
        (lambda rows, batch: [replace(row, entities=(Entity(0, 1, "person"),)) for row in rows], "needs a score"),
        (lambda rows, batch: (torch.rand(1), rows)[1], "random state"),
        (
            lambda rows, batch: [
                rows[at] if example.tags[0] != "O" else replace(rows[at], token_ids=[5], token_log_probs=[-1.0])
                for at, example in enumerate(batch.examples)
            ],
            "expected the text|log-probability|gold",
        ),
        (
            lambda rows, batch: [
                replace(row, token_ids=[5] * len(batch), text="(" * len(batch), token_log_probs=[-1.0] * len(batch))
                for row in rows
            ],
            "expected the text|log-probability|alone",
        ),
    ],
)
def test_a_strategy_that_breaks_the_contract_is_found_out(spoil: object, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_strategy(Flawed(spoil))  # type: ignore[arg-type]


class SharedLimit(Greedy):
    """Greedy search that gives the longest limit of a batch to all of its rows."""

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        return Greedy(max(row_limits(model, batch))).generate(model, batch)


def test_a_limit_that_rows_share_is_found_out() -> None:
    with pytest.raises(AssertionError, match=r"expected the same tokens for .* alone"):
        check_strategy(SharedLimit())


@pytest.mark.parametrize(
    "strategy",
    [Greedy(20), BeamSearch(3, max_new_tokens=20), Speculative(20)],
    ids=["greedy", "beams", "speculative"],
)
def test_an_example_is_decoded_alike_alone_and_in_a_padded_batch(
    strategy: DecodingStrategy, model: TinyModel, examples: list[Example]
) -> None:
    together = strategy.generate(model, model.batch(examples))
    for example, generation in zip(examples, together, strict=True):
        [alone] = strategy.generate(model, model.batch([example]))
        assert alone.token_ids == generation.token_ids
        assert alone.token_log_probs == pytest.approx(generation.token_log_probs, abs=1e-4)


def test_greedy_takes_the_most_probable_token_at_every_step(model: TinyModel, examples: list[Example]) -> None:
    """Against a loop without cache or padding."""
    [generation] = Greedy(max_new_tokens=12).generate(model, model.batch(examples[:1]))
    prompt = model.batch(examples[:1]).prompt_ids
    written: list[int] = []
    for token, log_prob in zip(generation.token_ids, generation.token_log_probs, strict=True):
        so_far = torch.tensor([written], dtype=torch.long)
        if model.network.config.is_encoder_decoder:
            start = torch.tensor([[model.network.config.decoder_start_token_id]])
            logits = model.network(input_ids=prompt, decoder_input_ids=torch.cat([start, so_far], 1)).logits
        else:
            logits = model.network(input_ids=torch.cat([prompt, so_far], 1)).logits
        log_probs = logits[0, -1].log_softmax(-1)
        assert token == log_probs.argmax()
        assert log_prob == pytest.approx(log_probs[token].item(), abs=1e-4)
        written.append(token)


@pytest.mark.parametrize("limit", [None, 1, 2, 15])
def test_speculative_search_writes_what_greedy_search_writes(
    limit: int | None, model: TinyModel, examples: list[Example]
) -> None:
    for batch in (model.batch(examples), model.batch(examples[::-2])):
        greedy, speculative = (strategy(limit).generate(model, batch) for strategy in (Greedy, Speculative))
        for one, other in zip(greedy, speculative, strict=True):
            assert (other.token_ids, other.text, other.finished) == (one.token_ids, one.text, one.finished)
            assert other.token_log_probs == pytest.approx(one.token_log_probs, abs=1e-4)


def test_rows_of_a_speculative_batch_end_when_they_should(model: TinyModel, examples: list[Example]) -> None:
    head = model.network.get_output_embeddings().weight
    batch, lengths = model.batch(examples), set()
    for seed in range(4):
        noise = torch.randn(head.shape[1], generator=torch.Generator().manual_seed(seed))
        head[model.tokenizer.eos_token_id] = noise * head.std() * 3  # ends are as likely as anything
        greedy, speculative = (strategy().generate(model, batch) for strategy in (Greedy, Speculative))
        assert [generation.token_ids for generation in speculative] == [generation.token_ids for generation in greedy]
        lengths |= {len(generation.token_ids) for generation in greedy}
    assert len(lengths) > 1


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_that_count_positions_otherwise_are_searched_greedily_too(name: str) -> None:
    model = with_network(tiny_model(NETWORKS[name]), name)
    speculative, batch = Speculative(), model.batch(make_examples())
    expected = [generation.token_ids for generation in Greedy().generate(model, batch)]
    assert [generation.token_ids for generation in speculative.generate(model, batch)] == expected
    assert (speculative.num_passes > 0) == (name == "gpt2")  # it takes position ids


def test_an_end_token_in_a_sentence_ends_the_answer_as_it_does_for_greedy_search(model: TinyModel) -> None:
    model.tokenizer.split_special_tokens = False  # as tokenizers of pretrained models
    words = ("Ada", "wrote", model.tokenizer.eos_token, "the", "New", "York")
    example = Example(words, ("O",) * len(words), ("person", "place"), "toy", "0")
    head = model.network.get_output_embeddings().weight
    for seed in range(6):  # ends, and what stands around them, are likely now and then
        noise = torch.randn(head.shape[1], generator=torch.Generator().manual_seed(seed))
        head[model.tokenizer.eos_token_id] = noise * head.std() * 3
        greedy, speculative = (strategy().generate(model, model.batch([example])) for strategy in (Greedy, Speculative))
        assert speculative[0].token_ids == greedy[0].token_ids
    model.tokenizer.split_special_tokens = True


def test_what_a_checkpoint_recommends_for_chats_is_left_out(model: TinyModel, examples: list[Example]) -> None:
    batch = model.batch(examples)
    expected = [generation.token_ids for generation in Greedy(20).generate(model, batch)]
    model.network.generation_config.repetition_penalty = 1.8
    assert [generation.token_ids for generation in Greedy(20).generate(model, batch)] == expected
    assert [generation.token_ids for generation in Speculative(20).generate(model, batch)] == expected
    assert model.network.generation_config.repetition_penalty == 1.8


def test_beams_find_a_text_at_least_as_probable_as_greedy_search(model: TinyModel, examples: list[Example]) -> None:
    for example in examples:
        batch = model.batch([example])
        [greedy] = Greedy(8).generate(model, batch)
        [beams] = BeamSearch(32, length_penalty=0.0, max_new_tokens=8).generate(model, batch)
        assert sum(beams.token_log_probs) >= sum(greedy.token_log_probs) - 1e-4


def test_the_length_limit_leaves_room_for_every_right_answer(model: TinyModel, examples: list[Example]) -> None:
    batch = model.batch(examples)
    assert all(
        length >= right - 1
        for length, right in zip(
            longest_answers(model, batch.examples), (batch.labels != -100).sum(1).tolist(), strict=True
        )
    )


def test_a_backbone_with_few_positions_is_not_overrun(checkpoints: dict[str, Path], examples: list[Example]) -> None:
    backbone = Backbone(str(checkpoints["causal"]))
    gner_format = GnerFormat()
    model = TinyModel(backbone.build().eval(), backbone.tokenizer, gner_format, Collator(gner_format, backbone))
    batch = model.batch(examples[:1])
    model.network.config.max_position_embeddings = batch.prompt_ids.shape[1] + 5
    [generation] = Greedy().generate(model, batch)
    assert len(generation.token_ids) <= 5


def test_sampling_depends_on_its_seed(model: TinyModel, examples: list[Example]) -> None:
    texts = {NucleusSampling(top_p=1.0, seed=seed).generate(model, model.batch(examples))[0].text for seed in range(4)}
    assert len(texts) > 1


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: Greedy(max_new_tokens=0), "max_new_tokens"),
        (lambda: BeamSearch(num_beams=0), "num_beams"),
        (lambda: NucleusSampling(top_p=0), "top_p"),
        (lambda: NucleusSampling(temperature=0), "temperature"),
        (lambda: NucleusSampling(num_samples=0), "num_samples"),
    ],
)
def test_impossible_options_are_refused_with_their_key(make: object, key: str) -> None:
    with pytest.raises(UserError, match=rf"model\.decoding\.init_args\.{key}"):
        make()  # type: ignore[operator]


def test_built_in_strategies_are_named_as_a_plugin_would_be() -> None:
    found = {point.name: point.load() for point in entry_points(group="gner.decoding")}
    assert {"Greedy": Greedy, "BeamSearch": BeamSearch, "NucleusSampling": NucleusSampling}.items() <= found.items()
