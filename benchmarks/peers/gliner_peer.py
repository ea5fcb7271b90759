"""Predictions of GLiNER, in an environment of its own: it needs an older transformers than we do.

python3 -m venv gliner && gliner/bin/pip install gliner==0.2.29
gliner/bin/python benchmarks/peers/gliner_peer.py sentences.jsonl --out gliner.jsonl \\
    --model urchade/gliner_small-v2.1 --types '{"person": "person", "location": "place"}'
"""

from __future__ import annotations

import json

from gliner import GLiNER
from rows import Found, arguments, in_words, read, run  # beside this file


def main() -> None:
    """Write predictions."""
    parser = arguments(__doc__)
    parser.add_argument("--model", required=True, help="name on the hub, or folder")
    parser.add_argument("--types", type=json.loads, required=True, help="the type to ask for to common type, as JSON")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    model = GLiNER.from_pretrained(options.model)

    def find(sentences: list[list[str]]) -> Found:
        """Spans of characters of the words joined by spaces."""
        found: Found = []
        for start in range(0, len(sentences), options.batch_size):
            batch = sentences[start : start + options.batch_size]
            texts = [" ".join(words) for words in batch]
            answers = model.inference(texts, list(options.types), flat_ner=True, threshold=options.threshold)
            for words, entities in zip(batch, answers, strict=True):
                spans = [(entity["start"], entity["end"], options.types[entity["label"]]) for entity in entities]
                found.append(in_words(words, spans))
        return found

    run(options, read(options), find, sum(weight.numel() for weight in model.parameters()))


if __name__ == "__main__":
    main()
