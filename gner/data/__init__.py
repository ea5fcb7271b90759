"""Datasets to batches."""

from gner.data.datamodule import GnerDataModule
from gner.data.reading.source import Source
from gner.data.regularization import Regularization
from gner.data.synthetic import SyntheticCorpus

__all__ = ["GnerDataModule", "Regularization", "Source", "SyntheticCorpus"]
