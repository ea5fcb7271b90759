"""Tests of options that several formats have in common."""

import pytest

from gner.errors import UserError
from gner.prompting.option_checks import check_choice


def test_a_known_value_passes() -> None:
    check_choice("boundaries", "bio", ("bio", "bioes", "none"))


@pytest.mark.parametrize("value", ["BIO", "", None, 3])
def test_any_other_value_is_named_with_the_choices_and_the_key(value: object) -> None:
    with pytest.raises(UserError, match=r"to be bio, bioes or none, got .* Set model\.format\.init_args\.boundaries"):
        check_choice("boundaries", value, ("bio", "bioes", "none"))
