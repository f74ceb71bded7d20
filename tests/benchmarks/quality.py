"""Held-out perplexity of what lyricgen can make of a corpus: networks, n-grams, both mixed, and with a cache.

    python tests/benchmarks/quality.py CORPUS [--seeds 1 2 3] [--valid-fraction 0.05] [--test-fraction 0.05]
        [--train "--epochs 30" ...]

The corpus is cut in order; the vocabulary is that of the first part, with one unknown character for all others. A row
is the mean over the seeds: perplexity on the validation and on the test part, nats per character on the latter (on the
former without a test part), and the seconds of the training process. Weights are fitted on the validation part, the
epoch is chosen on it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import print_head, print_row


def lyricgen(folder: str, *arguments: str) -> str:
    """Run the command line in the folder of the dataset."""
    done = subprocess.run(
        [sys.executable, "-m", "lyricgen", *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    return done.stdout


def test_perplexity(folder: str, *options: str) -> float:
    """On the test part, or on the validation part where there is none."""
    return float(json.loads(lyricgen(folder, "evaluate", "--json", "--no-baselines", *options))["perplexity"])


def validation(folder: str, model: str) -> float:
    """The best epoch's validation perplexity."""
    lines = Path(folder, model, "log.jsonl").read_text("utf-8").splitlines()
    return min(float(json.loads(line)["valid_perplexity"]) for line in lines)


def train(folder: str, name: str, options: list[str]) -> float:
    """Seconds of the whole process; it begins with random weights unless the options name a base."""
    began = time.perf_counter()
    lyricgen(folder, "train", "-o", name, "-f", "--base", "none", *options)
    return time.perf_counter() - began


def print_result(name: str, results: list[tuple[float | None, float, float | None]]) -> None:
    """The mean over the seeds; what does not apply stays empty."""
    valid, test, seconds = (None if None in column else statistics.mean(column) for column in zip(*results))
    cells = [None if valid is None else f"{valid:.1f}", f"{test:.1f}", f"{math.log(test):.4f}"]
    print_row(name, *("" if cell is None else cell for cell in cells), "" if seconds is None else f"{seconds:.0f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--seeds", nargs="+", default=["1", "2", "3"])
    parser.add_argument("--valid-fraction", default="0.05")
    parser.add_argument("--test-fraction", default="0.05")
    parser.add_argument("--train", nargs="*", default=[], help="options of further trainings, each in quotes")
    options = parser.parse_args()
    trainings = [("default options", []), *((f"`{more}`", more.split()) for more in options.train)]
    with tempfile.TemporaryDirectory() as folder:
        parts = ["--valid-fraction", options.valid_fraction, "--test-fraction", options.test_fraction]
        lyricgen(folder, "prepare", os.path.abspath(options.corpus), "--split", "tail", *parts)
        print_head("model", "validation", "test", "nats per character", "seconds")
        seconds = train(folder, "ngram", ["--cell", "ngram"])
        print_result("`--cell ngram`", [(validation(folder, "ngram"), test_perplexity(folder, "-c", "ngram"), seconds)])
        print_result("the same with `--cache`", [(None, test_perplexity(folder, "-c", "ngram", "--cache"), None)])
        for name, given in trainings:
            rows: list[list[tuple[float | None, float, float | None]]] = [[], [], []]
            for seed in options.seeds:
                seconds = train(folder, "both", [*given, "--seed", seed])
                rows[0].append((None, test_perplexity(folder, "-c", "both", "--no-ngram"), None))
                rows[1].append((validation(folder, "both"), test_perplexity(folder, "-c", "both"), seconds))
                rows[2].append((None, test_perplexity(folder, "-c", "both", "--cache"), None))
            for label, row in zip((f"{name}: the network", "with its n-grams", "and with `--cache`"), rows):
                print_result(label, row)


if __name__ == "__main__":
    main()
