"""``python -m gner.data.compare A B``: where two annotations of the same sentences disagree."""
