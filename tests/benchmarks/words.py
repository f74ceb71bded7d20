"""What words that must be there cost in ln p: put where they are probable, and put anywhere.

    python tests/benchmarks/words.py [CHECKPOINT] [--songs 128]

Songs of eight lines; ln p is the model's own, per character.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

import lyricgen
from lyricgen.writing.search.words import WordSearch

WORDS = ["月亮", "远方", "月亮,妈妈,火车"]
AT_ONCE = 64


def anywhere(self: WordSearch, along: Sequence[Any], word: str, prompt: str, rng: np.random.Generator) -> Any:
    """One of the allowed places, whatever its probability."""
    places = self._places(along, range(len(along)), word, prompt)
    return places[int(rng.integers(len(places)))] if places else None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", nargs="?", default="zh")
    parser.add_argument("--songs", type=int, default=128)
    arguments = parser.parse_args()
    model = lyricgen.load(arguments.checkpoint)

    def nats(**asked: Any) -> float:
        seeds = range(-(-arguments.songs // AT_ONCE))
        songs = [song for seed in seeds for song in model.generate(seed=seed, samples=AT_ONCE + 1, lines=8, **asked)]
        ids = [model.checkpoint.vocabulary.encode(f"\n{song}\n") for song in songs]
        return float(np.log(np.concatenate([model.decoder.probabilities(each) for each in ids])).mean())

    print(f"| words | where they are probable | anywhere |\n|---|---|---|\n| none | {nats():.3f} | |", flush=True)
    by_probability = WordSearch._draw_place
    for words in WORDS:
        probable = nats(words=words)
        WordSearch._draw_place = anywhere  # type: ignore[method-assign,assignment]
        print(f"| {words} | {probable:.3f} | {nats(words=words):.3f} |", flush=True)
        WordSearch._draw_place = by_probability  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
