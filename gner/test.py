"""``python -m gner.test --config FILE --ckpt_path best``: entity F1 on the test splits."""

from gner.cli import main

if __name__ == "__main__":
    main("test")
