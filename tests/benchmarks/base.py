"""What reading before is worth: held-out perplexity of a small corpus, from nothing or from a base model.

    python tests/benchmarks/base.py CORPUS [BASE] [--seeds 1 2 3] [--options "--lr 0.001"]

BASE is a checkpoint that has read other text and keeps it. The corpus is cut in order, 90 : 5 : 5. Models that know
more characters compare with those that know fewer by the same events: the characters of the corpus itself, and all
others together as one unknown character. A row is the mean over the seeds: perplexity on the validation and on the
test part, and the seconds of the training process. Weights are fitted on the validation part, epochs are chosen on it.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from machine import print_head, print_row
from quality import train

import lyricgen
from lyricgen.api import Model
from lyricgen.model.probability import softmax
from lyricgen.model.scoring import next_logits
from lyricgen.text import dataset
from lyricgen.text.dataset import Dataset


def perplexity(model: Model, data: Dataset, part: str) -> float:
    """Of a part, at the events of the dataset's own vocabulary."""
    text = data.parts.text(part)
    vocabulary = model.checkpoint.vocabulary
    ids = vocabulary.encode(text)
    is_own = np.isin(list("\0" + vocabulary.characters), list(data.vocabulary.characters))
    nats = 0.0
    for logits, char_id in zip(next_logits(model.model, ids), ids[1:]):
        p = softmax(logits[None].astype(np.float64))[0]
        nats -= np.log(max(p[char_id] if is_own[char_id] else p[~is_own].sum(), 1e-300))
    return float(np.exp(nats / (len(ids) - 1)))


def row(name: str, models: Sequence[Model], data: Dataset, seconds: Sequence[float] = ()) -> None:
    valid, test = (statistics.mean(perplexity(model, data, part) for model in models) for part in ("valid", "test"))
    print_row(name, f"{valid:.1f}", f"{test:.1f}", f"{statistics.mean(seconds):.0f}" if seconds else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("base", nargs="?", help="a checkpoint, or zh")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--options", default="", help="of the trainings")
    arguments = parser.parse_args()
    more = shlex.split(arguments.options)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dataset.safetensors")
        lyricgen.prepare(arguments.corpus, output=path, split="tail", test_fraction=0.05)
        data = dataset.load(path)
        print_head("model", "valid", "test", "seconds")
        options = more
        if arguments.base:
            base = arguments.base if arguments.base == "zh" else str(Path(arguments.base).resolve())
            options = ["--base", base, *more]
            row("the base itself, its network", [lyricgen.load(base, ngram=False)], data)
        for name, kind in (("the network alone", ["--no-ngram"]), ("with n-grams", [])):
            folders = [Path(folder, f"{len(kind)}-{seed}") for seed in arguments.seeds]
            seconds = [
                train(folder, path.name, ["--seed", str(seed), *options, *kind])
                for path, seed in zip(folders, arguments.seeds)
            ]
            row(name, [lyricgen.load(each) for each in folders], data, seconds)
        row("and with the cache", [lyricgen.load(each, cache=True) for each in folders], data)


if __name__ == "__main__":
    main()
