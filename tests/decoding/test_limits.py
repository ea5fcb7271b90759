"""What is written for a text does not depend on the texts beside it."""

import random
from pathlib import Path

import pytest
import torch
from transformers import GenerationConfig

from gner import GNER
from gner.data.collate import Collator
from gner.decoding import BeamSearch, Constrained, DecodingStrategy, Greedy, NucleusSampling, OnePass, Speculative
from gner.decoding.limits import end_of_loop, longest_answers, repeats_itself, row_limits
from gner.interfaces import Kind
from gner.models import Backbone
from gner.prompting import GnerFormat
from gner.records import Example
from gner.testing import TinyModel, make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import with_network

STRATEGIES: dict[str, DecodingStrategy] = {
    "greedy": Greedy(),
    "speculative": Speculative(),
    "constrained": Constrained(),
    "one pass": OnePass(),
    "beams": BeamSearch(3),
    "constrained beams": Constrained(num_beams=2),
    "sampling": NucleusSampling(0.9, seed=3),
    "votes": NucleusSampling(0.9, num_samples=3),
}
ODD = [
    "Ada Lovelace wrote to London .",
    "zzz qqq 0000 ((((",
    "London London London London London London London",
    "x",
    "東京 Zürich ¿Qué? — …",
    "the the New York ) Grace B-person ( Hopper",
    "a b c d e f g h i j k l m n o p",
    "Grace(B-person) Hopper(I-person) met(O)",
    "!!!!!!!!!!!!!!!!!!!!!!!!",
    "New York (1950) , Ada ; London calling",
]


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("kind", ["causal", pytest.param("seq2seq", marks=pytest.mark.slow)])
def test_entities_of_a_text_are_the_same_alone_and_in_any_batch(kind: str, name: str, trained: dict[str, Path]) -> None:
    model = GNER.from_pretrained(trained[kind])
    strategy = STRATEGIES[name]

    def find(texts: list[str], batch_size: int) -> list[list[tuple[int, int, str]]]:
        found = model.predict_entities(texts, ["person", "place"], batch_size=batch_size, decoding=strategy)
        return [[(entity["start"], entity["end"], entity["label"]) for entity in entities] for entities in found]

    alone = [find([text], 1)[0] for text in ODD]
    assert find(ODD, 4) == alone
    order = random.Random(0).sample(range(len(ODD)), len(ODD))
    assert find([ODD[place] for place in order], 64) == [alone[place] for place in order]


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_runs_away_writes_the_same_alone_and_in_a_batch(kind: Kind, name: str) -> None:
    model, examples, strategy = tiny_model(kind), make_examples(), STRATEGIES[name]
    with torch.inference_mode():
        together = [written.token_ids for written in strategy.generate(model, model.batch(examples))]
        alone = [strategy.generate(model, model.batch([example]))[0].token_ids for example in examples]
    assert together == alone
    limits = row_limits(model, model.batch(examples))
    assert len(set(limits)) > 1
    if name in ("greedy", "speculative", "beams"):
        assert any(len(ids) == limit for ids, limit in zip(alone, limits, strict=True))  # some do run away


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_is_cut_is_what_generate_writes_with_its_limit(kind: Kind) -> None:
    model, examples = tiny_model(kind), make_examples()
    end = model.tokenizer.eos_token_id
    for num_beams in (1, 3):
        written = (Greedy() if num_beams == 1 else BeamSearch(num_beams)).generate(model, model.batch(examples))
        for example, generation, limit in zip(examples, written, row_limits(model, model.batch(examples)), strict=True):
            batch = model.batch([example])
            bare = model.network.generate(
                input_ids=batch.prompt_ids,
                attention_mask=batch.prompt_mask,
                generation_config=GenerationConfig(
                    max_new_tokens=limit,
                    num_beams=num_beams,
                    do_sample=False,
                    early_stopping=False,
                    eos_token_id=end,
                    pad_token_id=model.tokenizer.pad_token_id,
                    decoder_start_token_id=getattr(model.network.config, "decoder_start_token_id", None),
                ),
            )[0, 1 if kind == "seq2seq" else batch.prompt_ids.shape[1] :].tolist()
            bare = bare[: bare.index(end) + 1] if end in bare else bare
            assert generation.token_ids == bare


@pytest.mark.parametrize("name", STRATEGIES)
def test_rows_of_a_batch_share_no_positions(name: str) -> None:
    """A network that learns its positions has no more of them for a row that is done while others are written."""
    model = with_network(tiny_model("causal"), "gpt2")
    words = tuple(f"word{number}" for number in range(60))
    examples = [Example(words[:size], ("O",) * size, ("person", "place"), "toy", "0") for size in (1, 12, 40)]
    most = max(prompt for prompt, _ in model.batch(examples).lengths) + 20
    assert most < sum(model.batch(examples[2:]).lengths[0])
    model.network.config.max_position_embeddings = most
    table = model.network.transformer.wpe
    table.weight = torch.nn.Parameter(table.weight[:most])
    with torch.no_grad():  # texts hardly end by themselves
        model.network.get_output_embeddings().weight[model.tokenizer.eos_token_id] = 0
    with torch.inference_mode():
        together = STRATEGIES[name].generate(model, model.batch(examples))
        alone = [STRATEGIES[name].generate(model, model.batch([example]))[0] for example in examples]
    assert [written.token_ids for written in together] == [written.token_ids for written in alone]
    assert len(together[2].token_ids) <= 20 < len(together[1].token_ids)  # so that the last would be overrun


def test_the_limit_is_of_the_tag_with_most_tokens() -> None:
    model = tiny_model("causal")
    example = Example(("Ada",) * 20, ("B-東京都庁舎",) * 20, ("personperson", "東京都庁舎"), "toy", "0")
    batch = model.batch([example])
    assert row_limits(model, batch) >= [batch.lengths[0][1]]


@pytest.mark.parametrize("name", ["greedy", "speculative", "beams", "sampling", "votes"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cap_of_the_batch_holds_for_every_row(kind: Kind, name: str) -> None:
    model = tiny_model(kind)
    batch = model.batch(make_examples())
    batch.length_limit = 5
    assert max(len(written.token_ids) for written in STRATEGIES[name].generate(model, batch)) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_loops_are_ended_alike_by_every_strategy_and_only_where_asked_for(kind: Kind) -> None:
    model = tiny_model(kind)
    head = model.network.get_output_embeddings().weight
    with torch.no_grad():
        head *= 0  # the first token of the vocabulary, for ever
    words = tuple(f"word{number}" for number in range(40))
    example = Example(words, ("O",) * len(words), ("person", "place"), "toy", "0")
    again = Example(("ha",) * 40, ("O",) * 40, ("person", "place"), "toy", "1")
    assert [repeats_itself(one) for one in (example, again)] == [False, True]
    batch = model.batch([example, again])
    with torch.inference_mode():
        whole = [written.token_ids for written in Greedy().generate(model, batch)]
        batch.stops_loops = True
        for strategy in (Greedy(), Speculative()):
            ended = [written.token_ids for written in strategy.generate(model, batch)]
            assert ended[0] == whole[0][:96]
            assert ended[1] == whole[1]  # its right answer is a loop as well
    assert len(whole[0]) > 96


@pytest.mark.parametrize(
    ("tokens", "end"),
    [
        ([1] * 96, 96),
        ([1] * 95, None),
        ([*range(100, 130), *list(range(24)) * 10], 128),
        ([*range(100, 130), *(n * n % 7 for n in range(200))], 128),
        ([n * n % 19 for n in range(5)] + [n**3 % 31 % 9 for n in range(300)], None),
        (list(range(25)) * 10, None),
        (list(range(24)) * 10, 96),
    ],
)
def test_a_loop_is_short_and_long_enough(tokens: list[int], end: int | None) -> None:
    assert end_of_loop(tokens) == end
    for num_known in range(0, end or 0, 7):
        assert end_of_loop(tokens, num_known) == end


def test_the_length_limit_leaves_room_for_every_right_answer(model: TinyModel, examples: list[Example]) -> None:
    batch = model.batch(examples)
    assert all(
        length >= right - 1
        for length, right in zip(
            longest_answers(model, batch.examples), (batch.labels != -100).sum(1).tolist(), strict=True
        )
    )


@pytest.mark.usefixtures("no_gradients")
def test_a_backbone_with_few_positions_is_not_overrun(checkpoints: dict[str, Path], examples: list[Example]) -> None:
    backbone = Backbone(str(checkpoints["causal"]))
    gner_format = GnerFormat()
    model = TinyModel(backbone.build().eval(), backbone.tokenizer, gner_format, Collator(gner_format, backbone))
    batch = model.batch(examples[:1])
    model.network.config.max_position_embeddings = batch.prompt_ids.shape[1] + 5
    [generation] = Greedy().generate(model, batch)
    assert len(generation.token_ids) <= 5
