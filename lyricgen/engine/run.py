"""A training and its folder: ``best``, ``last`` and ``log.jsonl``, begun or gone on with."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Union

import numpy as np

from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.engine.network import Network
from lyricgen.engine.optimizer import Optimizer
from lyricgen.engine.training import Step, evaluate, learning_rate, perplexity, train_epoch
from lyricgen.model import log
from lyricgen.model.cells import initial_parameters
from lyricgen.model.checkpoint import BEST, LAST, LOG, Checkpoint, Progress
from lyricgen.text.dataset import Dataset


@dataclasses.dataclass(frozen=True)
class Epoch:
    """A finished epoch, on disk by now: its line of the log, and the model as it stands."""

    record: dict[str, Any]
    checkpoint: Checkpoint
    is_best: bool
    is_last: bool


Event = Union[Step, Epoch]


def begin(dataset: Dataset, model: ModelConfig, train: TrainConfig) -> Checkpoint:
    """A fresh model for that dataset, before its first epoch."""
    rng = np.random.default_rng([train.seed, 0])
    return Checkpoint(
        model=model,
        train=train.settled(held_out=len(dataset.valid) > 0),
        vocabulary=dataset.vocabulary,
        parameters=initial_parameters(model, len(dataset.vocabulary), rng),
        progress=Progress(),
        newlines=dataset.config.newlines,
        dataset=dataset.fingerprint,
    )


def run(start: Checkpoint, dataset: Dataset, folder: Path) -> Iterator[Event]:
    """Train from ``start`` to the last epoch of its configuration; yields each step and each epoch.

    An epoch's ``best`` and log line are written before its ``last``, which is therefore never ahead of them: after an
    interruption the log's lines beyond ``last`` are dropped and their epochs done again.

    Raises
    ------
    DivergenceError, FileError
        What is on disk stays the last good epoch.
    """
    network = Network(start.model, start.parameters)
    optimizer = Optimizer(start.train, network.vector)
    if start.progress.epoch:
        optimizer.restore(start.optimizer, start.progress.step)
    progress = start.progress
    log.truncate(folder / LOG, progress.epoch)
    while not finished(progress, start.train):
        record, progress = yield from _epoch(network, optimizer, dataset, start.train, progress)
        checkpoint = dataclasses.replace(start, parameters=network.parameters(), progress=progress, optimizer={})
        is_best = progress.best_epoch == progress.epoch
        if is_best:
            checkpoint.save(folder / BEST)
        log.append(folder / LOG, record)
        dataclasses.replace(checkpoint, optimizer=optimizer.state()).save(folder / LAST)
        yield Epoch(record, checkpoint, is_best, finished(progress, start.train))


def finished(progress: Progress, config: TrainConfig) -> bool:
    """Whether all epochs are done, or ``patience`` of them have brought nothing better."""
    waited = progress.epoch - progress.best_epoch
    return progress.epoch >= config.epochs or 0 < config.patience <= waited


def _epoch(
    network: Network, optimizer: Optimizer, dataset: Dataset, config: TrainConfig, progress: Progress
) -> Generator[Step, None, tuple[dict[str, Any], Progress]]:
    """Yield the steps of the next epoch; returns its record and the progress after it."""
    number, began = progress.epoch + 1, time.perf_counter()
    steps = []
    for step in train_epoch(network, optimizer, dataset.train, config, number):
        steps.append(step)
        yield step
    seconds = time.perf_counter() - began
    characters = sum(step.characters for step in steps)
    valid = perplexity(*evaluate(network, dataset.valid)) if len(dataset.valid) else None
    record = {
        "epoch": number,
        "train_perplexity": perplexity(sum(step.loss_sum for step in steps), characters),
        "valid_perplexity": valid,
        "chars_per_second": characters / seconds,
        "seconds": seconds,
        "learning_rate": learning_rate(config, (number - 1) / config.epochs),
        "gradient_norm": float(np.mean([step.gradient_norm for step in steps])),
    }
    return record, _advance(progress, record, optimizer.count)


def _advance(progress: Progress, record: dict[str, Any], step: int) -> Progress:
    new = dataclasses.replace(
        progress,
        epoch=record["epoch"],
        step=step,
        train_perplexity=record["train_perplexity"],
        valid_perplexity=record["valid_perplexity"],
    )
    if progress.best_score is not None and new.score is not None and new.score >= progress.best_score:
        return new
    return dataclasses.replace(new, best_epoch=new.epoch, best_score=new.score)
