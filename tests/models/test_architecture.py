"""Unusable backbones are refused with the reason, and code in a model folder is never run."""

import io
import json
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from tokenizers import decoders as decoding
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from gner.cli import main
from gner.data.collate import Collator
from gner.data.probe import check_tokenizer
from gner.decoding.forward_pass import positions_of
from gner.errors import UserError, first_line, last_line
from gner.inference.loading import load
from gner.interfaces import Kind
from gner.models import Backbone, FromScratch, Lora
from gner.models.architecture import REFUSED, check_architecture, freeze_other_modalities
from gner.models.flops import TrainingFlops, count_flops
from gner.prompting import GnerFormat
from gner.records import Example
from tests.models.matrix import make_checkpoint

TEXTS = [
    "Ada(B-person) wrote(O) to(O) London(B-place) .(O)",
    "Use the specific entity tags: person, place and O.",
    " ".join([*string.ascii_letters, *string.digits, *string.punctuation]) * 3,
]
ENCODERS = ("bert", "roberta", "xlm-roberta", "deberta-v2", "electra", "modernbert", "distilbert", "albert")


@pytest.mark.parametrize("model_type", ENCODERS)
def test_encoders_are_refused_by_name_and_from_scratch(model_type: str, tmp_path: Path) -> None:
    config = AutoConfig.for_model(model_type)
    config.save_pretrained(tmp_path)
    for source in (str(tmp_path), FromScratch(model_type)):
        with pytest.raises(UserError, match=rf"whose type `{model_type}` is an encoder.*Set model\.backbone"):
            _ = Backbone(source).config


def test_an_encoder_configured_as_a_decoder_is_accepted() -> None:
    check_architecture(AutoConfig.for_model("bert", is_decoder=True), "bert")


@pytest.mark.parametrize("model_type", REFUSED)
def test_unusable_architectures_are_refused_with_the_reason(model_type: str) -> None:
    with pytest.raises(UserError) as refused:
        check_architecture(AutoConfig.for_model(model_type), model_type)
    assert REFUSED[model_type] in str(refused.value)


@pytest.mark.parametrize(("model_type", "what"), [("qwen2_vl", "images"), ("qwen2_audio", "audio")])
def test_unsupported_multimodal_models_are_refused_as_such(model_type: str, what: str) -> None:
    with pytest.raises(UserError, match=rf"multimodal model, which also reads {what}"):
        check_architecture(AutoConfig.for_model(model_type), model_type)


@pytest.mark.parametrize("name", ["gemma3", "gemma4", "t5gemma2"])
def test_image_parameters_are_frozen_and_text_parameters_are_trained(name: str, tmp_path: Path) -> None:
    backbone = Backbone(str(make_checkpoint(name, tmp_path / name, TEXTS)))
    network = backbone.build()
    assert freeze_other_modalities(network) > 0
    ids = torch.tensor([[5, 6, 7]])
    more = {"decoder_input_ids": ids} if backbone.kind is Kind.SEQ2SEQ else {}
    network(input_ids=ids, labels=ids, **more).loss.backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.requires_grad == (parameter.grad is not None), parameter_name


@pytest.mark.parametrize(
    ("model_type", "settings", "prompt", "answer"),
    [
        ("llama", {"max_position_embeddings": 77}, 77, 77),
        ("gpt2", {"n_positions": 77}, 77, 77),
        ("t5", {}, None, None),
        ("led", {"max_encoder_position_embeddings": 99, "max_decoder_position_embeddings": 33}, 99, 33),
        ("gemma3", {"text_config": {"model_type": "gemma3_text", "max_position_embeddings": 55}}, 55, 55),
        (
            "t5gemma",
            {"encoder": {"max_position_embeddings": 44}, "decoder": {"max_position_embeddings": 22}},
            44,
            22,
        ),
    ],
)
def test_position_limits_are_those_of_encoder_and_decoder(
    model_type: str, settings: dict[str, Any], prompt: int | None, answer: int | None
) -> None:
    assert positions_of(AutoConfig.for_model(model_type, **settings)) == (prompt, answer)


def test_an_answer_too_long_for_the_decoder_is_refused(tmp_path: Path, toy_root: Path, capsys: Any) -> None:
    folder = make_checkpoint("led", tmp_path / "led", TEXTS)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["max_decoder_position_embeddings"] = 20
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    options = ["--data.root", str(toy_root), "--data.train", "[toy]", "--data.val", "[toy]"]
    with pytest.raises(SystemExit):
        main("fit", ["--model.backbone", str(folder), *options, "--trainer.default_root_dir", str(tmp_path / "run")])
    assert "tokens for its answer, but the backbone reads at most 20" in capsys.readouterr().err


# Statistics


@pytest.mark.parametrize("name", ["gemma4", "gemma4_text"])
def test_blocks_with_heads_of_different_sizes_are_counted(name: str, tmp_path: Path) -> None:
    network = Backbone(str(make_checkpoint(name, tmp_path / name, TEXTS))).build()
    short, long = (TrainingFlops(network).of_example(size, size) for size in (10, 20))
    assert 2 * short < long < 4 * short


def test_operations_that_cannot_be_counted_are_left_out_with_a_warning(checkpoints: dict[str, Path]) -> None:
    class Odd(LlamaForCausalLM):
        def get_output_embeddings(self) -> nn.Module:
            return nn.Identity()  # a head without a weight

    network = Odd.from_pretrained(checkpoints["causal"])
    with pytest.warns(UserWarning, match=r"cannot be counted, so utilisation and hours are left out: AttributeError"):
        assert count_flops(network) is None


# Tokenizers


def _word_piece(pieces: list[str]) -> PreTrainedTokenizerFast:
    vocabulary = {piece: number for number, piece in enumerate(["[UNK]", "[PAD]", "[SEP]", *pieces])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.decoder = decoding.WordPiece()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")


@pytest.fixture
def with_word_pieces(tmp_path: Path, checkpoints: dict[str, Path]) -> Path:
    """A causal checkpoint with BERT's kind of tokenizer."""
    folder = tmp_path / "word_pieces"
    shutil.copytree(checkpoints["causal"], folder, ignore=shutil.ignore_patterns("tokenizer*"))
    letters = [chr(code) for code in range(33, 127)]
    _word_piece([*letters, *(f"##{letter}" for letter in letters)]).save_pretrained(folder)
    return folder


def test_a_tokenizer_without_an_end_token_is_refused(with_word_pieces: Path) -> None:
    with pytest.raises(UserError, match=r"has none, so a model could not learn where an answer ends.*eos_token"):
        _ = Backbone(str(with_word_pieces)).tokenizer


def test_a_tokenizer_that_loses_the_answer_is_refused_before_weights_are_loaded(
    with_word_pieces: Path, toy_root: Path, tmp_path: Path, capsys: Any
) -> None:
    settings = json.loads((with_word_pieces / "tokenizer_config.json").read_text(encoding="utf-8"))
    settings["eos_token"] = "[SEP]"
    (with_word_pieces / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (with_word_pieces / "model.safetensors").unlink()
    options = ["--data.root", str(toy_root), "--data.train", "[toy]", "--data.val", "[toy]"]
    run = ["--trainer.default_root_dir", str(tmp_path / "run"), "--trainer.accelerator", "cpu"]
    with pytest.raises(SystemExit):
        main("fit", ["--model.backbone", str(with_word_pieces), *options, *run])
    message = capsys.readouterr().err
    assert "makes `Ada ( B - person )" in message
    assert "its tags cannot be read back" in message


@pytest.mark.parametrize("name", ["llama", "qwen3", "t5", "byt5", "bart", "mbart", "deepseek_v3"])
def test_special_tokens_in_a_sentence_are_text(name: str, tmp_path: Path) -> None:
    backbone = Backbone(str(make_checkpoint(name, tmp_path / name, TEXTS)))
    tokenizer = backbone.tokenizer
    gner_format = GnerFormat(instruction=None)
    collate = Collator(gner_format, backbone)
    check_tokenizer(gner_format, collate, backbone)
    words = ("Ada", tokenizer.eos_token, "wrote", tokenizer.pad_token, "London")
    [plain] = collate.encode([Example(("Ada",), ("O",), ("person",), "toy", "0")])
    [row] = collate.encode([Example(words, ("O",) * len(words), ("person",), "toy", "0")])
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for with_words, without in ((row.prompt, plain.prompt), (row.answer, plain.answer)):
        assert sum(token in special for token in with_words) == sum(token in special for token in without)
    assert row.answer[-1] == tokenizer.eos_token_id
    tokenizer.save_pretrained(tmp_path / "saved")
    shutil.copy(tmp_path / name / "config.json", tmp_path / "saved")
    saved = Backbone(str(tmp_path / "saved")).tokenizer
    assert saved(words[1])["input_ids"] == tokenizer(words[1])["input_ids"]


def test_the_decoder_of_mbart_starts_with_the_language_and_labels_end_with_the_end_token(tmp_path: Path) -> None:
    backbone = Backbone(str(make_checkpoint("mbart", tmp_path / "mbart", TEXTS)))
    tokenizer = backbone.tokenizer
    assert backbone.build().config.decoder_start_token_id == tokenizer.convert_tokens_to_ids("en_XX")
    [row] = Collator(GnerFormat(), backbone).encode([Example(("Ada",), ("O",), ("person",), "toy", "0")])
    assert row.answer[-1] == tokenizer.eos_token_id
    assert tokenizer.convert_tokens_to_ids("en_XX") not in row.answer
    assert row.prompt[-1] == tokenizer.convert_tokens_to_ids("en_XX")


# Adapters


def test_dropout_on_experts_is_refused_by_its_key(tmp_path: Path) -> None:
    network = Backbone(str(make_checkpoint("mixtral", tmp_path / "mixtral", TEXTS))).build()
    with pytest.raises(UserError, match=r"model\.lora\.dropout=0\.05.*Set model\.lora\.dropout to 0"):
        Lora(target_modules="all-linear").add_to(network, needs_input_grads=False)


def _adapted(network: PreTrainedModel) -> set[str]:
    """Names of the modules that have adapters."""
    names = [name for name, _ in network.named_parameters() if ".lora_A" in name]
    return {name.partition(".lora_A")[0].rpartition(".")[2] for name in names}


def test_a_type_that_peft_does_not_know_gets_adapters_on_all_linear_layers(tmp_path: Path) -> None:
    network = Backbone(str(make_checkpoint("lfm2", tmp_path / "lfm2", TEXTS))).build()
    Lora().add_to(network, needs_input_grads=False)
    assert {"q_proj", "out_proj", "in_proj"} <= _adapted(network)


def test_a_type_that_peft_knows_gets_its_choice(tmp_path: Path) -> None:
    network = Backbone(str(make_checkpoint("mixtral", tmp_path / "mixtral", TEXTS))).build()
    Lora().add_to(network, needs_input_grads=False)
    assert _adapted(network) == {"q_proj", "v_proj"}


# Third-party code


@pytest.fixture
def yes(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Answers yes to every question."""
    answers = io.StringIO("y\n" * 100)
    monkeypatch.setattr("sys.stdin", answers)
    monkeypatch.setattr("builtins.input", lambda prompt="": "y")
    yield answers


def _with_code(folder: Path, *, is_known: bool) -> Path:
    """Make a folder refer to code of its own, which leaves a trace if it is run."""
    (folder / "evil.py").write_text(
        f"from pathlib import Path\nPath({str(folder / 'ran')!r}).touch()\n"
        "from transformers import LlamaConfig as EvilConfig, LlamaForCausalLM as EvilModel\n"
        "from transformers import LlamaTokenizer as EvilTokenizer\n",
        encoding="utf-8",
    )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["auto_map"] = {"AutoConfig": "evil.EvilConfig", "AutoModelForCausalLM": "evil.EvilModel"}
    if not is_known:
        config["model_type"] = "evil"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    tokenizer["auto_map"] = {"AutoTokenizer": ["evil.EvilTokenizer", None]}
    if not is_known:
        tokenizer["tokenizer_class"] = "EvilTokenizer"
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return folder


def test_code_in_a_folder_is_never_run_whatever_is_answered(
    yes: io.StringIO, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoints["causal"], tmp_path / "model")
    _with_code(folder, is_known=False)
    with pytest.raises(UserError, match="needs code of its own, which is never run here"):
        load(folder)
    assert not (folder / "ran").exists()
    assert yes.tell() == 0


def test_code_in_the_folder_that_a_checkpoint_or_export_refers_to_is_never_run(
    yes: io.StringIO, config: Path, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoints["causal"], tmp_path / "model")
    main("fit", ["--config", str(config), "--model.backbone", str(folder), "--trainer.max_steps", "1"])
    _with_code(folder, is_known=True)
    loaded = load(tmp_path / "run")  # the library has this type itself
    assert type(loaded.network) is type(AutoModelForCausalLM.from_pretrained(checkpoints["causal"]))
    assert type(load(folder).network) is type(loaded.network)
    _with_code(folder, is_known=False)
    with pytest.raises(UserError, match="needs code of its own"):
        load(tmp_path / "run")
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    named = {"base_model_name_or_path": str(folder), "peft_type": "LORA"}
    (adapter / "adapter_config.json").write_text(json.dumps(named), encoding="utf-8")
    with pytest.raises(UserError, match="needs code of its own"):
        load(adapter)
    assert not (folder / "ran").exists()
    assert yes.tell() == 0


def test_an_error_without_a_message_is_summarized_by_its_class() -> None:
    assert first_line(OSError()) == last_line(OSError()) == "OSError"
    assert (first_line(ValueError("\n a \n\n b \n")), last_line(ValueError("\n a \n\n b \n"))) == ("a", "b")
