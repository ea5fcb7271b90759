"""Writes a self-contained web page: a template from a package, with data embedded."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from gner.files import replacing

MAX_ITEMS = 20_000
"""Most texts on a page; browsers are slow to open more."""
_INCLUDE = re.compile(r"/\* include (\S+) \*/")


def read_template(template: str) -> str:
    """A template with the style sheets and scripts that it includes, by ``/* include package/name.css */``.

    Args:
        template: ``package/name.html``.

    Example:
        >>> "/* include " in read_template("gner.scoring/error_page.html")
        False
    """
    package, _, name = template.partition("/")
    content = (resources.files(package) / name).read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: read_template(found[1]).rstrip(), content)


def write_page(path: Path, template: str, data: dict[str, Any]) -> None:
    """Write a page that needs no other file.

    Args:
        path: Where to write; replaced atomically.
        template: ``package/name.html``, with ``__DATA__`` inside a script element of type JSON.
        data: What the page's script reads.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "errors.html")
        ...     write_page(path, "gner.scoring/error_page.html", {"sentences": ["</script>"]})
        ...     "\\\\u003c/script>" in path.read_text(encoding="utf-8")
        True
    """
    page = read_template(template)
    # "<" is escaped so that no text can close the script element; json escapes lone surrogates
    encoded = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    with replacing(path) as file:
        file.write(page.replace("__DATA__", encoded, 1))
