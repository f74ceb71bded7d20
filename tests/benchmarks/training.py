"""Training throughput beside PyTorch: the tool's own loop (embedding, loss, clipping, Adam) at three sizes.

    python tests/benchmarks/training.py --torch torch/bin/python

Both sides run in turn, ``--rounds`` times; each row takes the fastest stretch of each side. GFLOP/s counts the matrix
products alone; the last line is the largest matrix product that this machine's NumPy and MXNet manage.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from typing import Any

from machine import TORCH_HELP, call, print_head, print_row

from lyricgen.config import ModelConfig, TrainConfig

# NumPy is imported after lyricgen, as by the tool: it names NumPy's kernels.
GATES = {"rnn": 1, "gru": 3, "lstm": 4}

SIZES = [(256, 1, 1027, 35), (256, 2, 2583, 64), (512, 2, 2583, 64)]
CELLS = ["rnn", "gru", "lstm", "gru-before"]
ROWS = 32


def flops(cell: str, hidden: int, layers: int, vocabulary: int) -> float:
    """Floating-point operations of the matrix products for one character, forward and backward."""
    return 3 * (GATES[cell] * 4 * hidden**2 * layers + 2 * hidden * vocabulary)


def ours(cell: str, hidden: int, layers: int, vocabulary: int, steps: int, seconds: float) -> float:
    """Characters per second of the fastest of five stretches of whole minibatches."""
    import numpy as np

    from lyricgen.engine.network import Network
    from lyricgen.engine.optimizer import Optimizer
    from lyricgen.engine.training import train_epoch
    from lyricgen.model.parameters import initial_parameters

    name, _, reset = cell.partition("-")
    model = ModelConfig(cell=name, gru_reset=reset or "after", hidden=hidden, layers=layers, tie=False)
    config = TrainConfig(batch_size=ROWS, steps=steps, dropout=0.0, sampling="consecutive", epochs=1000)
    rng = np.random.default_rng(0)
    network = Network(model, initial_parameters(model, vocabulary, rng))
    optimizer = Optimizer(config, network.vector)
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
    """GFLOP/s of a product of 2048 × 2048 matrices in MXNet, the better of ten."""
    from lyricgen.engine.runtime import nd

    a, best = nd.random.uniform(shape=(2048, 2048)), float("inf")
    for _ in range(10):
        began = time.perf_counter()
        nd.FullyConnected(a, a, no_bias=True, num_hidden=2048).wait_to_read()
        best = min(best, time.perf_counter() - began)
    return float(2 * 2048**3 / best / 1e9)


def measure(what: str) -> dict[str, Any]:
    """Run one of our measurements in a process of its own."""
    return dict(json.loads(call(sys.executable, __file__, "--only", what)))


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
        print(json.dumps({"figure": largest_product() if what == "product" else ours(*what)}))
        return
    if not options.torch:
        parser.error(f"--torch: {TORCH_HELP}")
    print_head("cell", "H", "layers", "V", "N × T", "lyricgen", "PyTorch", "ratio", "our GFLOP/s", "their GFLOP/s")
    ratios = []
    for cell in options.cells:
        for hidden, layers, vocabulary, steps in SIZES:
            name = cell.partition("-")[0]
            peer = ["train", "--cell", name, "--hidden", str(hidden), "--layers", str(layers)]
            peer += ["--vocabulary", str(vocabulary), "--steps", str(steps), "--seconds", str(options.seconds)]
            mine, theirs = 0.0, 0.0
            for _ in range(options.rounds):
                figures = measure(json.dumps([cell, hidden, layers, vocabulary, steps, options.seconds]))
                mine = max(mine, figures["figure"])
                reply = call(options.torch, __file__.replace("training.py", "peer_torch.py"), *peer)
                theirs = max(theirs, json.loads(reply)["characters_per_second"])
            each = flops(name, hidden, layers, vocabulary) / 1e9
            if cell != "gru-before":
                ratios.append(mine / theirs)
            shown = (f"{mine:,.0f}", f"{theirs:,.0f}", mine / theirs, mine * each, theirs * each)
            print_row(cell, hidden, layers, vocabulary, f"{ROWS} × {steps}", *shown)
    print(f"\ngeometric mean of the ratios (gru-before apart): {statistics.geometric_mean(ratios or [1.0]):.3f}")
    print(f"largest matrix product: {measure(json.dumps('product'))['figure']:.0f} GFLOP/s")


if __name__ == "__main__":
    main()
