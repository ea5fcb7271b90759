"""Hooks of mkdocs: README is the first page, and decisions get a list, so that neither is written twice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

_ROOT = Path(__file__).parents[1]
_PAGES = ("CHANGELOG", "CONTRIBUTING", "SECURITY")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from others."""
    pages = {"index.md": _first_page(), "decisions/index.md": _decisions()}
    pages |= {f"{name.lower()}.md": _text(f"{name}.md") for name in _PAGES}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links out of ``docs`` and back into it are those of the site."""
    return markdown.replace("](../README.md", "](index.md").replace("](docs/", "](")


def _text(name: str) -> str:
    return (_ROOT / name).read_text(encoding="utf-8")


def _first_page() -> str:
    """README, whose links are to files of the repository."""
    text = _text("README.md").replace("](docs/decisions/)", "](decisions/index.md)")
    for name in _PAGES:
        text = text.replace(f"]({name}.md)", f"]({name.lower()}.md)")
    text = re.sub(r"\[([^]]*)\]\((?:CITATION\.cff|Dockerfile)\)", r"\1", text)  # not pages
    return text


def _decisions() -> str:
    """A link to each page, by its title."""
    lines = ["# Decisions", ""]
    for path in sorted((_ROOT / "docs" / "decisions").glob("*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"* [{title}]({path.name})")
    return "\n".join(lines) + "\n"
