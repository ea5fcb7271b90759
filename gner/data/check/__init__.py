"""What a person wants to know of data before training on it."""
