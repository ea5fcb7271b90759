"""``python -m gner.predict --config FILE --ckpt_path best``: write predictions for the test splits."""

from gner.cli import main

if __name__ == "__main__":
    main("predict")
