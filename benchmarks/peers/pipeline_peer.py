"""Predictions of Hugging Face's token-classification pipeline, given the words joined by spaces.

python benchmarks/peers/pipeline_peer.py sentences.jsonl --out pipeline.jsonl --model FOLDER --types '{"PER": "person"}'
"""

from __future__ import annotations

import json

from rows import Found, arguments, in_words, read, run  # beside this file
from transformers import pipeline


def main() -> None:
    """Write predictions."""
    parser = arguments(__doc__)
    parser.add_argument("--model", required=True, help="a token classifier: name or folder")
    parser.add_argument("--types", type=json.loads, required=True, help="the model's type to common type, as JSON")
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    tagger = pipeline("token-classification", options.model, aggregation_strategy="first", device="cpu")

    def find(sentences: list[list[str]]) -> Found:
        """Spans of characters, as the pipeline groups them."""
        answers = tagger([" ".join(words) for words in sentences], batch_size=options.batch_size)
        return [
            in_words(
                words,
                [
                    (group["start"], group["end"], options.types[group["entity_group"]])
                    for group in groups
                    if group["entity_group"] in options.types
                ],
            )
            for words, groups in zip(sentences, answers, strict=True)
        ]

    run(options, read(options), find, tagger.model.num_parameters())


if __name__ == "__main__":
    main()
