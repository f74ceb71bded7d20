"""A dataset -> a model that counts: what training is for ``--cell ngram``. No MXNet, no epochs, no randomness."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.model import log, ngram
from lyricgen.model.checkpoint import BEST, LAST, LOG, Checkpoint, Progress, fresh
from lyricgen.model.scoring import score
from lyricgen.text.dataset import Dataset


def count(dataset: Dataset, model: ModelConfig, train: TrainConfig) -> tuple[Checkpoint, dict[str, Any]]:
    """The n-gram model of the training part, and its line of the log."""
    began = time.perf_counter()
    parameters = ngram.estimate(dataset.train, model.order, len(dataset.vocabulary))
    seconds = time.perf_counter() - began
    counted = ngram.NGram(parameters, model.order, len(dataset.vocabulary))
    seen = score(counted.probabilities(dataset.train), dataset.train).perplexity
    held_out = score(counted.probabilities(dataset.valid), dataset.valid).perplexity if len(dataset.valid) else None
    record = log.record(
        epoch=1, train_perplexity=seen, valid_perplexity=held_out, characters=len(dataset.train), seconds=seconds
    )
    progress = Progress(1, 1, seen, held_out, 1, seen if held_out is None else held_out)
    checkpoint = fresh(dataset, model, train, parameters, progress)
    return checkpoint, record


def save(checkpoint: Checkpoint, record: dict[str, Any], folder: Path) -> None:
    """Write the same files as a training that took one epoch."""
    checkpoint.save(folder / BEST, obsolete=[folder / LAST, folder / LOG])
    log.append(folder / LOG, record)
    checkpoint.save(folder / LAST)
