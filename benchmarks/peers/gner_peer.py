"""Predictions of a model of ours, of any kind.

python benchmarks/peers/gner_peer.py sentences.jsonl --out ours.jsonl --model RUN --types '{"person": "person"}'
"""

from __future__ import annotations

import json

from rows import Found, arguments, read, run  # beside this file

from gner import GNER
from gner.bio import to_entities


def main() -> None:
    """Write predictions."""
    parser = arguments(__doc__)
    parser.add_argument("--model", required=True, help="as in GNER.from_pretrained")
    parser.add_argument("--types", type=json.loads, required=True, help="the model's type to common type, as JSON")
    parser.add_argument("--ask-all", action="store_true", help="offer all types of training, and drop the others after")
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    model = GNER.from_pretrained(options.model, device="cpu")
    labels = None if options.ask_all else list(options.types)

    def find(sentences: list[list[str]]) -> Found:
        """Entities of the tags."""
        tags = model.predict_tags(sentences, labels, batch_size=options.batch_size)
        return [
            [
                (entity.start, entity.end, options.types[entity.type])
                for entity in to_entities(of_sentence)
                if entity.type in options.types
            ]
            for of_sentence in tags
        ]

    run(options, read(options), find, sum(weight.numel() for weight in model.labeller.network.parameters()))


if __name__ == "__main__":
    main()
