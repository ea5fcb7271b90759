from dataclasses import replace

import numpy as np
import pytest
import torch

from gner.bio import find_fault, to_entities
from gner.models.tag_scores import TagScorer
from gner.models.tagging_predictor import TaggingPredictor
from gner.records import AlignmentReport, Prediction
from gner.testing import TinyTagger, make_examples, tiny_tagger


def _predict(tagger: TinyTagger, examples: list, decoding: str = "viterbi") -> list[Prediction]:  # type: ignore[type-arg]
    predictor = TaggingPredictor(tagger, TagScorer(tagger.backbone), decoding)  # type: ignore[arg-type]
    with torch.inference_mode():
        return predictor.predict(tagger.collate(examples))


@pytest.mark.parametrize("decoding", ["viterbi", "argmax"])
@pytest.mark.parametrize("head", ["tags", "types"])
def test_every_word_has_one_valid_tag_of_the_offered_types(head: str, decoding: str) -> None:
    tagger = tiny_tagger(
        "bert", head=head, config={"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16}
    )
    examples = [replace(example, types=("place",), tags=("O",) * len(example.words)) for example in make_examples()]
    for example, prediction in zip(examples, _predict(tagger, examples, decoding), strict=True):
        assert len(prediction.tags) == len(example.words)
        assert find_fault(prediction.tags, "IOB2") is None
        assert {entity.type for entity in prediction.entities} <= {"place"}
        assert [(one.start, one.end) for one in prediction.entities] == [
            (one.start, one.end) for one in to_entities(prediction.tags)
        ]
        assert all(0 <= (entity.score or 0) <= 1 for entity in prediction.entities)
        assert replace(prediction.report, repaired_tags=0) == AlignmentReport()
        assert prediction.finished and prediction.official is not None


def test_the_score_of_an_entity_is_the_product_of_its_tags_probabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger, example = tiny_tagger("bert"), make_examples()[0]
    probabilities = torch.full((1, 6, 5), 0.05)
    for word, tag in enumerate([1, 2, 0, 0, 3, 0]):
        probabilities[0, word, tag] = 0.8
    monkeypatch.setattr(TagScorer, "__call__", lambda *_: probabilities.log())
    [prediction] = _predict(tagger, [example])
    assert prediction.tags == example.tags
    assert [entity.score for entity in prediction.entities] == pytest.approx([0.64, 0.8])


def test_a_word_without_a_token_is_outside() -> None:
    tagger = tiny_tagger("bert")
    example = make_examples()[0]
    batch = tagger.collate([example])
    batch.word_starts[0, 2] = -1
    with torch.inference_mode():
        [prediction] = TaggingPredictor(tagger, TagScorer(tagger.backbone)).predict(batch)
    assert prediction.tags[2] == "O"
    assert np.isfinite([entity.score for entity in prediction.entities]).all()
