"""Code that uses an exported model with transformers alone, for its card."""

from __future__ import annotations

from gner.bio import OUTSIDE
from gner.inference.gner_config import Settings
from gner.inference.loading import Loaded
from gner.interfaces import Kind
from gner.prompting import Format
from gner.prompting.turns import Turns
from gner.records import Example

_SENTENCE = "Maria Keller , a painter from Lisbon , avoided Norvik Steel ."
_PROBE = Example(("word",), (OUTSIDE,), ("type",), "", "")
_HOLE = "{sentence}"
_CODE = '''\
import re

from transformers import {auto}, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained({name!r})
model = {auto}.from_pretrained({name!r})
sentence = {sentence!r}  # its words, with spaces between them
prompt = {prompt!r}.replace({hole!r}, sentence)


def entities(written):
    """Type and words of each entity in an answer such as `Ada(B-person) slept(O)`."""
    found, is_open = [], False
    for word, tag in re.findall(r"(\\S+)\\((O|[BI]-[^()]+)\\)", written):
        if tag[0] == "B" or (tag[0] == "I" and not is_open):
            found.append((tag[2:], [word]))
        elif tag[0] == "I":
            found[-1][1].append(word)
        is_open = tag != "O"
    return found


ids = tokenizer(prompt, return_tensors="pt"{special}).input_ids{cut}
written = model.generate(ids, max_new_tokens={max_tokens}, do_sample=False, num_beams=1)[0]{answer}
print(entities(tokenizer.decode(written, skip_special_tokens=True)))'''


def writes_every_word(format: Format) -> bool:
    """Whether an answer has every word of the sentence with its tag.

    Example:
        >>> from gner.prompting import GnerFormat, UniNerFormat
        >>> writes_every_word(GnerFormat()), writes_every_word(UniNerFormat())
        (True, False)
    """
    return not format.lists_strings and bool(format.draft(_PROBE, _PROBE.tags))


def bare_use(loaded: Loaded, name: str) -> str | None:
    """Code that finds entities without `gner`, or None for a model that does not write every word with its tag.

    It takes greedy search as it comes: words that the model leaves out or changes are not put right.

    Args:
        loaded: The model.
        name: What it is loaded by.
    """
    settings = loaded.settings
    if settings.tagger is not None or not writes_every_word(settings.format):
        return None
    is_causal = loaded.backbone.kind is Kind.CAUSAL
    tokenizer = loaded.backbone.tokenizer
    turns = settings.format.turns(tokenizer) if is_causal else Turns()
    ends = is_causal and not turns.is_chat and tokenizer("a").input_ids[-1:] == [tokenizer.eos_token_id]
    of_kind = {
        "auto": "AutoModelForCausalLM" if is_causal else "AutoModelForSeq2SeqLM",
        "answer": "[ids.shape[1] :]" if is_causal else "",
        "special": ", add_special_tokens=False" if turns.is_chat else "",
        "cut": "[:, :-1]" if ends else "",  # the end token that this tokenizer adds
    }
    prompt = turns.prompt(_prompt(settings))
    options = {"name": name, "sentence": _SENTENCE, "prompt": prompt, "hole": _HOLE}
    return _CODE.format(**of_kind, **options, max_tokens=settings.max_answer_tokens)


def _prompt(settings: Settings) -> str:
    """The prompt for a sentence, with `_HOLE` in its place."""
    types = settings.all_types or ("person", "location")
    [query] = settings.format.queries(Example((_HOLE,), (OUTSIDE,), tuple(types), next(iter(settings.types), ""), ""))
    return query.prompt
