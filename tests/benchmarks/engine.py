"""MXNet's two engines at the same training: the one it takes by default, and the one lyricgen asks for.

    python tests/benchmarks/engine.py

Trains the default model on the embedded corpus for a few epochs with each engine in turn, three times, and prints the
fastest epoch of each and their ratio.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ENGINES = ("ThreadedEnginePerDevice", "NaiveEngine")
CELLS = ("rnn", "gru", "lstm")


def speed(cell: str, engine: str) -> float:
    """Characters per second of the fastest of three epochs."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lyricgen", "train", "--cell", cell, "--epochs", "3"]
        environment = {**os.environ, "MXNET_ENGINE_TYPE": engine}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        lines = Path(folder, "checkpoints", "log.jsonl").read_text("utf-8").splitlines()
    return max(json.loads(line)["chars_per_second"] for line in lines)


def main() -> None:
    """Print a Markdown table."""
    print("| cell | " + " | ".join(ENGINES) + " | ratio |\n|---|---|---|---|")
    for cell in CELLS:
        rounds = [[speed(cell, engine) for engine in ENGINES] for _ in range(3)]
        threaded, naive = (max(column) for column in zip(*rounds))
        print(f"| {cell} | {threaded:,.0f} | {naive:,.0f} | {naive / threaded:.2f} |", flush=True)


if __name__ == "__main__":
    main()
