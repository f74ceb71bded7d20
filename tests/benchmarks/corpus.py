"""What more lyrics in ``data/lyrics`` buy: perplexities on texts that no model has read.

    python tests/benchmarks/corpus.py FOLDER TEXT [TEXT ...]

FOLDER is made and keeps the texts and the models. A TEXT is anything that ``lyricgen prepare --script simplified``
reads, with ``:FIELD`` behind a collection's name. Each row: a part of the corpus, the first songs of every theme; the
perplexity of 6-grams and of the default network alone on every TEXT, without copies and boilerplate. All models have
the same characters, those of the smallest part; everything else is one unknown character.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from machine import print_head, print_row

from lyricgen.text import corpus
from lyricgen.text.songs import SONG, without_boilerplate, without_copies

DATA = Path(__file__).parents[2] / "data"
SIZES = (300_000, 600_000)  # and all
OTHER = "□"  # every character that the smallest part has less than twice


def lyricgen(*arguments: str) -> str:
    """Run the command line; returns what it printed."""
    command = [sys.executable, "-m", "lyricgen", *arguments]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ).stdout


def perplexity(model: Path, text: Path, *options: str) -> float:
    """Return a model's perplexity on a text."""
    return float(json.loads(lyricgen("evaluate", "-c", str(model), str(text), "--json", *options))["perplexity"])


def train(text: Path, model: Path, *options: str) -> None:
    """Train a model if that is not there yet."""
    if not (model / "best.safetensors").exists():
        lyricgen("train", str(text), "-o", str(model), "--force", "--no-keep-text", "--base", "none", *options)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("text", nargs="+")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    files = [path.read_text("utf-8").strip("\n").split(SONG) for path in sorted((DATA / "lyrics").glob("*.txt"))]
    songs = [song for rank in itertools.zip_longest(*files) for song in rank if song]
    lengths = [size for size in SIZES if size < len(SONG.join(songs))]
    parts = {f"{size / 1e6:.1f} M": SONG.join(songs)[:size] for size in lengths}
    counts = Counter(next(iter(parts.values())))
    known = {character for character, count in counts.items() if count > 1}
    parts["`lyrics-zh.txt`, 0.33 M"] = (DATA / "lyrics-zh.txt").read_text("utf-8")
    parts[f"all, {len(SONG.join(songs)) / 1e6:.2f} M"] = SONG.join(songs)

    def write(name: str, text: str) -> Path:
        path: Path = options.folder / name
        path.write_text("".join(character if character in known else OTHER for character in text), "utf-8")
        return path

    texts = []
    for number, source in enumerate(options.text):
        path, _, field = source.partition(":")
        reader = corpus.Reader(field=field or None, script="simplified")
        read, _ = without_copies(without_boilerplate(corpus.read_songs([path], reader))[0])
        texts.append(write(f"text{number}.txt", SONG.join(song.text for song in read) + "\n"))
    print_head(
        "corpus", *(f"{Path(source).stem}: {model}" for source in options.text for model in ("6-grams", "network"))
    )
    for name, part in parts.items():
        key = re.sub(r"\W+", "-", name)
        source = write(f"part-{key}.txt", part + "\n")
        network, ngrams = (options.folder / f"{kind}-{key}" for kind in ("network", "ngrams"))
        train(source, network)
        train(source, ngrams, "--cell", "ngram")
        row = []
        for text in texts:
            row += [perplexity(ngrams, text), perplexity(network, text, "--no-ngram")]
        print_row(name, *row)


if __name__ == "__main__":
    main()
