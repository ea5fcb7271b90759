"""``python -m gner.validate --config FILE --ckpt_path best``: entity F1 on the dev splits."""

from gner.cli import main

if __name__ == "__main__":
    main("validate")
