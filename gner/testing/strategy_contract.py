"""The contract of decoding strategies, tried on tiny models with random weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gner.data.collate import Collator
from gner.decoding import DecodingStrategy
from gner.decoding.huggingface import decode
from gner.decoding.log_probs import token_log_probs
from gner.interfaces import Batch, Kind
from gner.models import Backbone, FromScratch
from gner.prompting import DefaultFormat, Format
from gner.records import Example, Generation
from gner.testing.tagged_pairs import as_examples

_TOLERANCE = 1e-3
_SIZES: dict[Kind, tuple[str, dict[str, Any]]] = {
    Kind.SEQ2SEQ: ("t5", {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2}),
    Kind.CAUSAL: (
        "llama",
        {
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "initializer_range": 0.3,
        },
    ),
}
_SENTENCES = [
    ("Ada B-person", "Lovelace I-person", "wrote O", "to O", "London B-place", ". O"),
    ("nothing O",),
    (
        "Grace B-person",
        "Hopper I-person",
        "met O",
        "Ada B-person",
        "in O",
        "New B-place",
        "York I-place",
        "( O",
        "x) O",
    ),
    ("the O", "the O", "New B-place", "the O"),
    ("東京 B-place", "Zürich B-place", "H2(O) O", "</s> O"),
]


@dataclass(frozen=True)
class TinyModel:
    """A network with random weights, and all that a strategy sees of a model.

    Attributes:
        network: Two layers, in evaluation mode.
        tokenizer: Byte-level, so it can spell anything.
        format: The default one, with a prompt that is short, or another.
        collate: Makes batches.

    Example:
        >>> model = tiny_model("seq2seq")
        >>> type(model.network).__name__, sum(parameter.numel() for parameter in model.network.parameters()) < 20_000
        ('T5ForConditionalGeneration', True)
    """

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    format: Format
    collate: Collator

    def batch(self, examples: Sequence[Example]) -> Batch:
        """A batch of examples."""
        return self.collate(examples)


def make_examples() -> list[Example]:
    """Five sentences of very different lengths, some of whose words look like tags or tokens.

    Example:
        >>> [" ".join(example.words) for example in make_examples()[2:]]
        ['Grace Hopper met Ada in New York ( x)', 'the the New the', '東京 Zürich H2(O) </s>']
    """
    return as_examples(_SENTENCES)


def tiny_model(kind: Kind | str, seed: int = 0, format: Format | None = None) -> TinyModel:
    """A model that knows nothing: it writes what no trained one would, so every case comes up.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> model = tiny_model("causal", format=GnerFormat(context_window=0))
        >>> model.network.training, model.format.context_window
        (False, 0)
        >>> one, other = (tiny_model("causal", seed).network.get_input_embeddings().weight for seed in (0, 1))
        >>> torch.equal(one, other)
        False
    """
    model_type, sizes = _SIZES[Kind(kind)]
    format = format or DefaultFormat(instruction=None)
    backbone = Backbone(FromScratch(model_type, vocab_size=400, config=sizes))
    collate = Collator(format, backbone)
    backbone.set_tokenizer(backbone.train_tokenizer(collate.texts(make_examples())))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = backbone.build().eval()
    return TinyModel(network, backbone.tokenizer, format, collate)


def check_strategy(strategy: DecodingStrategy) -> None:
    """Check everything in `CONTRACT` on a seq2seq and a causal model.

    Raises:
        AssertionError: The strategy breaks a rule; the message says which.

    Example:
        >>> from gner.decoding import Greedy
        >>> class Forgetful(Greedy):
        ...     def generate(self, model, batch):
        ...         return super().generate(model, batch)[:1]
        >>> check_strategy(Forgetful(max_new_tokens=8))
        Traceback (most recent call last):
            ...
        AssertionError: expected 2 generations for 2 examples, got 1
    """
    for kind in _SIZES:
        model = tiny_model(kind)
        for check in CONTRACT:
            check(strategy, model)


def _generate(strategy: DecodingStrategy, model: TinyModel, examples: Sequence[Example]) -> list[Generation]:
    with torch.inference_mode():
        return strategy.generate(model, model.batch(examples))


def every_example_gets_a_generation(strategy: DecodingStrategy, model: TinyModel) -> None:
    """``generate`` gives one `Generation` per row, for batches of any size."""
    for size in (1, 2, 5):
        generations = _generate(strategy, model, make_examples()[:size])
        assert isinstance(generations, list), f"`generate` must return a list, got {type(generations).__name__}"
        assert len(generations) == size, f"expected {size} generations for {size} examples, got {len(generations)}"
        for generation in generations:
            assert isinstance(generation, Generation), f"expected Generations, got {type(generation).__name__}"


def texts_are_what_tokens_spell(strategy: DecodingStrategy, model: TinyModel) -> None:
    """``text`` is ``token_ids`` decoded; the end token is the last one or absent, and ``finished`` says which.

    Example:
        >>> from gner.decoding import Greedy
        >>> class Tidy(Greedy):
        ...     def generate(self, model, batch):
        ...         return [replace(one, text=one.text.upper() + "!") for one in super().generate(model, batch)]
        >>> texts_are_what_tokens_spell(Tidy(max_new_tokens=2), tiny_model("causal"))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        AssertionError: expected the text ..., got ...
    """
    end = model.tokenizer.eos_token_id
    for generation in _generate(strategy, model, make_examples()):
        ids = generation.token_ids
        assert ids, "expected at least one token"
        assert end not in ids[:-1], "expected nothing after the end token"
        assert generation.finished == (ids[-1] == end), "`finished` must be true if the last token is the end token"
        spelt = decode(model.tokenizer, ids)
        assert generation.text == spelt, f"expected the text {spelt!r}, got {generation.text!r}"


def log_probs_are_the_models(strategy: DecodingStrategy, model: TinyModel) -> None:
    """``token_log_probs`` has, for each token, its log-probability given the prompt and the tokens before it.

    It may be empty where ``entities`` has scores.
    """
    examples = make_examples()
    generations = _generate(strategy, model, examples)
    with torch.inference_mode():
        expected = token_log_probs(model.network, model.batch(examples), [row.token_ids for row in generations])
    for generation, values in zip(generations, expected, strict=True):
        if generation.entities is not None and not generation.token_log_probs:
            continue
        assert len(generation.token_log_probs) == len(values), "expected one log-probability per token"
        for value, right in zip(generation.token_log_probs, values, strict=True):
            assert abs(value - right) < _TOLERANCE, f"expected the log-probability {right:.4f}, got {value:.4f}"


def entities_have_scores(strategy: DecodingStrategy, model: TinyModel) -> None:
    """``entities``, where given, are spans of the sentence with types of the example and scores from 0 to 1."""
    examples = make_examples()
    for example, generation in zip(examples, _generate(strategy, model, examples), strict=True):
        for entity in generation.entities or ():
            assert 0 <= entity.start < entity.end <= len(example.words), f"{entity} is no span of {example.words}"
            assert entity.type in example.types, f"{entity} has a type that was not asked for"
            assert entity.score is not None and 0 <= entity.score <= 1.0001, f"{entity} needs a score from 0 to 1"


def generating_has_no_memory(strategy: DecodingStrategy, model: TinyModel) -> None:
    """The same batch gives the same texts, whatever was generated before and whatever torch's random state is.

    Example:
        >>> from gner.decoding import NucleusSampling
        >>> generating_has_no_memory(NucleusSampling(max_new_tokens=4), tiny_model("causal"))  # samples by its own seed
    """
    examples = make_examples()
    first = [generation.token_ids for generation in _generate(strategy, model, examples)]
    state = torch.random.get_rng_state()
    _generate(strategy, model, examples[::-2])
    assert torch.random.get_rng_state().equal(state), "the run's random state must be left alone"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        second = [generation.token_ids for generation in _generate(strategy, model, examples)]
    assert first == second, "expected the same tokens for the same batch"


def a_text_is_written_alone_as_in_a_batch(strategy: DecodingStrategy, model: TinyModel) -> None:
    """What is written for an example does not depend on the examples beside it: neither its tokens nor its end."""
    examples = make_examples()
    together = [generation.token_ids for generation in _generate(strategy, model, examples)]
    for example, tokens in zip(examples, together, strict=True):
        [alone] = _generate(strategy, model, [example])
        assert alone.token_ids == tokens, (
            f"expected the same tokens for `{' '.join(example.words)}` alone ({len(alone.token_ids)}) and in a batch "
            f"({len(tokens)}); `gner.decoding.limits.row_limits` has a limit for each row"
        )


def a_session_writes_every_example_once(strategy: DecodingStrategy, model: TinyModel) -> None:
    """A session gives the rows of each example once, whenever it does, and what it writes is what ``generate`` writes.

    Example:
        >>> from gner.decoding import Speculative
        >>> a_session_writes_every_example_once(Speculative(max_new_tokens=4), tiny_model("causal"))  # it pools rows
    """
    examples = make_examples()
    batches = [model.batch(some) for some in (examples[:3], examples[1:2], examples[::-1])]
    with torch.inference_mode():
        session = strategy.session(model)
        done = list(chain.from_iterable(map(session.add, batches)))
        done += session.finish()
        generations = [strategy.generate(model, batch) for batch in batches]
    found = {(one.batch, one.place): [row.token_ids for row in one.result] for one in done}
    assert len(found) == len(done) == sum(map(len, batches)), "expected each example of each batch once"
    for batch, rows in zip(batches, generations, strict=True):
        written = list(chain.from_iterable(found[batch, place] for place in range(len(batch))))
        right = [row.token_ids for row in rows]
        assert written == right, "expected the same tokens in a session as by `generate`"


def gold_tags_are_not_looked_at(strategy: DecodingStrategy, model: TinyModel) -> None:
    """What is written depends on words and types, not on the tags that are to be found."""
    examples = make_examples()
    blind = [replace(example, tags=("O",) * len(example.words)) for example in examples]
    seeing = [generation.token_ids for generation in _generate(strategy, model, examples)]
    assert seeing == [generation.token_ids for generation in _generate(strategy, model, blind)], (
        "expected the same tokens when the gold tags are others"
    )


def the_network_stays_as_it_is(strategy: DecodingStrategy, model: TinyModel) -> None:
    """Weights and mode are the same before and after."""
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    _generate(strategy, model, make_examples())
    assert not model.network.training, "the network must stay in evaluation mode"
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, before[name]), f"the weights `{name}` were changed"


CONTRACT: tuple[Callable[[DecodingStrategy, TinyModel], None], ...] = (
    every_example_gets_a_generation,
    texts_are_what_tokens_spell,
    log_probs_are_the_models,
    entities_have_scores,
    generating_has_no_memory,
    a_text_is_written_alone_as_in_a_batch,
    a_session_writes_every_example_once,
    gold_tags_are_not_looked_at,
    the_network_stays_as_it_is,
)
"""The rules, each of which takes a strategy and a model and raises an AssertionError that says what is wrong."""
