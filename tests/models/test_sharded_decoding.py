"""Decoding strategies with sharded weights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import distributed
from transformers import PreTrainedModel

from gner.data.collate import Collator
from gner.decoding import BeamSearch, Constrained, Greedy, OnePass, Speculative
from gner.models import Backbone, FSDP2Strategy
from gner.models.sharding import build_network
from gner.prompting import GnerFormat, InstructUieFormat
from gner.testing import TinyModel, make_examples
from tests.models.sharded import count_calls, make_strategy
from tests.processes import run_processes


def _models(folders: dict[str, Path]) -> Iterator[tuple[str, str, TinyModel, TinyModel, FSDP2Strategy]]:
    """Each network whole and sharded, for each way of decoding: names, the two, and how the second is sharded."""
    for name, folder in folders.items():
        backbone, gner_format = Backbone(str(folder)), GnerFormat()
        collate = Collator(gner_format, backbone)
        whole = TinyModel(backbone.build().eval(), backbone.tokenizer, gner_format, collate)
        for decode in ("gather", "sharded"):
            strategy = make_strategy(2, decode=decode)
            network = build_network(backbone, strategy, lambda network: None).eval()
            yield name, decode, whole, TinyModel(network, backbone.tokenizer, gner_format, collate), strategy


def _check_strategies(rank: int, folders: dict[str, Path]) -> None:
    distributed.init_process_group("gloo")
    calls: list[str] = []
    count_calls(calls)
    examples = make_examples()[1:2] * 2 if rank else make_examples() * 2  # one process finishes long before the other
    for name, decode, whole, model, strategy in _models(folders):
        num_calls = {}
        _check_lists(Backbone(str(folders[name])), whole.network, model.network, strategy)
        # beams share their prompt, and those of one process are worth a pass more, where that needs no other
        beams = BeamSearch(2, max_new_tokens=8)
        for decoding in (Greedy(30), Speculative(30), Constrained(), Constrained(num_beams=3), OnePass(), beams):
            with torch.no_grad():
                expected = decoding.generate(whole, whole.batch(examples))
                with strategy.generation(model.network):
                    calls.clear()
                    written = decoding.generate(model, model.batch(examples))
                    num_calls[type(decoding).__name__] = len(calls)
            tokens = [[generation.token_ids for generation in generations] for generations in (written, expected)]
            assert tokens[0] == tokens[1], (name, decode, type(decoding))
        if decode == "gather":
            assert not any(num_calls.values()), (name, num_calls)
        else:
            assert num_calls["Constrained"] < num_calls["Greedy"], (name, num_calls)
    distributed.barrier()
    distributed.destroy_process_group()


def _check_sessions(rank: int, folders: dict[str, Path]) -> None:
    """Rows of many batches are pooled, on one process far more of them than on the other."""
    distributed.init_process_group("gloo")
    examples = make_examples()
    parts = [examples[1:2], examples[1:2], examples[1:2]] if rank else [examples, examples[2:3] * 3, examples[::-2]]
    limit = 2 if rank else 30
    for name, decode, whole, model, strategy in _models(folders):
        decoding, greedy = Speculative(limit), Greedy(limit)
        batches = [model.batch(part) for part in parts]
        with torch.no_grad():
            expected = [greedy.generate(whole, batch) for batch in batches]
            with strategy.generation(model.network):
                session, done = decoding.session(model), []
                for batch in batches:
                    done += session.add(batch)
                done += session.finish()
        assert len(done) == sum(map(len, batches))
        found = {(one.batch, one.place): one.result for one in done}
        for batch, generations in zip(batches, expected, strict=True):
            written = [found[batch, place][0].token_ids for place in range(len(batch))]
            assert written == [generation.token_ids for generation in generations], (name, decode)
        numbers = [0, 0]
        distributed.all_gather_object(numbers, decoding.num_passes)
        assert (numbers[0] == numbers[1]) == (decode == "sharded"), numbers
    distributed.barrier()
    distributed.destroy_process_group()


def _check_lists(backbone: Backbone, whole: PreTrainedModel, sharded: PreTrainedModel, strategy: FSDP2Strategy) -> None:
    """A search among the answers of a grammar writes the same with sharded weights."""
    form = InstructUieFormat()
    models = [TinyModel(network, backbone.tokenizer, form, Collator(form, backbone)) for network in (whole, sharded)]
    examples = make_examples()[: 1 + 3 * distributed.get_rank()]
    with torch.no_grad():
        expected = Constrained(num_beams=2).generate(models[0], models[0].batch(examples))
        with strategy.generation(sharded):
            written = Constrained(num_beams=2).generate(models[1], models[1].batch(examples))
    assert [generation.text for generation in written] == [generation.text for generation in expected]
    assert all(generation.finished for generation in written)


@pytest.mark.parametrize(
    "names", [("flan", "tied_llama"), pytest.param(("t5", "llama"), marks=pytest.mark.slow)], ids=" and ".join
)
def test_strategies_write_the_same_with_a_sharded_network(names: tuple[str, ...], families: dict[str, Path]) -> None:
    run_processes(_check_strategies, 2, {name: families[name] for name in names})


@pytest.mark.parametrize(
    "names", [("flan", "tied_llama"), pytest.param(("t5", "llama"), marks=pytest.mark.slow)], ids=" and ".join
)
def test_pools_of_processes_are_passed_in_step(names: tuple[str, ...], families: dict[str, Path]) -> None:
    run_processes(_check_sessions, 2, {name: families[name] for name in names})
