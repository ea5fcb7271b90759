"""Searches over tags find the same, whatever is kept of what a network has read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import pytest
import torch

from gner.decoding import token_store
from gner.decoding.forced_words import ForcedWords
from gner.decoding.log_probs import token_log_probs
from gner.decoding.search_reader import SearchReader, SettledSearchReader, TreeSearchReader, search_reader
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.tag_search import TagSearch, Written
from gner.decoding.token_store import TokenStore
from gner.decoding.tree_node import AnswerNode
from gner.interfaces import Batch, Kind
from gner.records import Example
from gner.testing import TinyModel, make_examples, tiny_model
from tests.decoding.networks import NETWORKS, with_architecture, with_network

pytestmark = pytest.mark.usefixtures("no_gradients")
KINDS = (Kind.SEQ2SEQ, Kind.CAUSAL)
Make = Callable[[TinyModel, Batch, int], SearchReader]
ODD = (
    "x",
    "Zürich , (London)",
    "in in in in in in in in in in",
    "Ada Lovelace ) O ( wrote (O) — it",
    "🙂 a_b <pad> </s>",
)


class _Uncached(SearchReader):
    """Reads each text by itself, prompt and all, for each question."""

    def __init__(self, model: TinyModel, batch: Batch) -> None:
        self._model, self._batch, self._passes = model, batch, 0
        self._roots = [AnswerNode() for _ in batch.row_examples]

    @property
    def roots(self) -> list[AnswerNode]:
        return self._roots

    @property
    def num_passes(self) -> int:
        return self._passes

    def read(self, searches: Mapping[int, TagSearch]) -> None:
        for row, search in searches.items():
            batch = self._model.batch([self._batch.row_examples[row]])
            [chain] = search.wanted(1, most=1)
            values = []
            for _, _, node, tokens in chain:
                texts = [[*node.tokens(), token] for token in tokens]
                read = token_log_probs(self._model.network, batch.repeated(len(texts)), texts)
                values.append([log_probs[-1] for log_probs in read])
            search.learn(chain, values)
        self._passes += 1

    def keep(self, searches: Mapping[int, TagSearch]) -> None:
        pass

    def idle(self) -> None:
        pass


def _examples() -> list[Example]:
    odd = [tuple(text.split()) for text in ODD]
    types = ("person", "big place")
    return [
        *(Example(words, ("O",) * len(words), types, "toy", str(at)) for at, words in enumerate(odd)),
        replace(make_examples()[0], types=types),
    ]


def _uncertain(model: TinyModel, seed: int) -> TinyModel:
    """The model with weights that make all tags about as probable."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for parameter in model.network.parameters():
            parameter.mul_(0.7).add_(torch.randn_like(parameter), alpha=0.02)
    return model


def _find(model: TinyModel, examples: list[Example], num_beams: int, make: Make) -> tuple[list[Written], SearchReader]:
    batch = model.batch(examples)
    reader = make(model, batch, num_beams)
    pieces, end = ForcedWords("test").pieces(model, batch), model.tokenizer.eos_token_id
    searches = [
        TagSearch(pieces, example, end=end, num_beams=num_beams, guesses=Guesses(TagMemory(), example), root=root)
        for example, root in zip(examples, reader.roots, strict=True)
    ]
    busy = {row: search for row, search in enumerate(searches) if search.advance()}
    while busy:
        reader.read(busy)
        busy = {row: search for row, search in busy.items() if search.advance()}
        reader.keep(busy)
    return [search.written() for search in searches], reader


def _tree(model: TinyModel, batch: Batch, num_beams: int) -> SearchReader:
    return TreeSearchReader(model.network, batch, num_beams)


def _settled(model: TinyModel, batch: Batch, num_beams: int) -> SearchReader:
    return SettledSearchReader(model.network, batch, num_beams)


def _uncached(model: TinyModel, batch: Batch, num_beams: int) -> SearchReader:
    return _Uncached(model, batch)


def _are_same(found: Iterable[Written], expected: Iterable[Written]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.tokens == other.tokens and one.tags == other.tags
        assert one.log_probs == pytest.approx(other.log_probs, abs=1e-3)
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("num_beams", [1, 3])
def test_caches_change_nothing(kind: Kind, seed: int, num_beams: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.decoding.tree_node._MOST_COLUMNS", 8)
    model, examples = _uncertain(tiny_model(kind, seed), seed), _examples()
    expected, _ = _find(model, examples, num_beams, _uncached)
    for make in (_tree, _settled):
        _are_same(_find(model, examples, num_beams, make)[0], expected)


@pytest.mark.parametrize("name", ["mistral", "gemma3_text", "gpt_neox"])
def test_caches_change_nothing_in_other_architectures(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.decoding.tree_node._MOST_COLUMNS", 8)
    model, examples = with_architecture(tiny_model("causal"), name), _examples()
    _are_same(_find(model, examples, 3, _tree)[0], _find(model, examples, 3, _uncached)[0])


def test_a_network_that_cannot_read_trees_reads_rows() -> None:
    for name, kind in NETWORKS.items():
        model = with_network(tiny_model(kind), name)
        reader = search_reader(model.network, model.batch(make_examples()), num_beams=2)
        assert isinstance(reader, TreeSearchReader) == (name == "gpt2")


def test_a_long_uncertain_sentence_takes_fewer_passes_than_tokens_and_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = _uncertain(tiny_model("causal"), 0)
    words = ("Ada", "Lovelace", "wrote", "to", "London") * 12
    example = Example(words, ("O",) * len(words), ("person", "big place"), "toy", "0")
    kept: list[int] = []
    grow = TokenStore.grow

    def note(store: TokenStore, num_tokens: int) -> None:
        grow(store, num_tokens)
        kept.append(store.num_slots)

    monkeypatch.setattr(TokenStore, "grow", note)
    monkeypatch.setattr(token_store, "_LEAST_SLOTS", 1)
    [written], reader = _find(model, [example], 4, _tree)
    assert len(written.tags) == len(words)
    assert reader.num_passes < len(written.tokens) / 2
    prompt = model.batch([example]).prompt_ids.shape[1]
    assert max(kept) <= 2 * (prompt + 2 * 4 * len(written.tokens)) + 200
