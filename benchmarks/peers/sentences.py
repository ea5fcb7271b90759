"""Writes the sentences that systems are compared on: one split, with some of its types, renamed.

python benchmarks/peers/sentences.py ../shared/data/crossner_literature --out sentences.jsonl \\
    --types '{"person": "person", "country": "place"}'
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gner.bio import to_entities, to_tags
from gner.data.reading.run_sources import read_dataset
from gner.records import Entity


def main() -> None:
    """Write one JSON object a sentence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="in the GNER layout")
    parser.add_argument("--types", type=json.loads, required=True, help="type of the data to common type, as JSON")
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    common = list(dict.fromkeys(options.types.values()))
    with options.out.open("w", encoding="utf-8") as out:
        for folder in options.folders:
            for example in read_dataset(folder.parent, folder.name, options.split):
                kept = [
                    Entity(entity.start, entity.end, options.types[entity.type])
                    for entity in to_entities(example.tags)
                    if entity.type in options.types
                ]
                labels = to_tags(kept, len(example.words))
                instance = {"id": example.id, "words": example.words, "labels": labels}
                row = {"dataset": example.dataset, "label_list": common, "instance": instance}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
