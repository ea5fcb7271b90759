"""Converts the tags of a source to IOB2, whichever scheme they are in and however they are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Literal

from gner.bio import OUTSIDE, Scheme
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.schemes import InvalidTags, as_iob2, find_scheme
from gner.data.annotations.spans import Sentence, Tagged
from gner.data.annotations.tag_syntax import PREFIX, TagSyntax, find_syntax, standard_tags
from gner.errors import UserError


class TagConverter:
    """The tags of one source, all of which are written in one way; their scheme is detected for each file.

    Args:
        scheme: The only scheme to try; ``auto`` tries all.
        invalid_tags: What to do with tags that are valid in none.
        type_name: The type of tags that have none.
    """

    def __init__(self, scheme: Scheme | Literal["auto"], invalid_tags: InvalidTags, type_name: str) -> None:
        self._scheme: Scheme | Literal["auto"] = scheme
        self._invalid_tags: InvalidTags = invalid_tags
        self._type_name = type_name
        self._syntax: TagSyntax | None = None

    def convert(
        self, file: str, tagged: Sequence[Tagged], report: ReadReport, other_tags: Callable[[], set[str]]
    ) -> tuple[list[Sentence], str]:
        """Convert the sentences of a file.

        Args:
            file: The file, for messages.
            tagged: Its sentences.
            report: Collects what is repaired.
            other_tags: Reads the tags of the other files of the source; called if tags are not as ``B-person``.

        Returns:
            The sentences, and how their tags were read, for the log.

        Raises:
            UserError: Tags are valid in no scheme, or are written in another way than those of other files.

        Example:
            >>> converter = TagConverter("auto", "refuse", "news")
            >>> tagged = [Tagged(("Ada", "Wu"), ("PER-B", "PER-I"), "a:1")]
            >>> found, note = converter.convert("a", tagged, ReadReport(), set)
            >>> found[0].tags, note
            (('B-PER', 'I-PER'), 'tags with the prefix at their end, as person-B; converted to IOB2')
        """
        tags = set(chain.from_iterable(one.tags for one in tagged))
        syntax = self._find_syntax(file, tags, other_tags)
        standard = standard_tags(syntax, tags, self._type_name)
        plain = list(tagged)
        if any(tag != written for tag, written in standard.items()):
            plain = [replace(one, tags=tuple(map(standard.__getitem__, one.tags))) for one in tagged]
        scheme = find_scheme(file, plain, self._scheme, self._invalid_tags)
        sentences = [
            Sentence(one.words, as_iob2(one, scheme, report), one.start, one.types, scores=one.scores) for one in plain
        ]
        return sentences, _note(scheme, syntax)

    def _find_syntax(self, file: str, tags: set[str], other_tags: Callable[[], set[str]]) -> TagSyntax:
        """How the tags of the source are written, settled from all its files unless it is the usual way."""
        found = find_syntax(tags)
        if found is None or found is self._syntax:
            return self._syntax or PREFIX
        if self._syntax is None:
            self._syntax = found if found is PREFIX else find_syntax(tags | other_tags()) or found
        unfit = next((tag for tag in sorted(tags) if tag != OUTSIDE and not self._syntax.pattern.fullmatch(tag)), None)
        if unfit is not None:
            raise UserError(
                f"{file}: expected {self._syntax.name}, as in the other files of the source, found `{unfit}`. Give "
                "this file a source of its own, or write the tags alike."
            )
        return self._syntax


def _note(scheme: Scheme | None, syntax: TagSyntax) -> str:
    if syntax is not PREFIX:
        return f"{syntax.note}; converted to IOB2"
    if scheme is None:
        return "no valid scheme; repaired"
    return scheme if scheme == "IOB2" else f"{scheme}; converted to IOB2"
