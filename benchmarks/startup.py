"""How long the command line takes to start: ``--help`` against importing Lightning and Transformers alone.

python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "import lightning, transformers": ["-c", "import lightning, transformers"],
    "python -m gner.fit --help": ["-m", "gner.fit", "--help"],
}


def seconds(arguments: list[str]) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Run the commands in turn, after one warm-up each, and print medians and their ratio."""
    rounds = [[seconds(arguments) for arguments in COMMANDS.values()] for _ in range(6)][1:]
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    for name, median in zip(COMMANDS, medians, strict=True):
        print(f"{median:6.2f} s  {name}")
    print(f"{statistics.median(help_time / base for base, help_time in rounds):6.2f}    ratio")


if __name__ == "__main__":
    main()
