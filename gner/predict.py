"""``python -m gner.predict``: predict entities in texts, or in the test splits of a run.

``--model MODEL --labels person,location TEXTS`` labels texts; ``--config FILE --ckpt_path best`` writes predictions for
the test splits of a run, and accepts all keys of its config. ``--merge OUT`` merges the parts that ``--shard`` wrote.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gner.errors import UserError
from gner.file_prediction.options import PredictOptions
from gner.files import until_nobody_reads
from gner.library_messages import hide_library_messages
from gner.option_parser import errors_end_the_command, parse_options


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    hide_library_messages()
    given = sys.argv[1:] if arguments is None else list(arguments)
    if any(argument in ("-c", "--config", "--print_config") or argument.startswith("--config=") for argument in given):
        from gner.cli import main as run  # noqa: PLC0415 - takes seconds

        run("predict", None if arguments is None else given)
        return
    if any(argument.partition("=")[0] == "--merge" for argument in given):
        _merge(given)
        return
    options = parse_options(
        PredictOptions,
        given,
        prog="python -m gner.predict",
        description="Find entities in texts: lines of a file or of standard input, JSON Lines, a column of a table, or "
        "a folder of .txt files. To resume an interrupted run, give the same command again.",
        epilog="With --config FILE instead, it writes predictions for the test splits of a run, and accepts all keys "
        "of its config. With --merge OUT instead, it merges the parts that --shard wrote; see --merge OUT --help.",
    )
    with errors_end_the_command():
        options.check()  # before torch is loaded
    _predict(options)


def _merge(arguments: Sequence[str]) -> None:
    from gner.file_prediction.merging import MergeOptions, merge_parts  # noqa: PLC0415 - takes seconds

    options = parse_options(
        MergeOptions,
        arguments,
        prog="python -m gner.predict",
        description="Merge the parts that the processes of --shard wrote, in the order of the input. Parts stay.",
    )
    with errors_end_the_command():
        num_texts = merge_parts(options)
    sys.stderr.write(f"Texts: {num_texts:,} in {options.merge}.\n")


def _predict(options: PredictOptions) -> None:
    from gner.config_parser import fail  # noqa: PLC0415 - take seconds
    from gner.file_prediction.predict_files import predict_files  # noqa: PLC0415

    try:
        with until_nobody_reads():
            predict_files(options)
    except (UserError, OSError) as error:
        fail(str(error))


if __name__ == "__main__":
    main()
