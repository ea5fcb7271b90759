"""Pages and links of README, docs and the files beside it."""

import re
from pathlib import Path

import pytest
import yaml

from gner import __version__

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    missing = [link for link in LINK.findall(re.sub(r"`[^`]*`", "", text)) if not (page.parent / link).exists()]
    assert not missing


def test_the_site_has_every_page() -> None:
    listed = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {page.name for page in (REPOSITORY / "docs").glob("*.md")} - {"package.md"}
    assert not {name for name in pages if f": {name}\n" not in listed}


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert "2402.16602" in str(citation["references"])
