"""Networks of taggers are built for the types of a run, from random weights, checkpoints with a head and without."""

from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

from gner.errors import UserError
from gner.interfaces import Kind, Tagging
from gner.models import FromScratch, TaggerBackbone, TokenClassifier
from gner.models.architecture import REFUSED_TAGGERS
from gner.models.tagger_backbone import head_of, make_backbone, parse_backbone
from gner.testing import TinyTagger, tiny_tagger

ARCHITECTURES = (
    "bert",
    "roberta",
    "xlm-roberta",
    "deberta-v2",
    "modernbert",
    "electra",
    "t5",
    "llama",
    "qwen3",
    "gpt2",
)
GPT2_SIZES = {"n_embd": 16, "n_layer": 2, "n_head": 2}
SIZES = {
    "gpt2": GPT2_SIZES,
    "qwen3": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
    },
}


def _tagger(model_type: str) -> TinyTagger:
    return tiny_tagger(model_type, config=SIZES.get(model_type))


def _save(tagger: TinyTagger, folder: Path, *, with_head: bool) -> str:
    network = tagger.network if with_head else AutoModel.from_config(tagger.network.config)
    network.save_pretrained(folder)
    tagger.backbone.tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_any_architecture_gets_an_output_for_each_tag(model_type: str) -> None:
    tagger = _tagger(model_type)
    assert tagger.backbone.kind is Kind.ENCODER
    assert list(tagger.network.config.id2label.values()) == ["O", "B-person", "I-person", "B-place", "I-place"]
    assert head_of(tagger.network).out_features == 5


@pytest.mark.parametrize("model_type", ["bert", "roberta", "modernbert", "gpt2", "llama"])
def test_a_sentence_as_long_as_the_positions_is_read(model_type: str) -> None:
    sizes = {**(GPT2_SIZES if model_type == "gpt2" else {"hidden_size": 16, "num_hidden_layers": 1})}
    sizes["n_positions" if model_type == "gpt2" else "max_position_embeddings"] = 430
    if model_type != "gpt2":
        sizes |= {"num_attention_heads": 2, "intermediate_size": 16}
    tagger = tiny_tagger(model_type, config=sizes)
    most = tagger.backbone.positions.prompt
    assert most is not None and 20 < most <= 430
    ids = torch.full((1, most), 7)
    assert tagger.network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.isfinite().all()


@pytest.mark.parametrize("model_type", REFUSED_TAGGERS)
def test_what_cannot_tag_is_refused_with_the_reason(model_type: str) -> None:
    with pytest.raises(UserError) as refused:
        _ = TaggerBackbone(TokenClassifier(FromScratch(model_type))).config
    assert REFUSED_TAGGERS[model_type] in str(refused.value)


def test_a_model_without_a_token_classifier_is_refused(tmp_path: Path) -> None:
    AutoConfig.for_model("bart").save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"whose type `bart` cannot be used: there is none. Set model.backbone.tagger"):
        _ = TaggerBackbone(TokenClassifier(str(tmp_path))).config


@pytest.mark.parametrize("model_type", ["bert", "t5", "llama"])
def test_pretrained_weights_are_kept_and_the_head_is_new(model_type: str, tmp_path: Path) -> None:
    source = _save(_tagger(model_type), tmp_path, with_head=False)
    backbone = TaggerBackbone(TokenClassifier(source))
    assert backbone.needs_types
    backbone.set_types(["song", "band", "song"])
    network = backbone.build()
    assert network.config.id2label == {0: "O", 1: "B-song", 2: "I-song", 3: "B-band", 4: "I-band"}
    stored = AutoModel.from_pretrained(tmp_path).state_dict()
    body = getattr(network, network.base_model_prefix).state_dict()
    shared = [name for name in stored if name in body]
    assert shared and all(torch.equal(stored[name], body[name]) for name in shared)


def test_a_head_with_all_the_types_is_trained_further_and_another_is_replaced(tmp_path: Path) -> None:
    tagger = tiny_tagger("bert")
    source = _save(tagger, tmp_path, with_head=True)
    same = TaggerBackbone(TokenClassifier(source))
    assert not same.needs_types  # the checkpoint says them
    same.set_types(["place"])
    assert same.tags == tagger.backbone.tags
    assert torch.equal(head_of(same.build()).weight, head_of(tagger.network).weight)
    other = TaggerBackbone(TokenClassifier(source))
    other.set_types(["song", "band"])  # as many
    assert not torch.equal(head_of(other.build()).weight, head_of(tagger.network).weight)
    more = TaggerBackbone(TokenClassifier(source))
    more.set_types(["person", "song", "band"])
    assert head_of(more.build()).out_features == 7


def test_the_tags_of_a_resumed_run_stay_as_they_were() -> None:
    backbone = TaggerBackbone(TokenClassifier(FromScratch("bert")))
    backbone.set_tags(["O", "B-b", "I-b", "B-a", "I-a"])
    backbone.set_types(["a"])
    assert backbone.tags == ("O", "B-b", "I-b", "B-a", "I-a")
    with pytest.raises(UserError, match="got `c`"):
        backbone.set_types(["c"])


def test_a_head_that_reads_types_needs_to_know_none() -> None:
    tagger = tiny_tagger("bert", head="types", type_size=8)
    assert tagger.backbone.tagging == Tagging(0, reads_types=True)
    assert tagger.backbone.tags == ()
    assert head_of(tagger.network).out_features == 4 * 8 + 1


def test_a_head_that_reads_types_starts_alike_for_words_and_types_and_keeps_what_it_learned(tmp_path: Path) -> None:
    tagger = tiny_tagger("bert", head="types", type_size=8)
    for _ in range(2):
        weight = head_of(tagger.backbone.build()).weight
        assert torch.equal(weight[:16], weight[17:])
    tagger.network.save_pretrained(tmp_path)
    tagger.backbone.tokenizer.save_pretrained(tmp_path)
    same = TaggerBackbone(TokenClassifier(str(tmp_path), head="types", type_size=8))
    assert not same.needs_types
    for _ in range(2):
        assert torch.equal(head_of(same.build()).weight, head_of(tagger.network).weight)
    other = TaggerBackbone(TokenClassifier(str(tmp_path), head="types", type_size=4))
    assert other.needs_types  # that is, it must be trained
    assert head_of(other.build()).out_features == 4 * 4 + 1


def test_training_data_without_types_is_refused() -> None:
    with pytest.raises(UserError, match="training data with types"):
        TaggerBackbone(TokenClassifier(FromScratch("bert"))).set_types([])


def test_a_slow_tokenizer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _save(tiny_tagger("bert"), tmp_path, with_head=True)
    monkeypatch.setattr(type(AutoTokenizer.from_pretrained(source)), "is_fast", False)
    with pytest.raises(UserError, match="says where its tokens are in a text"):
        _ = TaggerBackbone(TokenClassifier(source)).tokenizer


@pytest.mark.parametrize(
    "source",
    ["bert-base-cased", FromScratch("llama"), TokenClassifier("b", repeat=1), TokenClassifier(FromScratch("t5"))],
)
def test_a_config_is_read_back(source: str | FromScratch | TokenClassifier) -> None:
    backbone = make_backbone(source)
    assert isinstance(backbone, TaggerBackbone) == isinstance(source, TokenClassifier)
    settings = source
    if not isinstance(source, str):
        settings = vars(source)  # type: ignore[assignment]
        if isinstance(source, TokenClassifier) and not isinstance(source.tagger, str):
            settings = {**vars(source), "tagger": vars(source.tagger)}  # type: ignore[assignment]
    assert parse_backbone(settings) == source  # type: ignore[arg-type]
