"""``python -m gner.fit --config FILE``: train, with entity F1 from real generation at every validation."""

from gner.cli import main

if __name__ == "__main__":
    main("fit")
