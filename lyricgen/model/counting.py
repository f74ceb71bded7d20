"""A dataset -> an n-gram model: the training of ``--cell ngram``, without MXNet, epochs or randomness."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.errors import FileError
from lyricgen.model import log, ngram
from lyricgen.model.checkpoint import BEST, LAST, LOG, Checkpoint, Progress, fresh
from lyricgen.model.log import Record
from lyricgen.model.scoring import score
from lyricgen.text.dataset import Dataset

_TIMES = (1, 2, 4, 8)  # how often the text may count beside that of a base
_USUAL_TIMES = 4  # where nothing is held out to choose by


def count(
    dataset: Dataset, model: ModelConfig, train: TrainConfig, base: Checkpoint | None = None
) -> tuple[Checkpoint, Record]:
    """Count the n-gram model of the training part; return it and its line of the log.

    With a ``base``, its training text is counted, too. The text itself is then counted several times: as often as
    makes the perplexity of its validation part lowest.

    Raises
    ------
    FileError
        The base keeps no text.
    """
    began = time.perf_counter()
    if base is not None:
        if base.text is None:
            raise FileError("--base: this checkpoint keeps no text that could be counted; name one that does")
        dataset = dataset.in_vocabulary(base.vocabulary.union(dataset.vocabulary))
    parameters = estimate(dataset, model.order, base)
    seconds = time.perf_counter() - began
    counted = ngram.NGram(parameters, model.order, len(dataset.vocabulary))
    seen = score(counted.probabilities(dataset.train), dataset.train).perplexity
    held_out = _held_out(counted, dataset) if len(dataset.valid) else None
    record = log.record(
        epoch=1, train_perplexity=seen, valid_perplexity=held_out, characters=len(dataset.train), seconds=seconds
    )
    progress = Progress(1, 1, seen, held_out, 1, seen if held_out is None else held_out)
    checkpoint = fresh(dataset, model, train, parameters, progress, base=base)
    return checkpoint, record


def _held_out(counted: ngram.NGram, dataset: Dataset) -> float:
    """Return the validation perplexity."""
    return score(counted.probabilities(dataset.valid), dataset.valid).perplexity


def estimate(dataset: Dataset, order: int, base: Checkpoint | None = None) -> dict[str, Any]:
    """Estimate the tensors of an n-gram model of the training part, and of the text that a ``base`` keeps.

    The dataset has the vocabulary of both.
    """
    if base is None or base.text is None:
        return ngram.estimate(dataset.train, order, len(dataset.vocabulary))
    before = base.text.in_vocabulary(dataset.vocabulary).ids("train")

    def counted(times: int) -> dict[str, Any]:
        return ngram.estimate(np.concatenate([before, *[dataset.train] * times]), order, len(dataset.vocabulary))

    if not len(dataset.valid):
        return counted(_USUAL_TIMES)
    size = len(dataset.vocabulary)
    return min(map(counted, _TIMES), key=lambda tensors: _held_out(ngram.NGram(tensors, order, size), dataset))


def save(checkpoint: Checkpoint, record: Record, folder: Path) -> None:
    """Write the same files as a training that took one epoch."""
    checkpoint.save(folder / BEST, obsolete=[folder / LAST, folder / LOG])
    log.append(folder / LOG, record)
    checkpoint.save(folder / LAST)
