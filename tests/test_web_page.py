"""Pages that need no other file."""

import re
from pathlib import Path

import pytest

from gner.web_page import write_page
from tests.markup import NASTY, PAGES, check_page, template_of


@pytest.mark.parametrize("name", PAGES)
def test_pages_insert_data_as_text(name: str) -> None:
    template = template_of(name)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\.href\s*=", template)


@pytest.mark.parametrize("name", PAGES)
def test_data_of_a_page_can_be_read_back(name: str, tmp_path: Path) -> None:
    page, data = tmp_path / "page.html", {"texts": [*NASTY, "\ud83d", "東京"]}
    write_page(page, f"{PAGES[name]}/{name}", data)
    assert check_page(page.read_text(encoding="utf-8"), template_of(name)) == data
