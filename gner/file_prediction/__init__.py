"""Resumable prediction of entities for all texts of a file or a folder."""
