"""Small tokenizers with chat templates of the shapes that Llama 3, Qwen 3, Gemma 3, SmolLM2, Mistral and Phi have."""

from typing import NamedTuple

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from gner.testing import make_examples

_TEXTS = [
    "Use the specific entity tags: person, place and O.\nSentence: Ada Lovelace wrote to London .",
    "Ada(B-person) Lovelace(I-person) wrote(O) to(O) London(B-place) .(O)",
    "system\nuser\nassistant\nmodel\n\nYou tag entities. think [INST] [/INST]",
    *(" ".join(example.words) for example in make_examples()),
]
_CHATML = """\
{%- for message in messages -%}
{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' }}{%- endif -%}"""

_PHI = """\
{%- for message in messages -%}
{{- '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>\n' }}{%- endif -%}"""


class Chat(NamedTuple):
    """A family's chat template.

    Attributes:
        template: Of the tokenizer.
        end: What an answer ends with.
        eos: The tokenizer's end token.
        bos: Its start token.
        others: Further tokens that the template writes.
        takes_system: Whether there may be a system turn.
        is_sentencepiece: Whether spaces are part of tokens, and a text starts with one.
        strips: Whether control tokens take the white space behind them.
    """

    template: str
    end: str
    eos: str
    bos: str | None = None
    others: tuple[str, ...] = ()
    takes_system: bool = True
    is_sentencepiece: bool = False
    strips: bool = False


CHATS = {
    "llama3": Chat(
        """\
{{- bos_token }}
{%- if not date_string is defined -%}{%- set date_string = strftime_now('%d %b %Y') -%}{%- endif -%}
{{- '<|start_header_id|>system<|end_header_id|>\n\nToday Date: ' + date_string + '\n\n' }}
{%- if messages[0]['role'] == 'system' -%}
{{- messages[0]['content'] | trim }}{%- set messages = messages[1:] -%}
{%- endif -%}
{{- '<|eot_id|>' }}
{%- for message in messages -%}
{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif -%}""",
        end="<|eot_id|>",
        eos="<|end_of_text|>",
        bos="<|begin_of_text|>",
        others=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    ),
    "qwen3": Chat(
        _CHATML
        + """\
{%- if add_generation_prompt and enable_thinking is defined and enable_thinking is false -%}
{{- '<think>\n\n</think>\n\n' }}
{%- endif -%}""",
        end="<|im_end|>",
        eos="<|im_end|>",
        others=("<|im_start|>", "<think>", "</think>"),
    ),
    "gemma3": Chat(
        """\
{{- bos_token }}
{%- if messages[0]['role'] == 'system' -%}
{%- set first = messages[0]['content'] + '\n\n' -%}{%- set messages = messages[1:] -%}
{%- else -%}{%- set first = '' -%}{%- endif -%}
{%- for message in messages -%}
{%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
{{- '<start_of_turn>' + role + '\n' + (first if loop.first else '') + message['content'] | trim }}
{{- '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<start_of_turn>model\n' }}{%- endif -%}""",
        end="<end_of_turn>",
        eos="<eos>",
        bos="<bos>",
        others=("<start_of_turn>", "<end_of_turn>"),
        is_sentencepiece=True,
    ),
    "smollm2": Chat(
        """\
{%- if messages[0]['role'] != 'system' -%}
{{- '<|im_start|>system\nYou are a helpful assistant<|im_end|>\n' }}
{%- endif -%}"""
        + _CHATML,
        end="<|im_end|>",
        eos="<|im_end|>",
        bos="<|im_start|>",
    ),
    "mistral": Chat(
        """\
{{- bos_token }}
{%- for message in messages -%}
{%- if message['role'] == 'user' -%}{{- '[INST] ' + message['content'] + ' [/INST]' }}
{%- elif message['role'] == 'assistant' -%}{{- ' ' + message['content'] + eos_token }}
{%- else -%}{{- raise_exception('Only user and assistant roles are supported!') }}{%- endif -%}
{%- endfor -%}""",
        end="</s>",
        eos="</s>",
        bos="<s>",
        takes_system=False,
        is_sentencepiece=True,
    ),
    "mistral3": Chat(
        """\
{{- bos_token }}
{%- for message in messages -%}
{%- if message['role'] == 'user' -%}{{- '[INST]' + message['content'] + '[/INST]' }}
{%- else -%}{{- ' ' + message['content'] + eos_token }}{%- endif -%}
{%- endfor -%}""",
        end="</s>",
        eos="</s>",
        bos="<s>",
        others=("[INST]", "[/INST]"),
        takes_system=False,
    ),
    "phi3": Chat(
        _PHI,
        end="<|end|>",
        eos="<|endoftext|>",
        others=("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        is_sentencepiece=True,
        strips=True,
    ),
    "phi": Chat(
        _PHI,
        end="<|end|>",
        eos="<|endoftext|>",
        others=("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    ),
}


def chat_tokenizer(name: str) -> PreTrainedTokenizerFast:
    """A tokenizer of a few hundred tokens with the chat template of a family."""
    chat = CHATS[name]
    tokenizer = Tokenizer(models.BPE())
    if chat.is_sentencepiece:
        steps = [pre_tokenizers.Metaspace(prepend_scheme="first"), pre_tokenizers.Punctuation()]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
        tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
        alphabet = [chr(code) for code in range(33, 127)]
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = list(dict.fromkeys(filter(None, [chat.bos, chat.eos, *chat.others])))
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(_TEXTS * 3, trainer)
    options = {"special": True, "normalized": False, "rstrip": chat.strips}
    tokenizer.add_special_tokens([AddedToken(token, **options) for token in special])
    if chat.bos is not None:  # as their tokenizers do, so that a start token could come twice
        ids = [(chat.bos, tokenizer.token_to_id(chat.bos))]
        tokenizer.post_processor = processors.TemplateProcessing(single=f"{chat.bos} $A", special_tokens=ids)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=chat.bos, eos_token=chat.eos, chat_template=chat.template
    )
