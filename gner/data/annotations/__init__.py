"""Annotations as files have them: spans of characters, subwords, tagging schemes."""
