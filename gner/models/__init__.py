"""Backbones and the Lightning module around them."""

from gner.models.backbone import Backbone
from gner.models.from_scratch import FromScratch
from gner.models.lora import Lora
from gner.models.module import GnerModule
from gner.models.optimization import Optimization
from gner.models.pretrained_folder import export
from gner.models.sharding import FSDP2Strategy
from gner.models.tagger_backbone import TaggerBackbone
from gner.models.token_classifier import TokenClassifier

__all__ = [
    "Backbone",
    "FSDP2Strategy",
    "FromScratch",
    "GnerModule",
    "Lora",
    "Optimization",
    "TaggerBackbone",
    "TokenClassifier",
    "export",
]
