from gner.data.batch_maker import make_batch_maker
from gner.data.collate import Collator
from gner.data.tagging_collate import TaggingCollator
from gner.models import Backbone, FromScratch, TaggerBackbone, TokenClassifier
from gner.prompting import GnerFormat


def test_the_backbone_decides_how_batches_are_made() -> None:
    source = FromScratch("llama")
    assert isinstance(make_batch_maker(GnerFormat(), Backbone(source)), Collator)
    assert isinstance(make_batch_maker(GnerFormat(), TaggerBackbone(TokenClassifier(source))), TaggingCollator)
