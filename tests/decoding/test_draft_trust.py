"""How often drafted words are right is learned for each kind of guess."""

import random

import pytest

from gner.decoding.draft_trust import RECALLED, SHOWN, DraftTrust, guessed


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_chances_are_the_rates_that_were_seen(rate: float) -> None:
    trust, rng = DraftTrust(), random.Random(0)
    before = trust.chance(RECALLED)
    for _ in range(9000):
        trust.see(SHOWN, is_right=rng.random() < rate)
    assert trust.chance(SHOWN) == pytest.approx(rate, abs=0.05)
    assert trust.chance(RECALLED) == before


def test_a_model_that_changes_is_followed() -> None:
    trust = DraftTrust()
    for is_right in [True] * 100_000 + [False] * 5_000:
        trust.see(SHOWN, is_right=is_right)
    assert trust.chance(SHOWN) < 0.2


def test_sureness_decides_the_kind_of_a_guess() -> None:
    kinds = [guessed(number / 1000) for number in range(1001)]
    assert kinds == sorted(kinds)
    assert len(set(kinds)) > 5
    assert not {RECALLED, SHOWN} & set(kinds)
    assert all(0 < DraftTrust().chance(kind) < 1 for kind in kinds)
