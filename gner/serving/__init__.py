"""A model behind a web page."""
