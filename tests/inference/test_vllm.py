"""Causal models on vLLM: with an object that does what ``vllm.LLM`` does, and with the real one if it is installed."""

import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from gner import GNER
from gner.errors import UserError
from gner.inference.gner_config import Settings
from gner.inference.labeller import ModelOptions
from gner.inference.loading import load_empty
from gner.inference.ray import EntityBatches
from gner.inference.result import Entities
from gner.inference.vllm import PROPOSER, load_vllm, serve_with
from gner.models import Backbone, FromScratch
from gner.prompting import Format, GnerFormat, UniNerFormat
from gner.testing import make_examples, tiny_tagger
from tests.inference.samples import TEXTS, TYPES

LONG = "Ada met Grace in London and saw nothing there . Bob slept . " * 6


@dataclass
class Sampling:
    """``vllm.SamplingParams``, as far as it is used."""

    max_tokens: int
    temperature: float
    logprobs: int
    detokenize: bool
    ignore_eos: bool
    stop_token_ids: list[int]


class GreedyLlm:
    """``vllm.LLM`` without vLLM: Hugging Face's greedy search, prompt by prompt."""

    def __init__(self, model: str, **options: Any) -> None:
        self.network: Any = AutoModelForCausalLM.from_pretrained(model).eval()
        self.options = options
        self.calls: list[int] = []

    def generate(
        self, prompts: Sequence[dict[str, list[int]]], params: Sequence[Sampling], use_tqdm: bool
    ) -> list[Any]:
        assert not use_tqdm
        self.calls.append(len(prompts))
        return [
            SimpleNamespace(outputs=[self._write(prompt["prompt_token_ids"], its_params)])
            for prompt, its_params in zip(prompts, params, strict=True)
        ]

    def _write(self, prompt: list[int], params: Sampling) -> Any:
        assert (params.temperature, params.logprobs, params.ignore_eos) == (0.0, 0, True)
        written = self.network.generate(
            torch.tensor([prompt]),
            do_sample=False,
            max_new_tokens=params.max_tokens,
            eos_token_id=params.stop_token_ids,
            output_logits=True,
            return_dict_in_generate=True,
        )
        ids = written.sequences[0, len(prompt) :].tolist()
        log_probs = [
            {token: SimpleNamespace(logprob=logits[0].log_softmax(-1)[token].item())}
            for token, logits in zip(ids, written.logits, strict=True)
        ]
        return SimpleNamespace(token_ids=tuple(ids), logprobs=log_probs)


def _check(found: list[Entities], wanted: list[Entities]) -> None:
    for one, other in zip(found, wanted, strict=True):
        assert one == [entity | {"score": pytest.approx(entity["score"], abs=1e-4)} for entity in other]
        assert one.info == other.info


@pytest.fixture
def random_folder(tmp_path: Path) -> Path:
    """A model with random weights, of a size that vLLM's attention supports on CPUs."""
    backbone = Backbone(
        FromScratch(
            "llama",
            vocab_size=400,
            config={
                "hidden_size": 64,
                "intermediate_size": 64,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "initializer_range": 0.3,
            },
        )
    )
    backbone.set_tokenizer(backbone.train_tokenizer([" ".join(example.words) for example in make_examples()]))
    torch.manual_seed(0)
    folder = tmp_path / "model"
    backbone.build(torch.float32).save_pretrained(folder)
    backbone.tokenizer.save_pretrained(folder)
    Settings(GnerFormat(instruction=None), {"toy": tuple(TYPES)}).write(folder)
    return folder


@pytest.mark.parametrize("format", [None, GnerFormat(), UniNerFormat()])
def test_random_answers_are_those_of_greedy_search(random_folder: Path, format: Format | None) -> None:
    """Random weights write what no trained model would, and often do not end."""
    options = ModelOptions(max_tokens=700)
    served = serve_with(load_empty(random_folder, format), GreedyLlm(str(random_folder)), Sampling, options)
    plain = GNER.from_pretrained(random_folder, device="cpu", format=format, max_tokens=700)
    labels = ["person", "place"]
    wanted = plain.predict_entities([*TEXTS[:4], LONG], labels, decoding="greedy")
    _check(served.predict_entities([*TEXTS[:4], LONG], labels), wanted)
    assert any(one.info.num_unfinished for one in wanted)


def test_all_prompts_are_written_at_once_by_a_trained_model(trained: dict[str, Path]) -> None:
    llm = GreedyLlm(str(trained["causal"]))
    served = serve_with(load_empty(trained["causal"]), llm, Sampling)
    plain = GNER.from_pretrained(trained["causal"], device="cpu")
    _check(served.predict_entities(TEXTS * 3), plain.predict_entities(TEXTS * 3, decoding="greedy"))
    assert llm.calls == [3 * sum(bool(plain.labeller.read(text).words) for text in TEXTS)]
    assert served.predict_tags(["Ada", "slept"]) == plain.predict_tags(["Ada", "slept"], decoding="greedy")


def test_what_vllm_is_given(trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(LLM=GreedyLlm, SamplingParams=Sampling))
    model = load_vllm(trained["causal"], num_drafted=16, engine={"dtype": "bfloat16"})
    assert model.predict_entities("Ada Lovelace wrote to London .")
    made: list[dict[str, Any]] = []

    def note(model: str, **options: Any) -> GreedyLlm:
        made.append(options)
        return GreedyLlm(model)

    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(LLM=note, SamplingParams=Sampling))
    load_vllm(trained["causal"])
    load_vllm(trained["causal"], num_drafted=16, engine={"dtype": "bfloat16", "enable_prefix_caching": False})
    assert made[0] == {"enable_prefix_caching": True, "generation_config": "vllm"}
    drafts = {"method": "custom_class", "model": PROPOSER, "num_speculative_tokens": 16}
    assert made[1] == made[0] | {
        "enable_prefix_caching": False,
        "dtype": "bfloat16",
        "speculative_config": drafts,
    }


def test_batches_of_rows_are_labelled_by_vllm(trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(LLM=GreedyLlm, SamplingParams=Sampling))
    source = str(trained["causal"])
    served = EntityBatches(source, TYPES, loader=load_vllm, load={"engine": {"dtype": "float32"}})
    plain = EntityBatches(source, TYPES, load={"device": "cpu"}, decoding="greedy")
    rows = {"text": TEXTS[:5]}
    found, wanted = pickle.loads(pickle.dumps(served))(rows)["entities"], plain(rows)["entities"]
    for one, other in zip(found, wanted, strict=True):
        assert [(entity["start"], entity["end"]) for entity in one] == [(e["start"], e["end"]) for e in other]


def test_what_vllm_cannot_serve_is_refused(
    trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"Expected a causal model that writes, but .* is of kind seq2seq"):
        load_vllm(trained["seq2seq"])
    tagger = tiny_tagger("bert")
    tagger.network.save_pretrained(tmp_path / "tagger")
    tagger.backbone.tokenizer.save_pretrained(tmp_path / "tagger")
    with pytest.raises(UserError, match=r"is a tagger|is of kind encoder"):
        load_vllm(tmp_path / "tagger")
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    with pytest.raises(UserError):
        load_vllm(tmp_path / "run")
    with pytest.raises(UserError, match="Expected `num_drafted` >= 0, got -1"):
        monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(LLM=GreedyLlm, SamplingParams=Sampling))
        load_vllm(trained["causal"], num_drafted=-1)
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(UserError, match=r"Expected vLLM, but: .* an environment of its own"):
        load_vllm(trained["causal"])
    served = serve_with(load_empty(trained["causal"]), GreedyLlm(str(trained["causal"])), Sampling)
    with pytest.raises(UserError, match="Expected no `decoding`"):
        served.predict_entities("Ada", decoding="constrained")


def test_adapters_alone_are_refused(trained: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(f'{{"base_model_name_or_path": "{trained["causal"]}"}}')
    with pytest.raises(UserError, match="has adapters only"):
        load_vllm(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM pins other packages; docs/inference.md says how to get it")
@pytest.mark.parametrize("num_drafted", [0, 8])
def test_real_vllm_writes_what_greedy_search_writes(
    random_folder: Path, num_drafted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    engine = {"enforce_eager": True, "dtype": "float32", "max_model_len": 1024, "max_num_seqs": 8}
    served = load_vllm(random_folder, num_drafted=num_drafted, engine=engine, options=ModelOptions(max_tokens=700))
    plain = GNER.from_pretrained(random_folder, device="cpu", max_tokens=700)
    texts = [*TEXTS[:4], LONG] * 2
    _check(served.predict_entities(texts, TYPES), plain.predict_entities(texts, TYPES, decoding="greedy"))
