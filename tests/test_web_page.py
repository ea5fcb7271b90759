"""Pages that need no other file."""

import colorsys
import re
from pathlib import Path

import pytest

from gner.web_page import read_template, write_page
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


def _luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance, WCAG 2."""
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _hex(colour: str) -> tuple[float, ...]:
    digits = colour.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    return tuple(int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_all_words_of_pages_have_contrast(theme: int) -> None:
    style = read_template("gner/sentence_page.css")
    colours = dict(re.findall(r"--(\w+): ([^;]+);", re.findall(r":root \{([^}]*)\}", style)[theme]))
    text, soft, bad = (_hex(colours[name]) for name in ("text", "soft", "bad"))
    pairs = [(word, _hex(colours[place])) for word in (text, soft) for place in ("back", "card")]
    for hue in range(40, 320):  # those of types in sentence_page.js
        mark = colorsys.hls_to_rgb(hue / 360, int(colours["light"].rstrip("%")) / 100, 0.7)
        ink = colorsys.hls_to_rgb(hue / 360, int(colours["ink"].rstrip("%")) / 100, 0.6)
        pairs += [(word, mark) for word in (text, ink, bad)]
    assert min(_contrast(word, place) for word, place in pairs) >= 4.5
