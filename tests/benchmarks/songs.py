"""What songs are like at different temperatures, top-p and with a cache, beside the corpus.

    python tests/benchmarks/songs.py FOLDER [-c CHECKPOINT]

FOLDER holds ``dataset.safetensors`` and ``checkpoints``. Each row: 100 songs of 200 characters, by ``lyricgen generate
| lyricgen measure``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from machine import print_head, print_row

ROWS = [
    *(["--temperature", temperature] for temperature in ("0.5", "0.6", "0.7", "0.8", "0.9", "1", "1.2")),
    *(["--temperature", "1", "--top-p", p] for p in ("0.8", "0.9", "0.95")),
    *(["--temperature", "0.8", "--top-k", k] for k in ("10", "40")),
    ["--temperature", "0.8", "--cache"],
]
FIGURES = ["distinct_1", "distinct_2", "repeated_lines", "line_length", "line_length_distance"]
FIGURES += ["longest_copy_mean", "longest_copy_max"]


def lyricgen(folder: str, *arguments: str, given: str = "") -> str:
    """Run the command line there; its words go nowhere."""
    command = [sys.executable, "-m", "lyricgen", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        check=True,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ).stdout


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("-c", default="checkpoints")
    options = parser.parse_args()
    model = ["-c", options.c]
    print_head("options", *(name.replace("_", " ") for name in FIGURES))
    for row in ROWS:
        asked = ["-n", "100", "--length", "200", "--seed", "1", *model, *row]
        songs = lyricgen(options.folder, "generate", "--json", *asked)
        figures = json.loads(lyricgen(options.folder, "measure", "--json", given=songs))
        print_row(f"`{' '.join(row)}`", *(float(figures[name]) for name in FIGURES))


if __name__ == "__main__":
    main()
