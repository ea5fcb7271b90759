"""Configs for a data set and a model at hand, with a reason for each choice."""
