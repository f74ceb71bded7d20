"""Training throughput beside PyTorch: the tool's own loop (embedding, loss, clipping, Adam) at three sizes.

    python tests/benchmarks/training.py --torch torch/bin/python

Both engines and PyTorch run in turn, ``--rounds`` times; each row takes the fastest stretch of each. Where MXNet is not
installed, NumPy alone runs; without --torch, PyTorch does not. The last columns are the shares of the largest matrix
product that NumPy manages on this machine, of which only the floating-point operations of matrix products count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from machine import TORCH_HELP, call, print_head, print_row

from lyricgen.config import EngineConfig, ModelConfig, TrainConfig
from lyricgen.engine.engines import has_mxnet
from lyricgen.system import memory, threads

ENGINE_NAMES = ("mxnet", "numpy")

# NumPy is imported after lyricgen, as by the tool: it names NumPy's kernels.
GATES = {"rnn": 1, "gru": 3, "lstm": 4}

SIZES = [(256, 1, 1027, 35), (256, 2, 2583, 64), (512, 2, 2583, 64)]
CELLS = ["rnn", "gru", "lstm", "gru-before"]
ROWS = 32


def flops(cell: str, hidden: int, layers: int, vocabulary: int) -> float:
    """Floating-point operations of the matrix products for one character, forward and backward."""
    return 3 * (GATES[cell] * 4 * hidden**2 * layers + 2 * hidden * vocabulary)


def ours(engine: str, cell: str, hidden: int, layers: int, vocabulary: int, steps: int, seconds: float) -> float:
    """Characters per second of the fastest of five stretches of whole minibatches."""
    memory.keep_freed()
    import numpy as np

    from lyricgen.engine.engines import network_of, start
    from lyricgen.engine.optimizer import Optimizer
    from lyricgen.engine.pool import Pool
    from lyricgen.engine.training import train_epoch
    from lyricgen.model.parameters import initial_parameters

    name, _, reset = cell.partition("-")
    model = ModelConfig(cell=name, gru_reset=reset or "after", hidden=hidden, layers=layers, tie=False)
    config = TrainConfig(batch_size=ROWS, steps=steps, dropout=0.0, sampling="consecutive", epochs=1000)
    rng, pool = np.random.default_rng(0), Pool(threads.limit_unless_set())
    start(EngineConfig(engine))
    network = network_of(engine, model, initial_parameters(model, vocabulary, rng), pool)
    optimizer = Optimizer(config, network.vector, pool)
    ids = rng.integers(1, vocabulary, 2_000_000)
    stretch, best = seconds / 5, 0.0
    began, count = time.perf_counter(), 0
    for number, step in enumerate(train_epoch(network, optimizer, ids, config, 1)):
        if number < 3:
            began, count = time.perf_counter(), 0
            continue
        count += step.characters
        passed = time.perf_counter() - began
        if passed >= stretch:
            best, seconds = max(best, count / passed), seconds - passed
            began, count = time.perf_counter(), 0
            if seconds <= 0:
                break
    return best


def largest_product() -> float:
    """GFLOP/s of a product of 2048 × 2048 matrices in NumPy, the best of ten."""
    import numpy as np

    a, best = np.random.default_rng(0).random((2048, 2048), np.float32), float("inf")
    for _ in range(10):
        began = time.perf_counter()
        np.matmul(a, a)
        best = min(best, time.perf_counter() - began)
    return float(2 * 2048**3 / best / 1e9)


def measure(*what: Any) -> float:
    """Run one of our measurements in a process of its own."""
    return float(call(sys.executable, "-W", "ignore", __file__, "--only", json.dumps(what)))


def peer(python: str, cell: str, hidden: int, layers: int, vocabulary: int, steps: int, seconds: float) -> float:
    """The same by PyTorch."""
    size = ["--cell", cell, "--hidden", str(hidden), "--layers", str(layers), "--vocabulary", str(vocabulary)]
    script = str(Path(__file__).with_name("peer_torch.py"))
    reply = call(python, script, "train", *size, "--steps", str(steps), "--seconds", str(seconds))
    return float(json.loads(reply)["characters_per_second"])


def main() -> None:
    """Print the table and the geometric mean of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help=TORCH_HELP)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--cells", nargs="+", default=CELLS, choices=CELLS)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        what = json.loads(options.only)
        print(ours(*what) if what else largest_product())
        return
    engines = ENGINE_NAMES if has_mxnet() else ["numpy"]
    product = measure()
    shown = [*engines, *(["PyTorch"] if options.torch else [])]
    ratios = [f"{each} / PyTorch" for each in engines if options.torch]
    ratios += ["numpy / mxnet"] if len(engines) == 2 else []
    print_head("cell", "H", "layers", "V", "N × T", *shown, *ratios, *(f"{each}: share" for each in shown))
    found: dict[str, list[float]] = {each: [] for each in ratios}
    for cell in options.cells:
        for hidden, layers, vocabulary, steps in SIZES:
            name = cell.partition("-")[0]
            size = (hidden, layers, vocabulary, steps, options.seconds)
            best = dict.fromkeys(shown, 0.0)
            for _ in range(options.rounds):
                for each in shown:
                    speed = peer(options.torch, name, *size) if each == "PyTorch" else measure(each, cell, *size)
                    best[each] = max(best[each], speed)
            row = [best[first] / best[second] for first, second in (each.split(" / ") for each in ratios)]
            for each, ratio in zip(ratios, row):
                found[each] += [ratio] if cell != "gru-before" else []
            work = flops(name, hidden, layers, vocabulary) / 1e9 / product
            speeds = [f"{speed:,.0f}" for speed in best.values()]
            shares = [speed * work for speed in best.values()]
            print_row(cell, hidden, layers, vocabulary, f"{ROWS} × {steps}", *speeds, *row, *shares)
    for each, values in found.items():
        print(f"\n{each}: geometric mean {statistics.geometric_mean(values or [1.0]):.3f} (gru-before apart)", end="")
    print(f"\nlargest matrix product: {product:.0f} GFLOP/s")


if __name__ == "__main__":
    main()
