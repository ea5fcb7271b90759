"""Scores and losses of tags, against plain ones, and laws about what is beside a sentence."""

from dataclasses import replace
from typing import cast

import pytest
import torch

from gner.data.tagging_collate import NO_TOKEN
from gner.interfaces import IGNORED, TaggingBatch
from gner.models.tag_scores import TagScorer
from gner.models.tagger_backbone import head_of
from gner.testing import TinyTagger, make_examples, tiny_tagger
from tests.models.test_tagger_backbone import ARCHITECTURES, SIZES

OPTIONS = [{"head": "tags"}, {"head": "types"}, {"head": "tags", "repeat": 2}, {"head": "types", "repeat": 1}]


def _scores(tagger: TinyTagger, examples: list, **options: bool) -> torch.Tensor:  # type: ignore[type-arg]
    with torch.inference_mode():
        return TagScorer(tagger.backbone, **options)(tagger.network, tagger.collate(examples))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_a_sentence_has_the_same_scores_alone_and_in_any_batch(model_type: str, options: dict[str, str]) -> None:
    tagger = tiny_tagger(model_type, config=SIZES.get(model_type), **options)
    examples = make_examples()
    together = _scores(tagger, examples)
    for row, example in enumerate(examples):
        alone = _scores(tagger, [example])[0]
        torch.testing.assert_close(together[row, : len(example.words)], alone, rtol=1e-3, atol=1e-4)


def test_scores_of_a_closed_head_are_its_logits_in_the_order_of_the_examples_types() -> None:
    tagger = tiny_tagger("bert")
    example = replace(make_examples()[0], types=("place", "song", "person"))
    batch = tagger.collate([example])
    [scores] = _scores(tagger, [example])
    with torch.inference_mode():
        logits = tagger.network(batch.input_ids, attention_mask=batch.attention_mask).logits[0, batch.word_starts[0]]
    expected = torch.full((len(example.words), 7), float("-inf"))  # of `song` it has none
    expected[:, [0, 1, 2, 5, 6]] = logits[:, [0, 3, 4, 1, 2]]
    torch.testing.assert_close(scores, expected)


def test_a_type_has_the_same_scores_wherever_it_is_offered() -> None:
    tagger = tiny_tagger("bert", head="types")
    example = make_examples()[0]
    two = replace(example, types=("city", "place"), tags=("O",) * len(example.words))
    three = replace(two, types=("place", "an unheard-of thing", "city"))
    [of_two], [of_three] = _scores(tagger, [two]), _scores(tagger, [three])
    torch.testing.assert_close(of_two, of_three[:, [0, 5, 6, 1, 2]], rtol=1e-4, atol=1e-5)
    described = replace(two, descriptions=(("place", "somewhere to be"),))
    [of_described] = _scores(tagger, [described])
    torch.testing.assert_close(of_described[:, :3], of_two[:, :3], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(of_described[:, 3:], of_two[:, 3:])


def test_remembered_types_score_the_same_and_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = tiny_tagger("bert", head="types")
    scorer, examples = TagScorer(tagger.backbone, remembers_types=True), make_examples()
    with torch.inference_mode():
        first = scorer(tagger.network, tagger.collate(examples))
        torch.testing.assert_close(first, _scores(tagger, examples))
        monkeypatch.setattr(scorer, "_read_types", None)
        torch.testing.assert_close(scorer(tagger.network, tagger.collate(examples)), first)


def test_no_types_leave_only_o() -> None:
    for head in ("tags", "types"):
        tagger = tiny_tagger("bert", head=head)
        example = replace(make_examples()[0], types=(), tags=("O",) * 6)
        assert _scores(tagger, [example]).shape == (1, 6, 1)


@pytest.mark.parametrize(("outside_weight", "gamma"), [(1.0, 0.0), (0.2, 0.0), (1.0, 2.0), (0.5, 1.5)])
def test_the_loss_is_the_weighted_focal_mean_over_words(outside_weight: float, gamma: float) -> None:
    tagger = tiny_tagger("bert", outside_weight=outside_weight, focal_gamma=gamma)
    examples = make_examples()
    loss = TagScorer(tagger.backbone).loss(tagger.network, tagger.collate(examples))
    total = weight = 0.0
    for example, scores in zip(examples, _scores(tagger, examples), strict=True):
        labels = tagger.collate([example]).labels[0]
        for row, label in zip(scores.log_softmax(-1), labels.tolist(), strict=False):
            if label != IGNORED:
                of_word = outside_weight if label == 0 else 1.0
                total += of_word * -row[label].item() * (1 - row[label].exp().item()) ** gamma
                weight += of_word
    assert loss.item() == pytest.approx(total / weight, rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_a_word_that_is_certain_has_finite_gradients(gamma: float) -> None:
    tagger = tiny_tagger("bert", focal_gamma=gamma)
    head = head_of(tagger.network)
    with torch.no_grad():
        head.bias[0] = 60.0
    TagScorer(tagger.backbone).loss(tagger.network, tagger.collate(make_examples())).backward()
    assert head.weight.grad is not None and head.weight.grad.isfinite().all()


@pytest.mark.parametrize("head", ["tags", "types"])
def test_rows_of_a_batch_score_as_they_do_among_all(head: str) -> None:
    tagger, examples = tiny_tagger("bert", head=head), make_examples()
    batch, scorer = tagger.collate(examples), TagScorer(tagger.backbone)
    with torch.inference_mode():
        whole = scorer(tagger.network, batch)
        torch.testing.assert_close(scorer(tagger.network, batch.rows(1, 3)), whole[1:3])
        torch.testing.assert_close(scorer(tagger.network, cast(TaggingBatch, batch.first(2))), whole[:2])


def test_words_with_a_tag_that_the_head_lacks_teach_nothing() -> None:
    tagger = tiny_tagger("bert")
    example = make_examples()[0]
    tags = tuple(tag.replace("person", "song") for tag in example.tags)
    unknown = replace(example, types=("song", "place"), tags=tags)
    loss = TagScorer(tagger.backbone).loss(tagger.network, tagger.collate([unknown]))
    assert loss.isfinite()
    nothing = replace(example, words=("a",), tags=("B-song",), types=("song",))
    assert TagScorer(tagger.backbone).loss(tagger.network, tagger.collate([nothing])).item() == 0


def test_padding_is_marked() -> None:
    batch = tiny_tagger("bert").collate(make_examples())
    assert (batch.word_starts == NO_TOKEN).any()
    assert ((batch.word_starts == NO_TOKEN) <= (batch.labels == IGNORED)).all()
