"""Studies: one training many times with something changed, over several seeds, and what that shows."""
