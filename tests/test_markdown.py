"""Any text in Markdown."""

import re
from html import unescape

import pytest
from tensorboard.plugin_util import markdown_to_safe_html

from gner.markdown import as_text, fenced
from tests.markup import NASTY


@pytest.mark.parametrize("nasty", NASTY)
def test_text_in_markdown_is_escaped(nasty: str) -> None:
    assert unescape(as_text(nasty)) == nasty
    html = markdown_to_safe_html(f"| a |\n|---|\n| {as_text(nasty)} |")
    [cell] = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)
    assert unescape(cell) == nasty
    assert markdown_to_safe_html(fenced(nasty, "text")).count("<pre>") <= 1
