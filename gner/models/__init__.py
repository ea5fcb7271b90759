"""Backbones and the Lightning module around them."""

from gner.models.backbone import Backbone, FromScratch
from gner.models.lora import Lora
from gner.models.module import GnerModule, Optimization

__all__ = ["Backbone", "FromScratch", "GnerModule", "Lora", "Optimization"]
