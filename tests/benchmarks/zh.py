"""Make the base model that comes with lyricgen, ``zh``, from the embedded corpus.

    python tests/benchmarks/zh.py [--output data/zh.safetensors]

The same command, threads and machine make the same file again. What is written is the best epoch, its weights in half
precision; its n-grams are counted when it is used.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import lyricgen
from lyricgen.model import checkpoint
from lyricgen.model.checkpoint import SHIPPED_FILE

OPTIONS = {"hidden": 512, "embedding": 256, "dropout": 0.5, "epochs": 12}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[2] / "data" / SHIPPED_FILE)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with lyricgen.training(lyricgen.prepare(), folder, **OPTIONS) as training:
            for epoch in training.epochs():
                print(f"{time.perf_counter() - began:.0f} s: {epoch.record}", flush=True)
        best = checkpoint.load(Path(folder))
    best.save(arguments.output, half=True)
    print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
