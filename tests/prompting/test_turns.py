"""Chat templates: prompts have the ids that `apply_chat_template` gives, and answers end with the turn's end token."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from gner import GNER
from gner.cli import main
from gner.data.collate import Collator
from gner.data.encoding import Encoder
from gner.decoding import Constrained, Greedy, OnePass, Speculative
from gner.decoding.answer_tokens import AnswerTokenizer
from gner.decoding.word_tokens import PieceTokenizer
from gner.errors import UserError
from gner.inference.export_checkpoint import export_model
from gner.interfaces import IGNORED, Kind
from gner.models import Backbone
from gner.prompting import GnerFormat
from gner.prompting.turns import find_turns
from gner.records import Example
from gner.testing import TinyModel, make_examples
from tests.prompting.chat_templates import CHATS, chat_tokenizer

FORMAT = GnerFormat(instruction=None)
DAY = {"date_string": "26 Jul 2024", "enable_thinking": False}


@pytest.fixture
def checkpoint(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A tiny model with the chat template of a family."""
    tokenizer = chat_tokenizer(request.param)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    folder = tmp_path / request.param
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes, initializer_range=0.3)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


families = pytest.mark.parametrize("checkpoint", CHATS, indirect=True)
some_families = pytest.mark.parametrize(
    "checkpoint",
    [pytest.param(name, marks=() if name in ("gemma3", "llama3") else pytest.mark.slow) for name in CHATS],
    indirect=True,
)


def _model(checkpoint: Path, form: GnerFormat = FORMAT) -> TinyModel:
    backbone = Backbone(str(checkpoint))
    backbone.write_in(form)
    return TinyModel(backbone.build().eval(), backbone.tokenizer, form, Collator(form, backbone))


def _expected(name: str, prompt: str, system: str | None = None) -> list[int]:
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt})
    ids: list[int] = chat_tokenizer(name).apply_chat_template(
        messages, add_generation_prompt=True, return_dict=False, **DAY
    )
    return ids


@families
@pytest.mark.parametrize("system", [None, "You tag entities."])
def test_prompts_are_those_of_the_chat_template(checkpoint: Path, system: str | None) -> None:
    name = checkpoint.name
    if system and not CHATS[name].takes_system:
        pytest.skip("it has no system turn")
    form = GnerFormat(instruction=None, system_prompt=system)
    model = _model(checkpoint, form)
    for example in make_examples()[:4]:
        batch = model.batch([example])
        prompt = form.queries(example)[0].prompt
        assert batch.prompt_ids[0].tolist() == _expected(name, prompt, system)
        if model.tokenizer.bos_token_id is not None and name != "smollm2":
            assert batch.prompt_ids[0].tolist().count(model.tokenizer.bos_token_id) == 1


@families
def test_answers_are_learned_up_to_the_end_of_the_turn(checkpoint: Path) -> None:
    model, chat = _model(checkpoint), CHATS[checkpoint.name]
    for example in make_examples()[:4]:
        batch = model.batch([example])
        learned = batch.labels[0][batch.labels[0] != IGNORED].tolist()
        assert model.tokenizer.decode(learned[-1]) == chat.end
        assert learned[-1] == model.tokenizer.eos_token_id
        assert chat.end not in model.tokenizer.decode(learned[:-1])
        written = model.tokenizer.decode(learned, skip_special_tokens=True).strip()
        assert written == FORMAT.queries(example)[0].target
        # what is learned follows the prompt that generation starts from
        size = batch.prompt_ids.shape[1]
        assert batch.input_ids[0][:size].tolist() == batch.prompt_ids[0].tolist()
        assert batch.input_ids[0][size : size + len(learned)].tolist() == learned


@families
def test_the_whole_conversation_is_what_the_template_writes(checkpoint: Path) -> None:
    if checkpoint.name == "qwen3":
        pytest.skip("it writes no empty thought into turns that are over")
    model, example = _model(checkpoint), make_examples()[0]
    prompt, answer = FORMAT.queries(example)[0]
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    whole = chat_tokenizer(checkpoint.name).apply_chat_template(messages, return_dict=False, **DAY)
    read = model.batch([example]).input_ids[0].tolist()
    assert whole[: len(read)] == read


@families
def test_forced_and_drafted_words_are_tokenized_as_training_does(checkpoint: Path) -> None:
    model, example = _model(checkpoint), make_examples()[0]
    batch = model.batch([example])
    learned = batch.labels[0][batch.labels[0] != IGNORED].tolist()[:-1]
    pieces = PieceTokenizer(model.tokenizer, FORMAT, Kind.CAUSAL)
    written: list[int] = []
    for position, (before, tag) in enumerate(zip(["O", *example.tags], example.tags, strict=False)):
        choices = pieces.choices(example, position, before)
        written += [*choices.stem, *(token for _, token in choices.tags.path(tag))]
    assert written == learned
    assert AnswerTokenizer(model, example).of(FORMAT.queries(example)[0].target) == learned


@some_families
def test_strategies_write_the_same_and_stop_at_the_end_of_the_turn(checkpoint: Path) -> None:
    model, examples = _model(checkpoint), make_examples()[:4]
    end = model.tokenizer.convert_tokens_to_ids(CHATS[checkpoint.name].end)
    with torch.inference_mode():
        batch = model.batch(examples)
        plain, drafted = Greedy().generate(model, batch), Speculative().generate(model, batch)
        assert [one.token_ids for one in drafted] == [one.token_ids for one in plain]
        for strategy in (Constrained(), OnePass()):
            for example, one in zip(examples, strategy.generate(model, batch), strict=True):
                assert one.token_ids[-1] == end
                assert [pair.rpartition("(")[0] for pair in one.text.split(" ")] == list(example.words)


@some_families
def test_a_sentence_cannot_end_a_turn(checkpoint: Path) -> None:
    model, chat = _model(checkpoint), CHATS[checkpoint.name]
    words = ("Ada", chat.end, "wrote", *chat.others)
    example = Example(words, ("B-person",) + ("O",) * (len(words) - 1), ("person",), "toy", "0")
    plain = replace(example, words=("Ada",) + ("x",) * (len(words) - 1))
    special = {model.tokenizer.convert_tokens_to_ids(token) for token in (chat.end, *chat.others)}
    counts = []
    for row in (example, plain):
        batch = model.batch([row])
        counts.append([token for token in batch.input_ids[0].tolist() if token in special])
    assert counts[0] == counts[1]


@pytest.mark.parametrize("checkpoint", ["gemma3"], indirect=True)
def test_runs_and_exports_keep_the_template(checkpoint: Path, toy_root: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ["--model.backbone", str(checkpoint), "--model.format.init_args.instruction", "null"]
    options += ["--model.format.class_path", "GnerFormat", "--model.decoding.class_path", "Speculative"]
    options += ["--data.root", str(toy_root), "--data.train", "[toy]", "--data.val", "[toy]", "--data.batch_size", "5"]
    options += ["--trainer.max_steps", "2", "--trainer.accelerator", "cpu", "--trainer.default_root_dir", str(run)]
    main("fit", options)
    export_model(run, tmp_path / "exported")
    generation = json.loads((tmp_path / "exported" / "generation_config.json").read_text(encoding="utf-8"))
    assert generation["eos_token_id"] == chat_tokenizer("gemma3").convert_tokens_to_ids("<end_of_turn>")
    for source in (run, tmp_path / "exported"):
        model = GNER.from_pretrained(source)
        assert model.labeller.tokenizer.eos_token == "<end_of_turn>"
        turns = model.labeller.format.turns(model.labeller.tokenizer)
        assert turns.prompt("Who?") == "<bos><start_of_turn>user\nWho?<end_of_turn>\n<start_of_turn>model\n"
        model.predict_entities("Ada wrote to London.", ["person"])


def test_a_header_that_no_generation_prompt_writes_is_part_of_the_prompt() -> None:
    tokenizer = chat_tokenizer("phi")
    messages = "{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}"
    tokenizer.chat_template = messages + "{% endfor %}"
    turns = find_turns("auto", None, tokenizer)
    assert turns.prompt("Who?") == "<|user|>\nWho?<|end|>\n<|assistant|>\n"
    assert (turns.answer("Ada(O)"), turns.end) == ("Ada(O)", "<|end|>")


def test_templates_that_ask_for_the_date_get_the_same_each_day() -> None:
    tokenizer = chat_tokenizer("phi")
    tokenizer.chat_template = "<|system|>{{ strftime_now('%d %b %Y') }}<|end|>" + tokenizer.chat_template
    assert find_turns("auto", None, tokenizer).prompt("Who?").startswith("<|system|>26 Jul 2024<|end|>")


def test_templates_of_the_config_come_first() -> None:
    tokenizer = chat_tokenizer("qwen3")
    assert find_turns("auto", None, tokenizer).is_chat
    assert find_turns("plain", None, tokenizer).prompt("Who?") == "Who?"
    assert find_turns("[INST] {prompt} [/INST]", None, tokenizer).prompt("Who?") == "[INST] Who? [/INST]"
    assert find_turns("auto", None, tokenizer).prompt("Who?").endswith("<think>\n\n</think>\n\n")


def test_what_cannot_be_used_is_refused() -> None:
    mistral, bare = chat_tokenizer("mistral"), chat_tokenizer("mistral")
    bare.chat_template = None
    with pytest.raises(UserError, match="takes system and user messages, but the tokenizer's says: Only user"):
        find_turns("auto", "You tag entities.", mistral)
    with pytest.raises(UserError, match="Expected a tokenizer with a chat template for causal_template `chat`"):
        find_turns("chat", None, bare)
    with pytest.raises(UserError, match="Expected a chat template for the system prompt, but the tokenizer has none"):
        find_turns("auto", "You tag entities.", bare)
    with pytest.raises(UserError, match="system prompt, but causal_template is 'plain'"):
        find_turns("plain", "You tag entities.", mistral)
    mistral.chat_template = "{% for message in messages %}{{ message['content'] * 2 }}{% endfor %}"
    with pytest.raises(UserError, match="a chat template that writes each message once"):
        find_turns("auto", None, mistral)


def test_words_are_joined_so_that_nothing_is_taken_for_a_control_token() -> None:
    turns = find_turns("auto", None, chat_tokenizer("qwen3"))
    assert turns.prompt("a <|im_end|> b").count("<|im_end|>") == 1  # the template's
    assert "<\u2060|im_end|>" in turns.prompt("a <|im_end|> b")


def test_an_encoder_without_a_template_leaves_start_tokens_to_the_tokenizer() -> None:
    class Owner:
        kind = Kind.CAUSAL
        tokenizer = chat_tokenizer("llama3")

    [row] = Encoder(GnerFormat(causal_template="plain"), Owner()).encode(FORMAT.queries(make_examples()[0]))  # type: ignore[arg-type]
    assert row.prompt[0] == Owner.tokenizer.bos_token_id
    assert row.prompt.count(Owner.tokenizer.bos_token_id) == 1
