"""A head that reads types finds some that it was never trained on; a closed one cannot even be asked for them."""

import random

import pytest
import torch

from gner.data.tagging_collate import TaggingCollator
from gner.errors import UserError
from gner.models import FromScratch, TaggerBackbone, TokenClassifier
from gner.models.tag_scores import TagScorer
from gner.models.tagging_predictor import TaggingPredictor
from gner.prompting import DefaultFormat
from gner.records import Example
from gner.scoring import Tally
from gner.testing import TinyTagger

NUM_TYPES, NUM_UNSEEN = 200, 2
SIZES = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}


def _word(rng: random.Random, num_syllables: int) -> str:
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(num_syllables))


def _example(types: list[str], fillers: list[str], rng: random.Random) -> Example:
    """Names of made-up things, each of which ends in the name of its type: `Lurabina pilu` is a `pilu`."""
    words: list[str] = []
    tags: list[str] = []
    named = rng.sample(types, min(len(types), rng.randint(1, 3)))
    for entity_type in named:
        between = rng.choices(fillers, k=rng.randint(1, 3))
        words += [*between, _word(rng, 4).capitalize(), entity_type]
        tags += ["O"] * len(between) + [f"B-{entity_type}", f"I-{entity_type}"]
    offered = list(dict.fromkeys([*named, *rng.sample(types, 2)]))
    rng.shuffle(offered)
    return Example((*words, "."), (*tags, "O"), tuple(offered), "made up", "0")


def _train(examples: list[Example], texts: list[Example], num_steps: int) -> TinyTagger:
    source = FromScratch("bert", vocab_size=330, config=SIZES)
    backbone = TaggerBackbone(TokenClassifier(source, head="types", type_size=32))
    collate = TaggingCollator(backbone)
    backbone.set_tokenizer(backbone.train_tokenizer(collate.texts(texts)))
    rng, scorer = random.Random(0), TagScorer(backbone)
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = backbone.build()
        optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, num_steps)
        for _ in range(num_steps):
            scorer.loss(network, collate(rng.sample(examples, 32))).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
    torch.set_num_threads(num_threads)
    return TinyTagger(backbone, network.eval(), DefaultFormat(), collate)


@pytest.mark.slow
def test_types_that_training_lacked_are_found_when_asked_for() -> None:
    rng = random.Random(0)
    types = list(dict.fromkeys(_word(rng, 2) for _ in range(NUM_TYPES)))
    fillers = [_word(rng, 3) for _ in range(30)]
    unseen, seen = types[:NUM_UNSEEN], types[NUM_UNSEEN:]
    train = [_example(seen, fillers, rng) for _ in range(8000)]
    tagger = _train(train, train[:2000], num_steps=450)
    asked = [_example(unseen, fillers, rng) for _ in range(100)]
    assert not {word for example in train for word in example.words} & set(unseen)
    with torch.inference_mode():
        predictions = TaggingPredictor(tagger, TagScorer(tagger.backbone)).predict(tagger.collate(asked))
    tally = Tally()
    for example, prediction in zip(asked, predictions, strict=True):
        tally += Tally.of(example, prediction)
    assert tally.scores().strict.f1 > 0.7  # a right span with either type would give 0.5

    closed = TaggerBackbone(TokenClassifier(FromScratch("bert")))
    closed.set_tags(["O", *(f"{prefix}-{name}" for name in seen for prefix in "BI")])
    with pytest.raises(UserError, match=f"got `{unseen[0]}`, `{unseen[1]}`"):
        closed.set_types(unseen)
