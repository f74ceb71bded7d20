"""Start and decoding beside PyTorch: a song as a whole process, one song after another, 256 songs side by side.

    python tests/benchmarks/decoding.py --torch torch/bin/python

An untrained model of the size 2 × 256, V 2583, stands in for a trained one; what it writes makes no sense and takes as
long. Best of five.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import TORCH_HELP, call, print_head, print_row

from lyricgen.config import ModelConfig, SampleConfig, TrainConfig
from lyricgen.model.checkpoint import Checkpoint, Progress
from lyricgen.model.parameters import initial_parameters
from lyricgen.model.recurrent import Recurrent
from lyricgen.system import memory
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.generation import write_songs

SIZE = ["--cell", "lstm", "--hidden", "256", "--layers", "2", "--vocabulary", "2583"]
PEER = Path(__file__).with_name("peer_torch.py")


def checkpoint() -> Checkpoint:
    """An untrained model that knows the first 2,582 Chinese characters of Unicode."""
    import numpy as np  # after lyricgen, which names its kernels

    model = ModelConfig(cell="lstm", hidden=256, layers=2, tie=False)
    vocabulary = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 2582))))
    parameters = initial_parameters(model, len(vocabulary), np.random.default_rng(0))
    return Checkpoint(model, TrainConfig(), vocabulary, parameters, Progress(), "keep", "none")


def seconds(command: list[str]) -> float:
    """The fastest of five runs of a whole process."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        best = min(best, time.perf_counter() - began)
    return best


def rate(model: Checkpoint, songs: int, length: int) -> float:
    """Characters per second of ``songs`` side by side, through the same function that ``generate`` calls."""
    decoder, best = Recurrent(model.model, model.parameters), 0.0
    for seed in range(5):
        began = time.perf_counter()
        config = SampleConfig(length=length, drafts=1)
        list(write_songs(decoder, model.vocabulary, "", config, seed=seed, samples=songs))
        best = max(best, songs * length / (time.perf_counter() - began))
    return best


def peer_rate(python: str, songs: int) -> float:
    """The same by PyTorch."""
    reply = call(python, str(PEER), "decode", *SIZE, "--batch-size", str(songs), "--seconds", "5")
    return float(json.loads(reply)["characters_per_second"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help=TORCH_HELP)
    parser.add_argument("--only", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        memory.keep_freed()
        print(rate(checkpoint(), *options.only))
        return
    python = options.torch or parser.error(f"--torch: {TORCH_HELP}")
    print_head("what", "lyricgen", "PyTorch", "ratio")
    model, command = checkpoint(), [sys.executable, "-m", "lyricgen"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        model.save(path)
        mine = seconds([*command, "generate", "-c", str(path), "--prefix", "分开", "--length", "50"])
    theirs = seconds([python, str(PEER), "song", *SIZE])
    print_row("a process that writes 50 characters, s", mine, theirs, theirs / mine)
    print_row("`lyricgen --help`, s", seconds([*command, "--help"]), "", "")
    for songs, length in ((1, 500), (256, 40)):
        mine = float(call(sys.executable, __file__, "--only", str(songs), str(length)))
        theirs = peer_rate(python, songs)
        print_row(f"{songs} song(s) side by side, characters/s", f"{mine:,.0f}", f"{theirs:,.0f}", mine / theirs)


if __name__ == "__main__":
    main()
