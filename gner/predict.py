"""``python -m gner.predict``: predict entities in texts, or in the test splits of a run.

``--model MODEL --labels person,location TEXTS`` labels texts; ``--config FILE --ckpt_path best`` writes predictions for
the test splits of a run, and accepts all keys of its config.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from gner.cli import main as run
from gner.config_parser import fail
from gner.errors import UserError
from gner.file_prediction.inputs import InputFormat
from gner.file_prediction.layouts import OutputFormat
from gner.file_prediction.options import PredictOptions
from gner.file_prediction.predict_files import predict_files
from gner.files import until_nobody_reads
from gner.inference.labels import read_labels
from gner.words import SPLITTERS


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if any(argument in ("-c", "--config", "--print_config") or argument.startswith("--config=") for argument in given):
        run("predict", given)
        return
    parser = argparse.ArgumentParser(
        prog="python -m gner.predict",
        description="Find entities in texts: lines of a file or of standard input, JSON Lines, a column of a table, or "
        "a folder of .txt files. To resume an interrupted run, give the same command again.",
        epilog="With --config FILE instead, it writes predictions for the test splits of a run, and accepts all keys "
        "of its config.",
    )
    _add_arguments(parser)
    values = vars(parser.parse_args(given))
    try:
        with until_nobody_reads():
            labels, file = values.pop("labels"), values.pop("labels_file")
            predict_files(PredictOptions(labels=read_labels(labels, file), **values))
    except (UserError, OSError) as error:
        fail(str(error))


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("input", metavar="IN", help="a file, a folder of .txt files, or - for standard input")
    add("--model", required=True, help="folder of a run, checkpoint, exported folder, or name on the hub")
    add("--labels", metavar="A,B", help="types to look for; by default those of the model")
    add("--labels-file", type=Path, metavar="FILE", help="types, one a line, or JSON: a list or {type: description}")
    add("--out", type=Path, help="file or folder of the results; by default standard output")
    add("--format", choices=get_args(OutputFormat), default="jsonl", help="layout of the results")
    add("--html", type=Path, metavar="PAGE", help="write a page with the entities highlighted")
    add("--input-format", choices=get_args(InputFormat), default="auto", help="by default detected by suffix")
    add("--column", default="text", help="field or column of the text; JSON Lines may have `words` instead")
    add("--field", default="entities", help="field that the entities are written to")
    add("--threshold", type=float, default=0.0, help="leave out entities with a lower score")
    add("--decoding", default="speculative", help="a strategy, such as speculative, constrained or beam_search")
    add("--words", choices=SPLITTERS, help="word splitter; by default that of the model")
    add("--batch-size", type=int, default=32, help="most prompts in a batch")
    add("--batch-tokens", type=int, default=16_384, help="most tokens in a batch, including padding")
    add("--max-tokens", type=int, help="longest prompt and answer; longer texts are split into windows")
    add("--overlap", type=int, default=8, help="words that windows inside a sentence share")
    add("--dtype", choices=("fp32", "bf16", "fp16"), help="dtype of the weights; by default that of the device")
    add("--accelerator", default="auto", help="Lightning's: cpu, gpu, …")
    add("--devices", default="1", help="Lightning's: how many, or auto")
    add("--num-nodes", type=int, default=1, help="number of machines")
    add("--compile", action="store_true", help="compile the network with torch.compile")
    add("--overwrite", action="store_true", help="replace results of another run or of a finished one")
    add("--block-size", type=int, default=512, help="texts that are labelled and written together")


if __name__ == "__main__":
    main()
