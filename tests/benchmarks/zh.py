"""Make the base model that comes with lyricgen, ``zh``, from all lyrics in ``data/``.

    python tests/benchmarks/zh.py [--output data/zh.safetensors]

The same command, threads and machine make the same file again. What is written is the best epoch, its weights in half
precision. It has no n-grams beside it.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

import lyricgen
from lyricgen.model import checkpoint
from lyricgen.model.checkpoint import SHIPPED_FILE, TrainedOn

DATA = Path(__file__).parents[2] / "data"
OPTIONS = {
    "hidden": 512,
    "embedding": 256,
    "dropout": 0.35,
    "epochs": 10,
    "batch_size": 48,
    "steps": 50,
    "ngram": False,
    "engine": "numpy",
    "threads": 1,
}


def dataset() -> lyricgen.Dataset:
    """All lyrics; whole songs of each theme are held out."""
    return lyricgen.prepare(DATA / "lyrics-zh.txt", DATA / "lyrics")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=DATA / SHIPPED_FILE)
    parser.add_argument("--folder", type=Path, help="Train here, and continue what an interrupted run left.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        began, resume = time.perf_counter(), (folder / checkpoint.LAST).exists()
        options = {} if resume else OPTIONS
        with lyricgen.training(dataset(), folder, resume=resume, **options) as training:
            for epoch in training.epochs():
                print(f"{time.perf_counter() - began:.0f} s: {epoch.record}", flush=True)
        best = checkpoint.load(folder)
    read = TrainedOn("the lyrics of lyricgen", best.read[0].characters)
    dataclasses.replace(best, read=(read,)).save(arguments.output, half=True)
    print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
