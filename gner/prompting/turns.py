"""How a causal model gets a prompt: as it is, in a template of the config, or as a turn of its own chat template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import regex

from gner.errors import UserError, first_line
from gner.prompting.query import after_prompt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LLAMA_TEMPLATE = "[INST] {prompt} [/INST]"
"""Llama 2's, which the released causal checkpoints were trained with."""
AUTO, CHAT, PLAIN = "auto", "chat", "plain"
_PROMPT, _ANSWER = "gnerPROMPTgner", "gnerANSWERgner"
_DATE = "26 Jul 2024"
_OPTIONS: dict[str, Any] = {"enable_thinking": False, "date_string": _DATE}
"""Arguments of chat templates: no reasoning before the answer (Qwen 3), and a fixed date (Llama 3)."""
_FIXED_DATE = f"{{% macro strftime_now(format) %}}{_DATE}{{% endmacro %}}"
"""For templates that ask for today's date: training and prediction must see the same text."""
_WORD_JOINER = "\u2060"


@dataclass(frozen=True)
class Turns:
    """What is around a prompt and before its answer.

    Attributes:
        before: Text before a prompt.
        after: Text between a prompt and its answer.
        lead: Text that an answer starts with; None for a space, unless the answer starts with white space itself.
        end: Token that ends an answer; None for the tokenizer's end token.
        control_tokens: Of the chat template, empty if it is none: they are tokens in ``before`` and ``after``, and text
            in prompts and answers.

    Example:
        >>> turns = Turns("<user>", "<bot>", lead="", control_tokens=("<user>", "<bot>"))
        >>> turns.prompt("Who?"), turns.answer("Ada(O)"), turns.last_words("Who?")
        ('<user>Who?<bot>', 'Ada(O)', '<bot>')
        >>> Turns("[INST] ", " [/INST]").last_words("Who?")
        '[/INST]'
    """

    before: str = ""
    after: str = ""
    lead: str | None = None
    end: str | None = None
    control_tokens: tuple[str, ...] = ()

    @property
    def is_chat(self) -> bool:
        """Whether special tokens are written out, so that the tokenizer adds none."""
        return bool(self.control_tokens)

    def prompt(self, text: str) -> str:
        """A prompt as the model gets it."""
        return self.before + self._as_text(text) + self.after

    def answer(self, text: str) -> str:
        """An answer as it follows the prompt."""
        return after_prompt(text) if self.lead is None else self.lead + text

    def last_words(self, prompt: str) -> str:
        """The end of a prompt that is enough to tokenize what follows it: a word, or the last control token and a line.

        Example:
            >>> Turns("<user>", "<bot>\\n", "", None, ("<bot>",)).last_words("Who?")
            '<bot>\\n'
        """
        whole = self.prompt(prompt)
        starts = [whole.rfind(token) for token in self.control_tokens if token in whole]
        end = whole[max(starts, default=0) :]
        return end.rpartition(" ")[2] if " " in end else end

    def tokenize_after(
        self, tokenizer: PreTrainedTokenizerBase, context: str, answers: Sequence[str]
    ) -> list[list[int]]:
        """Tokenize answers as continuations of a prompt, of which only the end is needed; see `cut_off`.

        Args:
            tokenizer: The model's.
            context: The end of a prompt; see `last_words`.
            answers: As `answer` gives them, or beginnings of these.

        Example:
            >>> from gner.testing import tiny_model
            >>> tokenizer = tiny_model("causal").tokenizer
            >>> [ids] = Turns().tokenize_after(tokenizer, "a", [" Ada(O)"])
            >>> tokenizer.decode(ids)
            'Ada(O)'
        """
        if not answers:
            return []
        options = {"add_special_tokens": False, **({"split_special_tokens": False} if self.is_chat else {})}
        before, *wholes = tokenizer([context, *(context + answer for answer in answers)], **options)["input_ids"]
        return self.cut_off(tokenizer, [before] * len(wholes), wholes, answers)

    def cut_off(
        self,
        tokenizer: PreTrainedTokenizerBase,
        befores: Sequence[list[int]],
        wholes: Sequence[list[int]],
        answers: Sequence[str],
    ) -> list[list[int]]:
        """Token ids of answers, given those of what is before each of them and of both together.

        Where a tokenizer joins the two, the answer is tokenized apart, as generation starts from the prompt's own
        tokens; and where it spells a control token, which is text there.

        Example:
            >>> Turns().cut_off(None, [[5, 6]], [[5, 6, 7]], [" Ada"])
            [[7]]
        """
        rows = [whole[len(before) :] for before, whole in zip(befores, wholes, strict=True)]
        for place, (before, whole, answer) in enumerate(zip(befores, wholes, answers, strict=True)):
            if whole[: len(before)] != before or self.has_control_tokens(answer):
                rows[place] = tokenizer(answer, add_special_tokens=False)["input_ids"]
        return rows

    def tokenize(self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of prompts, or of prompts with their answers, with special tokens where they belong."""
        options = {"add_special_tokens": False, "split_special_tokens": False} if self.is_chat else {}
        rows: list[list[int]] = tokenizer(list(texts), **options)["input_ids"]
        return rows

    def has_control_tokens(self, text: str) -> bool:
        """Whether a text spells a token of the chat template.

        Example:
            >>> Turns(control_tokens=("<bot>",)).has_control_tokens("a <bot>"), Turns().has_control_tokens("a <bot>")
            (True, False)
        """
        return any(token in text for token in self.control_tokens)

    def _as_text(self, text: str) -> str:
        """A text in which no token of the chat template is found: a word joiner is put into each."""
        if not self.has_control_tokens(text):
            return text
        pattern = "|".join(regex.escape(token) for token in sorted(self.control_tokens, key=len, reverse=True))
        return str(regex.sub(pattern, lambda found: found[0][:1] + _WORD_JOINER + found[0][1:], text))


def check_template(template: str) -> None:
    """Refuse what is neither the name of a way to get a prompt nor a template.

    Example:
        >>> check_template("auto"), check_template("<user>{prompt}<bot>")
        (None, None)
        >>> check_template("chatml")
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected auto, chat, plain, or a text with `{prompt}` once as the causal template, \
got 'chatml'. Set model.format.init_args.causal_template.
    """
    if template not in (AUTO, CHAT, PLAIN) and template.count("{prompt}") != 1:
        raise UserError(
            f"Expected {AUTO}, {CHAT}, {PLAIN}, or a text with `{{prompt}}` once as the causal template, got "
            f"{template!r}. Set model.format.init_args.causal_template."
        )


def find_turns(template: str, system: str | None, tokenizer: PreTrainedTokenizerBase | None) -> Turns:
    """How a causal model with some tokenizer gets its prompts.

    Args:
        template: ``auto`` for the tokenizer's chat template or, if it has none, Llama 2's; ``chat`` for the
            tokenizer's; ``plain`` for the prompt as it is; or a text with ``{prompt}``.
        system: Text of the system turn; None leaves it to the chat template.
        tokenizer: The model's; None if it is yet to be trained.

    Raises:
        UserError: There is no chat template, or it cannot be used.

    Example:
        >>> from gner.testing import tiny_model
        >>> tokenizer = tiny_model("causal").tokenizer
        >>> find_turns("auto", None, tokenizer).prompt("Who?"), find_turns("plain", None, tokenizer).prompt("Who?")
        ('[INST] Who? [/INST]', 'Who?')
    """
    has_template = tokenizer is not None and bool(tokenizer.chat_template)
    if tokenizer is not None and has_template and template in (AUTO, CHAT):
        return _turns_of_chat(tokenizer, system)
    if template == CHAT:
        raise UserError(
            "Expected a tokenizer with a chat template for causal_template `chat`, but it has none. Set "
            "model.format.init_args.causal_template to plain, or to a text with `{prompt}`."
        )
    if system is not None:
        why = f"causal_template is {template!r}" if has_template else "the tokenizer has none"
        raise UserError(
            f"Expected a chat template for the system prompt, but {why}. "
            "Set model.format.init_args.system_prompt to null."
        )
    if template == PLAIN:
        return Turns()
    before, _, after = (LLAMA_TEMPLATE if template == AUTO else template).partition("{prompt}")
    return Turns(before, after)


def _turns_of_chat(tokenizer: PreTrainedTokenizerBase, system: str | None) -> Turns:
    messages = [] if system is None else [{"role": "system", "content": system}]
    messages.append({"role": "user", "content": _PROMPT})
    asked = _render(tokenizer, messages, add_generation_prompt=True)
    told = _render(tokenizer, [*messages, {"role": "assistant", "content": _ANSWER}])
    if asked.count(_PROMPT) != 1 or told.count(_ANSWER) != 1:
        raise UserError(
            "Expected a chat template that writes each message once, but the tokenizer's does not. Set "
            "model.format.init_args.causal_template to plain, or to a text with `{prompt}`."
        )
    before, _, after = asked.partition(_PROMPT)
    written, _, rest = told.partition(_ANSWER)
    more = written[len(asked) :] if written.startswith(asked) else ""
    if more.strip():  # such as a header that the generation prompt lacks
        after, more = after + more, ""
    tokens = _control_tokens(tokenizer, before + after + rest)
    ends = [token for token in tokens if rest.lstrip().startswith(token)]
    return Turns(before, after, more, max(ends, key=len, default=None), tokens)


def _render(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], **options: Any) -> str:
    try:
        template = _FIXED_DATE + tokenizer.get_chat_template()
        text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False, **options, **_OPTIONS)
    except Exception as error:  # jinja2's, or what a template raises
        roles = " and ".join(message["role"] for message in messages)
        raise UserError(
            f"Expected a chat template that takes {roles} messages, but the tokenizer's says: {first_line(error)} "
            "Set model.format.init_args.system_prompt to null, or "
            "model.format.init_args.causal_template to plain or to a text with `{prompt}`."
        ) from error
    return str(text)


def _control_tokens(tokenizer: PreTrainedTokenizerBase, rendered: str) -> tuple[str, ...]:
    """Special tokens, and other added ones that the template writes, but for white space; never none."""
    added = tokenizer.added_tokens_decoder.values()
    found = {token.content for token in added if token.special or token.content in rendered}
    found |= set(tokenizer.all_special_tokens)
    return tuple(sorted(token for token in found if token.strip()))
