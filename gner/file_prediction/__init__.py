"""Entities of all texts of a file or a folder, resumable."""
