"""What the defaults of ``lyricgen train`` are worth: validation perplexity with other options, for texts of any size.

    python tests/benchmarks/defaults.py [CORPUS] [--characters 60000] [--options "--lr 0.004" ...] [--seeds 1]

Trains on the first characters of a corpus (all of them if their number is not given; the sample if no other
is named), with the defaults and with each set of options. The last 15,000 characters of the corpus are held out, or a
twentieth of it, if that is less. Prints a Markdown table: the best validation perplexity of the network alone (mean
over the seeds), its epoch, the seconds of the whole process.
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

import lyricgen
from lyricgen.text import corpus

HELD_OUT = 15_000
CHANGES = ["--cell lstm", "--no-tie", "--dropout 0", "--unknown-rate 0", "--reset-rate 0", "--sampling random"]


def cut(source: list[str], characters: int, path: Path) -> int:
    """Write a dataset of the first characters of a corpus and of its end; returns how many the former are."""
    text = "".join(corpus.read(source))
    held_out = min(HELD_OUT, len(text) // 20)
    kept = min(characters or len(text), len(text) - held_out)
    words = path.with_suffix(".txt")
    words.write_text(text[:kept] + text[-held_out:], "utf-8")
    lyricgen.prepare(words, output=path, split="tail", valid_fraction=held_out / (kept + held_out))
    return kept


def train(data: Path, options: list[str]) -> tuple[float, int, float]:
    """Best validation perplexity, its epoch, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        call(
            sys.executable, "-m", "lyricgen", "train", str(data), "-o", folder, "--no-ngram", "--base", "none", *options
        )
        seconds = time.perf_counter() - began
        lines = Path(folder, "log.jsonl").read_text("utf-8").splitlines()
    scores = [json.loads(line)["valid_perplexity"] for line in lines]
    return min(scores), scores.index(min(scores)) + 1, seconds


def main() -> None:
    """Print the table, a row as it is done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?")
    parser.add_argument("--characters", type=int, default=0)
    parser.add_argument("--options", nargs="*", default=CHANGES)
    parser.add_argument("--seeds", nargs="+", default=["1"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data.safetensors")
        kept = cut([arguments.corpus] if arguments.corpus else [], arguments.characters, data)
        print_head(f"options, for {kept:,} characters", "validation perplexity", "best epoch", "seconds")
        for change in ["", *arguments.options]:
            results = [train(data, [*change.split(), "--seed", seed]) for seed in arguments.seeds]
            scores, epochs, seconds = zip(*results)
            name = f"`{change}`" if change else "the defaults"
            print_row(name, f"{statistics.mean(scores):.1f}", max(epochs), f"{statistics.mean(seconds):.0f}")


if __name__ == "__main__":
    main()
