"""What is set before MXNet starts, at the same training: its two engines, and GNU's OpenMP beside LLVM's.

    python tests/benchmarks/engine.py

Trains the default model on the beginning of the sample for a few epochs with each setting in turn, three
times, and prints the median of the fastest epochs of each, and the last one's ratio to the others.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import print_head, print_row

SETTINGS = {
    "MXNet's own engine": ("ThreadedEnginePerDevice", ""),
    "GNU's OpenMP": ("NaiveEngine", "from importlib import metadata; metadata.files = lambda name: []; "),
    "as lyricgen sets them": ("NaiveEngine", ""),
}
ROUNDS = 3
CHARACTERS = "40000"
CELLS = ("rnn", "gru", "lstm")


def speed(cell: str, engine: str, before: str) -> float:
    """Characters per second of the fastest of three epochs."""
    with tempfile.TemporaryDirectory() as folder:
        code = f"{before}from lyricgen.cli import main; main()"
        prepare = [sys.executable, "-m", "lyricgen", "prepare", "--max-chars", CHARACTERS]
        subprocess.run(prepare, cwd=folder, check=True, capture_output=True)
        command = [
            sys.executable,
            "-c",
            code,
            "train",
            "--cell",
            cell,
            "--epochs",
            "3",
            "--engine",
            "mxnet",
            "--base",
            "none",
        ]
        environment = {**os.environ, "MXNET_ENGINE_TYPE": engine}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        lines = Path(folder, "checkpoints", "log.jsonl").read_text("utf-8").splitlines()
    return max(json.loads(line)["chars_per_second"] for line in lines)


def main() -> None:
    """Print a Markdown table."""
    print_head("cell", *SETTINGS, "ratios")
    for cell in CELLS:
        rounds = [[speed(cell, *setting) for setting in SETTINGS.values()] for _ in range(ROUNDS)]
        *others, ours = (statistics.median(column) for column in zip(*rounds))
        ratios = ", ".join(f"{ours / other:.2f}" for other in others)
        print_row(cell, *(f"{figure:,.0f}" for figure in (*others, ours)), ratios)


if __name__ == "__main__":
    main()
