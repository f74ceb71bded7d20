"""The book's experiment: training perplexity at each quarter of the way, for every cell and both samplings.

    python tests/benchmarks/book.py jaychou_lyrics.txt.zip

The corpus is the book's and not ours to hand out; any other will do for a look. Runs the command line as a reader of
the book would and prints a Markdown table. Takes about twenty minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EPOCHS = {"rnn": 250, "gru": 160, "lstm": 160}
PREPARE = ["--max-chars", "10000", "--newlines", "space", "--valid-fraction", "0"]
TRAIN = {
    "hidden": 256,
    "steps": 35,
    "batch-size": 32,
    "optimizer": "sgd",
    "lr": 100,
    "schedule": "constant",
    "clip": 0.01,
}


def lyricgen(*arguments: str, cwd: str) -> None:
    """Run the command line; its words go to stderr, as always."""
    subprocess.run([sys.executable, "-m", "lyricgen", *arguments], cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def train(cell: str, sampling: str, folder: str) -> str:
    """One row of the table."""
    name, epochs = f"{cell}-{sampling}", EPOCHS[cell]
    reset = ["--gru-reset", "before"] if cell == "gru" else []
    began = time.perf_counter()
    chosen = ["--cell", cell, *reset, "--epochs", str(epochs), "--sampling", sampling, "-o", name]
    settings = [word for name, value in TRAIN.items() for word in (f"--{name}", str(value))]
    lyricgen("train", *settings, *chosen, cwd=folder)
    seconds = time.perf_counter() - began
    lines = Path(folder, name, "log.jsonl").read_text("utf-8").splitlines()
    quarters = [json.loads(lines[epochs * quarter // 4 - 1])["train_perplexity"] for quarter in (1, 2, 3, 4)]
    label = "gru (reset before)" if cell == "gru" else cell
    return f"| {label} | {sampling} | {epochs} | {' | '.join(f'{value:.3g}' for value in quarters)} | {seconds:.0f} |"


def main() -> None:
    """Prepare once, train six times, print as each is done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--cells", nargs="+", choices=EPOCHS, default=list(EPOCHS))
    arguments = parser.parse_args()
    print("| cell | sampling | epochs | 1/4 | 1/2 | 3/4 | end | seconds |\n|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        lyricgen("prepare", str(Path(arguments.corpus).resolve()), *PREPARE, cwd=folder)
        for cell in arguments.cells:
            for sampling in ("random", "consecutive"):
                print(train(cell, sampling, folder), flush=True)


if __name__ == "__main__":
    main()
