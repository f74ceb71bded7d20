"""What a larger corpus costs: preparing 100 MB, and training on ten thousand to ten million characters.

    python tests/benchmarks/scale.py [CORPUS]

The corpus is repeated, its paragraphs in another order each time, until it has 100 MB; the embedded one without a name.
Training runs for a fixed time on each size with the same vocabulary and prints characters per second (of the fastest
stretch) and the largest resident memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import print_head, print_row

from lyricgen import threads
from lyricgen.text import corpus

SIZE, LENGTHS = 100_000_000, (10_000, 100_000, 1_000_000, 10_000_000)
STRETCHES, SECONDS = 5, 3.0


def enlarge(text: str, path: Path) -> None:
    """Write ``text`` again and again, its paragraphs shuffled, until the file has ``SIZE`` bytes."""
    paragraphs, rng = text.strip().split("\n\n"), random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < SIZE:
            rng.shuffle(paragraphs)
            file.write("\n\n".join(paragraphs) + "\n\n")


def run(*command: str) -> tuple[float, float, str]:
    """Seconds, megabytes and stdout of a process."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024, out


def train(path: str, length: int) -> None:
    """Train the default model on the first ``length`` characters for a while; prints figures as JSON."""
    from lyricgen.config import ModelConfig, TrainConfig
    from lyricgen.engine.engines import network_of, start, usual
    from lyricgen.engine.optimizer import Optimizer
    from lyricgen.engine.pool import Pool
    from lyricgen.engine.training import train_epoch
    from lyricgen.model.parameters import initial_parameters
    from lyricgen.text import dataset

    imported = time.perf_counter()
    data, config = dataset.load(Path(path)), TrainConfig(dropout=0.6)
    import numpy as np

    model = ModelConfig()
    start(usual(model), "cpu")
    pool = Pool(threads.limit_unless_set())
    parameters = initial_parameters(model, len(data.vocabulary), np.random.default_rng(0))
    network = network_of(usual(model), model, parameters, pool)
    optimizer, epochs = Optimizer(config, network.vector, pool), range(1, 10_000)
    steps = (s for epoch in epochs for s in train_epoch(network, optimizer, data.train[:length], config, epoch))
    next(steps)
    begun, best = time.perf_counter() - imported, 0.0
    for _ in range(STRETCHES):
        began, characters = time.perf_counter(), 0
        while time.perf_counter() - began < SECONDS:
            characters += next(steps).characters
        best = max(best, characters / (time.perf_counter() - began))
    print(json.dumps({"rate": best, "start": begun}))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?")
    parser.add_argument("--train", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(options.train[0], int(options.train[1]))
        return
    print_head("what", "seconds", "MB", "characters/s")
    with tempfile.TemporaryDirectory() as folder:
        big, data = Path(folder, "big.txt"), str(Path(folder, "big.safetensors"))
        enlarge("".join(corpus.read([options.corpus] if options.corpus else [])), big)
        seconds, megabytes, _ = run(sys.executable, "-m", "lyricgen", "prepare", str(big), "-o", data)
        print_row("prepare 100 MB", seconds, f"{megabytes:.0f}", "")
        for length in LENGTHS:
            _, megabytes, out = run(sys.executable, __file__, "--train", data, str(length))
            figures = json.loads(out)
            name = f"first step on 100 MB, training on {length:,} characters"
            print_row(name, figures["start"], f"{megabytes:.0f}", f"{figures['rate']:,.0f}")


if __name__ == "__main__":
    main()
