"""What each default of ``lyricgen train`` is worth: validation perplexity with one option changed at a time.

    python tests/benchmarks/defaults.py [CORPUS]

Trains on the embedded corpus, or on another one, once for each row, and prints a Markdown table: the options, the best
validation perplexity (mean over the seeds), its epoch, the seconds of the whole process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from machine import call, print_head, print_row

CHANGES = [
    "",
    "--cell lstm --lr 0.012",
    "--no-tie",
    "--dropout 0",
    "--embedding-dropout 0.2",
    "--weight-decay 0.1",
    "--unknown-rate 0",
    "--reset-rate 0",
    "--sampling random",
    "--lr 0.004",
    "--lr 0.016",
    "--epochs 30",
]


def train(corpus: list[str], options: list[str]) -> tuple[float, int, float]:
    """Best validation perplexity, its epoch, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        call(sys.executable, "-m", "lyricgen", "train", *corpus, "-o", folder, *options)
        seconds = time.perf_counter() - began
        lines = Path(folder, "log.jsonl").read_text("utf-8").splitlines()
    scores = [json.loads(line)["valid_perplexity"] for line in lines]
    return min(scores), scores.index(min(scores)) + 1, seconds


def main() -> None:
    """Print the table, a row as it is done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?")
    parser.add_argument("--seeds", nargs="+", default=["1"])
    arguments = parser.parse_args()
    corpus = [arguments.corpus] if arguments.corpus else []
    print_head("options", "validation perplexity", "best epoch", "seconds")
    for change in CHANGES:
        results = [train(corpus, [*change.split(), "--seed", seed]) for seed in arguments.seeds]
        scores, epochs, seconds = zip(*results)
        name = f"`{change}`" if change else "the defaults"
        print_row(name, f"{statistics.mean(scores):.0f}", max(epochs), f"{statistics.mean(seconds):.0f}")


if __name__ == "__main__":
    main()
