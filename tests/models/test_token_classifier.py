import pytest
from transformers import BertConfig

from gner.errors import UserError
from gner.models.token_classifier import TokenClassifier, refuse_unknown, stored_tags, types_of


@pytest.mark.parametrize("options", [{"repeat": -1}, {"outside_weight": -0.1}, {"focal_gamma": -1}, {"type_size": 0}])
def test_options_out_of_range_are_refused_with_their_key(options: dict[str, float]) -> None:
    [name] = options
    with pytest.raises(UserError, match=rf"Expected `{name}` >= .*Set model\.backbone\.{name}\."):
        TokenClassifier("bert-base-cased", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"head": "typess"}, {"decoding": "greedy"}])
def test_unknown_choices_are_refused_with_those_there_are(options: dict[str, str]) -> None:
    [name] = options
    with pytest.raises(UserError, match=rf"`{name}` to be one of .*Set model\.backbone\.{name}\."):
        TokenClassifier("bert-base-cased", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["O", "B-a", "I-a"], ("O", "B-a", "I-a")),
        (["I-a b", "B-a b", "O"], ("I-a b", "B-a b", "O")),  # in any order
        (["O", "B-a"], None),  # no I
        (["B-a", "I-a"], None),  # no O
        (["O"], None),
        (["O", "B-a", "I-a", "B-a"], None),
        (["LABEL_0", "LABEL_1"], None),
        (["O", "B-a", "I-a", "E-a"], None),
    ],
)
def test_the_tags_of_a_checkpoint_are_those_of_a_bio_head(labels: list[str], expected: tuple[str, ...] | None) -> None:
    assert stored_tags(BertConfig(id2label=dict(enumerate(labels)))) == expected


def test_types_that_a_head_lacks_are_named() -> None:
    tags = ("O", "B-a", "I-a", "B-b", "I-b")
    assert types_of(tags) == ("a", "b")
    refuse_unknown(["b"], tags)
    with pytest.raises(UserError, match="trained on, a, b, got `c`, `d`"):
        refuse_unknown(["c", "a", "d"], tags)
