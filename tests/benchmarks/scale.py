"""What a larger corpus costs: preparing 100 MB, and training on ten thousand to ten million characters.

    python tests/benchmarks/scale.py [CORPUS]

The corpus is repeated, its paragraphs in another order each time, until it has 100 MB; the embedded one without a name.
Beside that, a folder of 100,000 small files and a file that is one line of 200 MB are prepared. Training runs for a
fixed time on each size with the same vocabulary, three times in turn, and prints characters per second (the median of
the fastest stretches, then all three) and the largest resident memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import print_head, print_row

from lyricgen.system import threads
from lyricgen.text import corpus

SIZE, LENGTHS = 100_000_000, (10_000, 100_000, 1_000_000, 10_000_000)
STRETCHES, SECONDS, ROUNDS = 5, 2.0, 3
FILES, LINE = 100_000, 200_000_000


def enlarge(text: str, path: Path) -> None:
    """Write ``text`` again and again, its paragraphs shuffled, until the file has ``SIZE`` bytes."""
    paragraphs, rng = text.strip().split("\n\n"), random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < SIZE:
            rng.shuffle(paragraphs)
            file.write("\n\n".join(paragraphs) + "\n\n")


def scatter(text: str, folder: Path) -> None:
    """Many small files."""
    paragraphs, rng = text.strip().split("\n\n"), random.Random(1)
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number}.txt").write_text(rng.choice(paragraphs)[:100] + "\n", "utf-8")


def stretch(text: str, path: Path) -> None:
    """One long line."""
    line = text.replace("\n", " ")
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < LINE:
            file.write(line)


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
    from lyricgen.config import EngineConfig, ModelConfig, TrainConfig, choose_engine
    from lyricgen.engine.engines import has_mxnet, network_of, start
    from lyricgen.engine.optimizer import Optimizer
    from lyricgen.engine.pool import Pool
    from lyricgen.engine.training import train_epoch
    from lyricgen.model.parameters import initial_parameters
    from lyricgen.text import dataset

    imported = time.perf_counter()
    data, config = dataset.load(Path(path)), TrainConfig(dropout=0.6)
    import numpy as np

    model = ModelConfig()
    engine = choose_engine(EngineConfig(), model, has_mxnet=has_mxnet())
    start(engine)
    pool = Pool(threads.limit_unless_set())
    parameters = initial_parameters(model, len(data.vocabulary), np.random.default_rng(0))
    network = network_of(str(engine.engine), model, parameters, pool)
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
        text = "".join(corpus.read([options.corpus] if options.corpus else []))
        enlarge(text, big)
        scatter(text, Path(folder, "many"))
        stretch(text, Path(folder, "line.txt"))
        sources = {"many": f"{FILES:,} small files", "line.txt": "one line of 200 MB", "big.txt": "100 MB"}
        for name, shown in sources.items():
            seconds, megabytes, _ = run(
                sys.executable, "-m", "lyricgen", "prepare", f"{folder}/{name}", "-o", data, "-f"
            )
            print_row(f"prepare {shown}", seconds, f"{megabytes:.0f}", "")
        rows: dict[int, list[tuple[float, float, float]]] = {length: [] for length in LENGTHS}
        for _ in range(ROUNDS):
            for length in LENGTHS:
                _, megabytes, out = run(sys.executable, "-W", "ignore", __file__, "--train", data, str(length))
                figures = json.loads(out)
                rows[length].append((figures["rate"], figures["start"], megabytes))
        for length, found in rows.items():
            rates, starts, sizes = zip(*found)
            shown = f"{statistics.median(rates):,.0f} ({', '.join(f'{rate:,.0f}' for rate in rates)})"
            name = f"first step on 100 MB, training on {length:,} characters"
            print_row(name, statistics.median(starts), f"{max(sizes):.0f}", shown)


if __name__ == "__main__":
    main()
