"""Songs under every control and under combinations of them: do all keep what was asked for, and what does it cost?

    python tests/benchmarks/controls.py CHECKPOINT [--songs 1000] [--only tones]

Speed is beside that of the free decoder, 64 songs at a time; ln p is the free model's, per character.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import lyricgen
import lyricgen.system.threads
from lyricgen.config import FormConfig, SampleConfig
from lyricgen.writing.generation import Writer
from lyricgen.writing.search import lookahead

sys.path.insert(0, str(Path(__file__).parent.parent))
from support.checker import broken

FORM = {"form": "7,7,5,7"}
LYRIC = {"form": "7,7,7,7", "rhyme": "AABA"}
QUATRAIN = {"form": "七绝"}
CONTROLS: list[dict[str, Any]] = [
    {"lines": 4},
    {"form": "7,7,7,7"},
    {"line_length": 7, "length": 60},
    {"form": "5,5/7,7/", "lines": 8},
    {"acrostic": "春夏秋冬"},
    {"lines": 4, "rhyme": "AABA"},
    LYRIC,
    {"line_length": 7, "lines": 4, "rhyme_with": "光"},
    {"lines": 6, "no_repeat": 2},
    {"lines": 6, "max_copy": 3},
    {"structure": "ABAB", "lines": 3},
    {**LYRIC, "acrostic": "春夏秋冬"},
    {**FORM, "acrostic": "我想回家", "rhyme": "ABAB"},
    {**LYRIC, "no_repeat": 2, "max_copy": 4},
    {**LYRIC, "structure": "VCVC"},
    {"structure": "ABA", "lines": 2, "rhyme": "AA", "acrostic": "山水花月"},
    {"form": "7,5", "lines": 4, "rhyme": "A", "no_repeat": 1},
    {"form": "*,7,*,7", "rhyme": "ABAB", "max_copy": 3},
    {**LYRIC, "drafts": 1},
    {"form": "7,7,7,7", "rhyme": "AA-A"},
    QUATRAIN,
    {**QUATRAIN, "tones_by": "classical"},
    {**QUATRAIN, "drafts": 1},
    {"lines": 8},
    {"lines": 8, "words": "月亮"},
    {"lines": 8, "words": "月亮,妈妈,火车"},
    {"lines": 8, "ban": "我,的,月亮"},
    {**LYRIC, "acrostic": "春夏秋冬", "no_repeat": 2, "max_copy": 4},
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("--songs", type=int, default=1000)
    parser.add_argument("--only", default="", help="rows whose words contain this")
    arguments = parser.parse_args()
    model = lyricgen.load(arguments.checkpoint)
    checkpoint, decoder = model.checkpoint, model.decoder
    vocabulary = checkpoint.vocabulary
    corpus = checkpoint.text.text("train")

    def measure(asked: dict[str, Any]) -> tuple[list[str], float]:
        names = SampleConfig.__dataclass_fields__
        sample = SampleConfig(**{name: value for name, value in asked.items() if name in names})
        form = FormConfig(**{name: value for name, value in asked.items() if name not in names})
        writer = Writer(decoder, vocabulary, sample, form, checkpoint.text.ids("train"))
        songs: list[str] = []
        list(writer.songs("", seed=0, samples=2))
        began = time.perf_counter()
        for seed in range(-(-arguments.songs // 64)):
            songs += writer.songs("", seed=seed, samples=64)
        return songs[: arguments.songs], sum(map(len, songs)) / (time.perf_counter() - began)

    def nats(songs: list[str]) -> float:
        found = [decoder.probabilities(vocabulary.encode(f"\n{song}\n")) for song in songs[:256]]
        return float(np.log(np.concatenate(found)).mean())

    free, _ = measure({"length": 32})
    print("| asked for | songs | broken | characters/s | of free | ln p |\n|---|---|---|---|---|---|", flush=True)
    print(f"| nothing | {len(free)} | | | | {nats(free):.3f} |")
    for number, asked in enumerate([*CONTROLS, {"form": "7,7,7,7"}, LYRIC]):
        words = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in asked.items())
        if arguments.only not in words:
            continue
        if number >= len(CONTROLS) and lookahead.AHEAD:
            print("| *without looking ahead:* | | | | | |")
            lookahead.AHEAD = 0
        _, speed = measure({"length": 32})
        songs, rate = measure(asked)
        faults = [fault for song in songs for fault in broken(song, corpus=corpus, **asked)]
        row = f"| `{words}` | {len(songs)} | {len(faults)} | {rate:,.0f} | {rate / speed:.2f} | {nats(songs):.3f} |"
        print(row, *faults[:3], flush=True)


if __name__ == "__main__":
    main()
