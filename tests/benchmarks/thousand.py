"""A thousand songs of each demand: does any of them break what was asked for?

    python tests/benchmarks/thousand.py [CHECKPOINT] [--songs 1000] [--only tones] [--english CHECKPOINT]

The checker judges, which was written apart. Exit status 1 if a song is broken.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import lyricgen
from lyricgen.api import Model
from lyricgen.errors import UnsatisfiableError
from lyricgen.text import corpus
from lyricgen.writing.form import named
from lyricgen.writing.form.song import read_form

sys.path.insert(0, str(Path(__file__).parent.parent))
from support.checker import broken

Options = dict[str, Any]
FIVE, SEVEN = "仄仄平平仄,平平仄仄平", "平平仄仄仄平平,仄仄平平仄仄平"
TONES: list[Options] = [
    {"form": FIVE, "lines": 4},
    {"form": SEVEN, "lines": 4},
    {"form": "中平中仄平平仄,中仄平平仄仄平", "lines": 8},
    {"form": "ppzzp/*,xzzpp/", "lines": 6},
    {"form": SEVEN, "tones_by": "classical", "lines": 4},
]
WORDS: list[Options] = [
    {"words": "月亮", "lines": 8},
    {"words": "远方,雨", "lines": 8},
    {"words": "月亮,妈妈,火车", "lines": 8},
]
BAN: list[Options] = [
    {"ban": "我", "lines": 8},
    {"ban": "的,月亮,一个,我们", "length": 80},
    {"ban": "我,你,的", "rhyme": "AABA", "form": "7,7,5,7"},
    {"ban": "他们,说", "rhyme": "ABAB", "form": "5,5/7,7/", "lines": 8},
]
MIXED: list[Options] = [
    {"acrostic": "春夏秋冬", "rhyme": "AABA", "line_length": 7},
    {"form": FIVE, "rhyme": "-A-A", "acrostic": "月山水花"},
    {"form": "中平中仄平平仄,中仄平平仄仄平", "rhyme": "-A-A", "acrostic": "山水花月"},
    {"words": "月亮", "rhyme": "AABA", "acrostic": "我想回家", "line_length": 7},
    {"words": "雨,远方", "rhyme": "AABB", "acrostic": "春夏秋冬", "line_length": 7},
    {"words": "月亮", "form": "中平中仄中平仄,中仄中平中仄平", "rhyme": "-A-A-A-A", "lines": 8},
    {"words": "雨,火车", "form": "xxxxxxx,xxxxxzp", "rhyme": "-A-A", "lines": 8},
    {"form": "7A,7A,7,7A/=1-4"},
    {"form": "7A,5A/7B,=2/7B,=3"},
    {"form": "4+4A,4+4A,3+2+3,4+4A"},
    {"form": "7A2,7A2,9B3,9B3"},
    {"rhyme": "AAAA", "rhyme_by": "near", "line_length": 7},
    {"rhyme": "ABAB", "rhyme_by": "near", "form": "5,7"},
    {"structure": "主副主副桥副", "rhyme": "AABA", "line_length": 8},
]
SYLLABLES: list[Options] = [
    {"form": "8s,6s,8s,6s"},
    {"form": "8s,6s,8s,6s", "rhyme": "-A-A"},
    {"form": "7s,*/5s/", "lines": 6},
    {"form": "8sA,6sA", "words": "love", "lines": 4},
]
BATCH = 50
HOPELESS = 5  # seeds without any song
TEMPLATES = 20  # songs of the sample whose form is taken over, half of them with their tones


class Demand(NamedTuple):
    """What the generator is asked for."""

    asked: Options
    name: str = ""
    share: float = 1.0  # of the songs

    def __str__(self) -> str:
        return self.name or " ".join(f"--{name.replace('_', '-')} {value}" for name, value in self.asked.items())


def of_names() -> list[Demand]:
    """Every named form."""
    return [Demand({"form": name}) for name in named.names()]


def of_songs() -> list[Demand]:
    """The forms of songs; a thousand of all together."""
    songs = "".join(corpus.read([])).split("\n\n")
    songs = songs[:: len(songs) // TEMPLATES][:TEMPLATES]
    forms = [read_form(song, name="song", tones=number % 2 == 1).options({}) for number, song in enumerate(songs)]
    names = [f"--like song {number}" for number in range(1, TEMPLATES + 1)]
    return [Demand(form, name, 1 / TEMPLATES) for name, form in zip(names, forms)]


class Row(NamedTuple):
    """What came of one demand."""

    songs: int
    broken: int
    refused: int
    seconds: float
    fault: str  # the first one, with its song
    refusal: str  # the first one

    @classmethod
    def of(cls, model: Model, demand: Demand, wanted: int) -> Row:
        """Ask for so many songs in batches, a seed each; a refusal ends a batch."""
        read = model.checkpoint.text.text("train") if model.checkpoint.text else ""
        songs, faults, refusals, seed, began = 0, [], [], 0, time.perf_counter()
        while songs + len(refusals) < wanted and (songs or len(refusals) < HOPELESS):
            left = wanted - songs - len(refusals)
            try:
                for song in model.generate(samples=min(BATCH, left), seed=seed, **demand.asked):
                    songs += 1
                    found = broken(song, "", read, **demand.asked)
                    faults += [f"seed {seed}: {found[0]}: {song!r}"] if found else []
            except UnsatisfiableError as error:
                refusals.append(f"seed {seed}: {error}")
            seed += 1
        first = [each[0] if each else "" for each in (faults, refusals)]
        return cls(songs, len(faults), len(refusals), time.perf_counter() - began, *first)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", nargs="?", default="zh")
    parser.add_argument("--songs", type=int, default=1000)
    parser.add_argument("--only", default="", help="demands whose words contain this")
    parser.add_argument("--english", help="a checkpoint for syllables")
    arguments = parser.parse_args()
    model = lyricgen.load(arguments.checkpoint)
    demands = [(model, Demand(asked)) for asked in [*TONES, *WORDS, *BAN, *MIXED]]
    demands += [(model, demand) for demand in [*of_songs(), *of_names()]]
    if arguments.english:
        english = lyricgen.load(arguments.english)
        demands += [(english, Demand(asked)) for asked in SYLLABLES]
    print("| asked for | songs | broken | refused | seconds |\n|---|---|---|---|---|", flush=True)
    failed = 0
    for writer, demand in demands:
        if arguments.only in str(demand):
            row = Row.of(writer, demand, round(arguments.songs * demand.share))
            failed += row.broken
            print(f"| `{demand}` | {row.songs:,} | {row.broken:,} | {row.refused:,} | {row.seconds:.1f} |", flush=True)
            print(*filter(None, (row.fault, row.refusal)), sep="\n", end="\n" if row.fault or row.refusal else "")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
