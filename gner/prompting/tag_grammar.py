"""How the tags of certain types are recognised in a text, for each way to mark boundaries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from gner.bio import inside
from gner.prompting.boundaries import Boundaries, tags_by_spelling

OPEN, CLOSE = "(\uff08", ")\uff09"  # round brackets, ASCII and full-width
_PLAIN = rf"[^{OPEN}{CLOSE}]"
_OFFICIAL_BIO = re.compile(r"\(([BI]-.*?|O)\)")
_OFFICIAL_BIOES = re.compile(r"\(([BIES]-.*?|O)\)")
_UNKNOWN_PREFIX = {"bio": "[BI]-", "bioes": "[BIES]-", "none": f"(?={_PLAIN})"}


class TagGrammar(NamedTuple):
    """Patterns of tags.

    Attributes:
        template: A tag as `GnerFormat.draft` writes it, up to the next word.
        official: A tag with brackets as the released scorer finds it.
        loose: Any tag with brackets; group 1 is a tag of these types in any case, group 2 one of other types.
        known: A tag of these types with brackets, in any case.
        exact: Maps tags as `GnerFormat.draft` writes them to BIO tags, which are still to be repaired.
        canonical: The same for all forms that are understood, both unchanged and in the form of `squeeze`.
    """

    template: re.Pattern[str]
    official: re.Pattern[str]
    loose: re.Pattern[str]
    known: re.Pattern[str]
    exact: dict[str, str]
    canonical: dict[str, str]

    def written_tag(self, found: re.Match[str]) -> tuple[str, str]:
        """The tag that ``loose`` found, and the tag with which its entity continues; unknown tags are unchanged."""
        text = found.group(1) or found.group(2)
        tag = self.canonical.get(text) or self.canonical.get(squeeze(text))
        return (tag, inside(tag)) if tag else (text, text)

    def completed(self, prefix: str) -> str | None:
        """The tag that starts like this, if there is only one."""
        squeezed = squeeze(prefix)
        forms = filter(lambda form: form.startswith(squeezed), map(squeeze, self.exact))
        tags = {self.canonical[form] for form in forms}
        return tags.pop() if len(tags) == 1 else None


@lru_cache(maxsize=1024)  # one entry per list of types; their order is shuffled in training only
def tag_grammar(types: tuple[str, ...], boundaries: Boundaries = "bio") -> TagGrammar:
    """Make the patterns.

    Prefixes of BIOES are understood everywhere.

    Example:
        >>> grammar = tag_grammar(("city", "club"), "none")
        >>> [grammar.written_tag(found) for found in grammar.loose.finditer("Rome(City) Roma(E-club) so(what)")]
        [('B-city', 'I-city'), ('I-club', 'I-club'), ('what', 'what')]
        >>> grammar.completed("ci"), grammar.completed("c")
        ('B-city', None)
    """
    exact = tags_by_spelling(types, boundaries)
    forms = exact | {form: tag for form, tag in tags_by_spelling(types, "bioes").items() if form not in exact}
    canonical = {squeeze(form): tag for form, tag in reversed(forms.items())}  # of the same forms, the first wins
    opening, closing = rf"[{OPEN}]\s*", rf"[{CLOSE}]"
    # other types may hold pairs of brackets
    unknown = rf"{_UNKNOWN_PREFIX[boundaries]}{_PLAIN}*(?:[{OPEN}]{_PLAIN}*{closing}{_PLAIN}*)*?"
    known = _any_of(forms)
    template = re.compile(rf"\(({_any_of(exact)})\)(?: |$)")
    loose_tag = re.compile(rf"{opening}(?:({known})\s*|({unknown})){closing}", re.IGNORECASE)
    known_tag = re.compile(rf"\s*{opening}(?:{known})\s*{closing}", re.IGNORECASE)
    return TagGrammar(template, _official(exact, boundaries), loose_tag, known_tag, exact, canonical | forms)


def _any_of(forms: Iterable[str]) -> str:
    return "|".join(map(re.escape, forms))


def _official(exact: Iterable[str], boundaries: Boundaries) -> re.Pattern[str]:
    """The released scorer's pattern, or what it would be for other marks.

    Without prefixes, a type of the example is a tag wherever it is in brackets, as words may have brackets too; another
    text in brackets is one if it ends a word.
    """
    if boundaries == "none":
        return re.compile(rf"\(({_any_of(exact)}|[^()]*(?=\)(?:\s|$)))\)")
    return _OFFICIAL_BIO if boundaries == "bio" else _OFFICIAL_BIOES


def squeeze(tag: str) -> str:
    """The form in which tags are compared: lower case, without whitespace.

    Example:
        >>> squeeze("B- Big City")
        'b-bigcity'
    """
    return "".join(tag.lower().split())
