"""Pages that need no other file."""

import re

import pytest

from tests.markup import PAGES, template_of


@pytest.mark.parametrize("name", PAGES)
def test_pages_insert_data_as_text(name: str) -> None:
    template = template_of(name)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\.href\s*=", template)
