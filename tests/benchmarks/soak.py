"""Memory and open files over a long life: 50,000 songs and 2,000 epochs of a tiny model, in one process each.

    python tests/benchmarks/soak.py [--songs 50000] [--epochs 2000]

Prints resident memory and open file descriptors at five moments of each.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import print_head, print_row

from lyricgen.config import ModelConfig, PrepareConfig, SampleConfig, TrainConfig

TEXT = "雨停在屋檐的时候 我数到第七下\n路灯一盏一盏地亮 像谁在回答\n\n" * 20


def report(what: str, done: int) -> None:
    """A row: megabytes resident, descriptors."""
    status = Path("/proc/self/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
    print_row(what, f"{done:,}", f"{resident:.1f}", len(os.listdir("/proc/self/fd")))


def songs(count: int) -> None:
    """Write that many songs of 40 characters with a fresh model."""
    import numpy as np

    from lyricgen.model.parameters import initial_parameters
    from lyricgen.model.recurrent import Recurrent
    from lyricgen.text import dataset
    from lyricgen.writing.generation import write_songs

    data = dataset.split([TEXT], PrepareConfig())
    model = ModelConfig(hidden=32)
    decoder = Recurrent(model, initial_parameters(model, len(data.vocabulary), np.random.default_rng(1)))
    written = write_songs(decoder, data.vocabulary, "", SampleConfig(length=40, drafts=1), seed=1, samples=count)
    for number, _ in enumerate(written, 1):
        if number % (count // 5) == 0:
            report("songs", number)


def epochs(count: int) -> None:
    """Train for that many epochs, with a checkpoint at each."""
    from lyricgen.engine.loop import Trainer
    from lyricgen.engine.start import first_checkpoint
    from lyricgen.text import dataset

    data = dataset.split([TEXT], PrepareConfig(valid_fraction=0.1))
    config = TrainConfig(epochs=count, batch_size=8, steps=20, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        start = first_checkpoint(data, ModelConfig(hidden=8), config)
        for epoch in Trainer(start, data, Path(folder), engine="numpy").epochs():
            if epoch.record.epoch % (count // 5) == 0:
                report("epochs", epoch.record.epoch)


def main() -> None:
    """Each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=int, default=50_000)
    parser.add_argument("--epochs", type=int, default=2_000)
    parser.add_argument("--only", choices=["songs", "epochs"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        {"songs": songs, "epochs": epochs}[options.only](getattr(options, options.only))
        return
    print_head("what", "done", "MB resident", "descriptors")
    for only in ("songs", "epochs"):
        count = getattr(options, only)
        subprocess.run([sys.executable, __file__, "--only", only, f"--{only}", str(count)], check=True)


if __name__ == "__main__":
    main()
