"""Whether a tokenizer can write the answers of a format at all."""

from __future__ import annotations

from collections.abc import Sequence

from gner.data.batch_maker import BatchMaker
from gner.errors import UserError
from gner.interfaces import TokenizerOwner
from gner.prompting import Format
from gner.records import Alignment, AlignmentReport, Example

_WORDS = ("Ada", "Lovelace", "met", "Grace", "(", "1906", ")", "in", "New", "York", ".")
_TAGS = ("B-person", "I-person", "O", "B-person", "O", "O", "O", "O", "B-location", "I-location", "O")
PROBE = Example(_WORDS, _TAGS, ("person", "location"), "probe", "0", "a probe of the tokenizer")
"""A sentence with all that an answer can consist of."""


def check_tokenizer(format: Format, collate: BatchMaker, backbone: TokenizerOwner) -> None:
    """Tokenize and decode an answer, and read it back.

    A WordPiece tokenizer, for example, puts spaces around brackets and hyphens: a model could learn its answers by
    heart, and they would be read as nothing.

    Args:
        format: How answers are written.
        collate: Tokenizes them.
        backbone: Owner of the tokenizer.

    Raises:
        UserError: The tags are lost.

    Example:
        >>> from gner.models import Backbone, FromScratch
        >>> from gner.prompting import GnerFormat
        >>> backbone = Backbone(FromScratch("llama", vocab_size=300))
        >>> backbone.set_tokenizer(backbone.train_tokenizer(["Ada slept"]))
        >>> from gner.data.collate import Collator
        >>> check_tokenizer(GnerFormat(), Collator(GnerFormat(), backbone), backbone)  # no error
    """
    tokenizer = backbone.tokenizer
    written = [
        str(tokenizer.decode(row.answer, skip_special_tokens=True, clean_up_tokenization_spaces=False))
        for row in collate.encode([PROBE])
    ]
    if format.read(PROBE, written, _align_in_order).tags == PROBE.tags:
        return
    pairs = zip((query.target for query in format.queries(PROBE)), written, strict=True)
    target, changed = max(pairs, key=lambda pair: pair[0] != pair[1])
    raise UserError(
        f"Expected a tokenizer that can write `{target}`, but that of the backbone, a "
        f"{type(tokenizer).__name__}, makes `{changed}` of it, and its tags cannot be read back. Set model.backbone to "
        "a model whose tokenizer keeps brackets, hyphens, spaces and capitals, as those of T5, Llama and Qwen do."
    )


def _align_in_order(words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
    """Give each word the tag of the next written word that is the same but for capitals."""
    tags = []
    place = 0
    for word in words:
        following = range(place, len(written))
        found = next((at for at in following if written[at][0].casefold() == word.casefold()), None)
        tags.append("O" if found is None else written[found][1])
        place = place if found is None else found + 1
    return Alignment(tuple(tags), AlignmentReport())
