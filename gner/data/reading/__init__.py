"""Files of other tools to words and tags: one module for each format."""
