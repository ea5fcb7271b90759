import pytest

from gner.errors import UserError
from gner.models import FromScratch


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (FromScratch("lama"), "Expected a Hugging Face model type, got `lama`. Did you mean"),
        (FromScratch("no such type at all"), "Examples: llama, t5"),
        (FromScratch("bert", config={"hiden_size": 8}), "Expected a setting of `bert`, got `hiden_size`. Did you mean"),
    ],
)
def test_mistakes_are_named_with_what_may_be_meant(source: FromScratch, message: str) -> None:
    with pytest.raises(UserError, match=message):
        source.make_config()


def test_sizes_are_those_given() -> None:
    assert FromScratch("bert", config={"hidden_size": 24}).make_config().hidden_size == 24
