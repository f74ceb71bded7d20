"""How long `lyricgen inspect` takes, as a process, and how large its page is; models with fresh weights, but for zh.

python tests/benchmarks/pages.py [--runs 3] [--max-chars 2000]

Seconds are the median of the runs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import call, print_head, print_row

import lyricgen
from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.engine.start import first_checkpoint
from lyricgen.model.checkpoint import Checkpoint

MODELS: dict[str, dict[str, Any]] = {
    "rnn, 256 units": {"cell": "rnn"},
    "gru, 256 units, 6-grams (the default)": {"ngram": True},
    "lstm, 256 units": {"cell": "lstm"},
    "lstm, 2 × 512 units": {"cell": "lstm", "hidden": 512, "layers": 2},
    "bidirectional gru, 256 units": {"bidirectional": True},
}


def fresh(**options: Any) -> Checkpoint:
    """A model of the sample that is not trained."""
    return first_checkpoint(lyricgen.prepare(), ModelConfig(**{"ngram": False, **options}), TrainConfig())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--max-chars", type=int, default=2000)
    arguments = parser.parse_args()
    print_head("model", "seconds", "MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, (label, options) in enumerate(MODELS.items()):
            fresh(**options).save(folder / str(number))
            measure(label, str(folder / str(number)), folder, arguments)
        measure("zh (gru, 512 units, 6-grams)", "zh", folder, arguments)


def measure(label: str, checkpoint: str, folder: Path, arguments: argparse.Namespace) -> None:
    """The median of several runs."""
    page, seconds = folder / "page.html", []
    command = [sys.executable, "-m", "lyricgen", "inspect", "-c", checkpoint, "-o", str(page), "-f"]
    for _ in range(arguments.runs):
        began = time.perf_counter()
        call(*command, "--max-chars", str(arguments.max_chars))
        seconds.append(time.perf_counter() - began)
    print_row(label, statistics.median(seconds), page.stat().st_size / 1e6)


if __name__ == "__main__":
    main()
