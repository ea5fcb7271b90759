"""Generative named entity recognition with PyTorch Lightning."""

__version__ = "0.1.0"
