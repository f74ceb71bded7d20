"""The book's setting, both ways: the recipe on MXNet Gluon beside lyricgen, speed and time to the same perplexity.

    python3.11 -m venv book && book/bin/pip install mxnet==1.9.1 'numpy<1.24'
    python tests/benchmarks/race.py jaychou_lyrics.txt.zip --gluon book/bin/python

First table: training speed with the recipe's own options (stochastic gradient descent, minibatches of 32 × 35); Gluon
with as many threads as ours, and as installed. Second: seconds of the whole process, start-up included, until the
training perplexity is that of the recipe's end; ours with the options that we recommend for it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import call, print_head, print_row

from lyricgen.system import threads

TARGET = 3.68  # what the recipe's 160 epochs come to
EPOCHS = 15
RECIPE = [
    "--hidden",
    "256",
    "--no-tie",
    "--optimizer",
    "sgd",
    "--lr",
    "100",
    "--schedule",
    "constant",
    "--clip",
    "0.01",
]
OURS = ["--cell", "lstm", "--batch-size", "16", "--lr", "0.01", "--epochs", "9", "--schedule", "constant"]


def ours(folder: Path, options: list[str]) -> tuple[float, list[dict[str, Any]]]:
    """Seconds of a whole ``lyricgen train``, and its log."""
    began = time.perf_counter()
    call(
        sys.executable,
        "-m",
        "lyricgen",
        "train",
        str(folder / "data"),
        "-o",
        str(folder / "model"),
        "-f",
        "--base",
        "none",
        *options,
    )
    lines = (folder / "model" / "log.jsonl").read_text("utf-8").splitlines()
    return time.perf_counter() - began, [json.loads(line) for line in lines]


def theirs(python: str, *arguments: str, processors: int = 0) -> tuple[float, dict[str, Any]]:
    """Seconds of a whole run of the recipe, and what it printed; ``processors`` 0: as installed."""
    environment = {name: value for name, value in os.environ.items() if name != threads.VARIABLE}
    if processors:
        environment[threads.VARIABLE] = str(processors)
    began = time.perf_counter()
    script = str(Path(__file__).with_name("peer_gluon.py"))
    done = subprocess.run([python, script, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - began, json.loads(done.stdout)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--gluon", required=True, help="a Python with mxnet 1.9.1 and numpy<1.24")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = ["--max-chars", "10000", "--newlines", "space", "--valid-fraction", "0", "-o", str(folder / "data")]
        call(sys.executable, "-m", "lyricgen", "prepare", options.corpus, *prepared)
        print_head("cell", "lyricgen, characters/s", "Gluon, same threads", "ratio", "Gluon as installed", "ratio")
        for cell in ("rnn", "gru", "lstm"):
            both = [options.corpus, "--cell", cell, "--epochs", str(EPOCHS)]
            mine = max(line["chars_per_second"] for line in ours(folder, ["--cell", cell, *RECIPE, *both[3:]])[1])
            peers = [theirs(options.gluon, *both, processors=n)[1] for n in (threads.available(), 0)]
            same, installed = (peer["characters_per_second"] for peer in peers)
            shown = f"{mine:,.0f}", f"{same:,.0f}", mine / same, f"{installed:,.0f}", mine / installed
            print_row(cell, *shown)
        print()
        print_head("to training perplexity", "epochs", "perplexity", "seconds")
        seconds, log = ours(folder, OURS)
        print_row("lyricgen", len(log), log[-1]["train_perplexity"], seconds)
        longest, peer = theirs(options.gluon, options.corpus, "--until", str(TARGET))
        print_row("the book's recipe as installed", peer["epochs"], peer["perplexity"], longest)
    print(
        f"\nratio: {longest / seconds:.1f}; goal {TARGET} reached by lyricgen: {log[-1]['train_perplexity'] <= TARGET}"
    )


if __name__ == "__main__":
    main()
