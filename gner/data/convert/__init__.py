"""Writes what was read from a source in one of a few formats."""
