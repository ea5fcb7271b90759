"""Serves a model on a local web page."""
