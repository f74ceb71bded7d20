"""What ``--theme`` does at each strength: songs that have the word, how often, and what it costs.

    python tests/benchmarks/themes.py CHECKPOINT [--songs 40] [--strengths 0.5 1 1.5 2]

Songs have eight lines. ln p is the model's own without a theme, per character; a row is the mean over the themes.
"""

from __future__ import annotations

import argparse
import statistics

import numpy as np
from machine import print_head, print_row

import lyricgen
from lyricgen.api import Model
from lyricgen.writing.search import theme

THEMES = "雨夜海家花风酒路"


def nats(model: Model, songs: list[str]) -> float:
    """Mean ln p of a character."""
    found = [model.decoder.probabilities(model.checkpoint.vocabulary.encode(f"\n{song}\n")) for song in songs]
    return float(np.log(np.concatenate(found)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.5, 1, 1.5, 2])
    arguments = parser.parse_args()
    model = lyricgen.load(arguments.checkpoint)
    asked = {"samples": arguments.songs, "seed": 1, "lines": 8}
    free = list(model.generate(**asked))
    print_head("strength", "songs with the word", "times in those", "ln p")
    share = statistics.mean(word in song for song in free for word in THEMES)
    print_row("no theme", f"{share:.0%}", "", f"{nats(model, free):.2f}")
    for strength in arguments.strengths:
        theme.STRENGTH = np.float32(strength)
        found = {word: list(model.generate(**asked, theme=word)) for word in THEMES}
        times = [song.count(word) for word, songs in found.items() for song in songs if word in song]
        share = len(times) / (len(THEMES) * arguments.songs)
        cost = statistics.mean(nats(model, songs) for songs in found.values())
        print_row(f"{strength:g}", f"{share:.0%}", f"{sum(times) / max(len(times), 1):.1f}", f"{cost:.2f}")


if __name__ == "__main__":
    main()
