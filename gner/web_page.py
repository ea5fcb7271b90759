"""Web pages in one file: a template of a package with data in it."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from gner.files import replacing

MAX_ITEMS = 20_000
"""Texts of a page; with more, browsers open it slowly."""


def write_page(path: Path, template: str, data: dict[str, Any]) -> None:
    """Write a page that needs no other file.

    Args:
        path: Where to; replaced at once.
        template: ``package/name.html``, in which ``__DATA__`` is the content of a script element of type JSON.
        data: What its script reads.
    """
    package, _, name = template.partition("/")
    page = (resources.files(package) / name).read_text(encoding="utf-8")
    # "<" is escaped so that no text in the data can end the script element; the rest is ASCII for lone surrogates
    encoded = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    with replacing(path) as file:
        file.write(page.replace("__DATA__", encoded, 1))
