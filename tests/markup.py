"""Texts that would do harm on a page if they were not escaped, and what a browser makes of pages."""

import json
import re
from html.parser import HTMLParser
from typing import Any

from gner.web_page import read_template

PAGES = {
    "error_page.html": "gner.scoring",
    "entity_page.html": "gner.file_prediction",
    "comparison_page.html": "gner.data.compare",
}
NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</script><svg onload=alert(1)>",
    "[x](javascript:alert(1))",
    "a|b",
    "`c`",
    "```",
    "**d**",
    "&lt;i&gt;",
    "__DATA__",
    "# e",
]


class Elements(HTMLParser):
    """The elements of a page, as a browser sees them before scripts run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def check_page(page: str, template: str) -> Any:
    """Check that data add no element to a page; returns the data."""
    found, empty = Elements(page), Elements(template)
    assert found.tags == empty.tags
    assert found.attributes == empty.attributes
    [encoded] = re.findall(r'id="data">(.*?)</script>', page, flags=re.DOTALL)
    return json.loads(encoded)


def template_of(name: str) -> str:
    """A page without data."""
    return read_template(f"{PAGES[name]}/{name}")
