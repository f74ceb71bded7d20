"""A training and its folder: ``best``, ``last`` and ``log.jsonl``, begun or resumed."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Union

import numpy as np

from lyricgen import storage
from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.engine.cluster import ALONE, Cluster
from lyricgen.engine.network import Network, save_state
from lyricgen.engine.optimizer import Optimizer
from lyricgen.engine.training import Step, evaluate, learning_rate, train_epoch
from lyricgen.errors import FileError
from lyricgen.model import log
from lyricgen.model.checkpoint import BEST, LAST, LOG, Checkpoint, Part, Progress, fresh
from lyricgen.model.parameters import Floats, initial_parameters
from lyricgen.model.scoring import perplexity
from lyricgen.text.dataset import Dataset


@dataclasses.dataclass(frozen=True)
class Epoch:
    """A finished epoch, on disk by now: its line of the log, and the model."""

    record: dict[str, Any]
    checkpoint: Checkpoint
    is_best: bool
    is_last: bool


Event = Union[Step, Epoch]


def begin(dataset: Dataset, model: ModelConfig, train: TrainConfig) -> Checkpoint:
    """A new model of that dataset, before its first epoch."""
    rng = np.random.default_rng([train.seed, 0])
    return fresh(dataset, model, train, initial_parameters(model, len(dataset.vocabulary), rng))


def run(
    start: Checkpoint,
    dataset: Dataset,
    folder: Path,
    *,
    save_every: float = math.inf,
    stopped: Callable[[], bool] = lambda: False,
    cluster: Cluster = ALONE,
) -> Iterator[Event]:
    """Train from ``start`` to the last epoch of its configuration; yields each step and each epoch.

    An epoch's ``best`` and log line are written before its ``last``, which is therefore never ahead of them: after an
    interruption the log's lines beyond ``last`` are dropped and their epochs done again. Within an epoch ``last`` is
    written after ``save_every`` seconds, and when ``stopped`` says so after a step or an epoch, which ends the run. Of
    several workers the first one writes, and only whole epochs.

    Raises
    ------
    DivergenceError, FileError
        What is on disk stays the last good epoch, or the last good part of one.
    """
    network = Network(start.model, start.parameters)
    optimizer = Optimizer(start.train, network.vector)
    if start.progress.step:
        optimizer.restore(start.optimizer, start.progress.step)
    progress, state = start.progress, start.state
    writes = cluster.rank == 0
    if writes:
        folder.mkdir(parents=True, exist_ok=True)
        log.truncate(folder / LOG, progress.epoch)
    held = storage.identity(folder)
    saved = tick = time.perf_counter()

    def model(progress: Progress) -> Checkpoint:
        return dataclasses.replace(start, parameters=network.parameters(), progress=progress, optimizer={}, state=None)

    def check_folder() -> None:
        if writes and storage.identity(folder) != held:
            raise FileError(f"{folder}: was moved or removed during the training, which ends here")

    def save_last(checkpoint: Checkpoint, state: Floats | None = None) -> None:
        dataclasses.replace(checkpoint, optimizer=optimizer.state(), state=state).save(folder / LAST)

    while not finished(progress, start.train):
        part = progress.part or Part()
        epoch = progress.epoch + 1
        for step in train_epoch(
            network, optimizer, dataset.train, start.train, epoch, done=part.steps, state=state, cluster=cluster
        ):
            yield step
            now = time.perf_counter()
            part, tick = _add(part, step, now - tick), now
            if cluster.workers == 1 and (stopped() or now - saved >= save_every):
                check_folder()
                within = dataclasses.replace(progress, step=optimizer.count, part=part)
                save_last(model(within), save_state(step.state))
                saved = now
            if stopped():
                return
        record = _record(network, dataset, start.train, progress.epoch + 1, part)
        progress, state = _advance(progress, record, optimizer.count), None
        checkpoint, is_best = model(progress), progress.best_epoch == progress.epoch
        check_folder()
        if is_best and writes:
            checkpoint.save(folder / BEST)
        if writes:
            log.append(folder / LOG, record)
            save_last(checkpoint)
        saved = time.perf_counter()
        yield Epoch(record, checkpoint, is_best, finished(progress, start.train))
        tick = time.perf_counter()
        if stopped():
            return


def finished(progress: Progress, config: TrainConfig) -> bool:
    """Whether all epochs are done, or ``patience`` of them have brought nothing better."""
    waited = progress.epoch - progress.best_epoch
    return progress.epoch >= config.epochs or 0 < config.patience <= waited


def _add(part: Part, step: Step, seconds: float) -> Part:
    return Part(
        part.steps + 1,
        part.characters + step.characters,
        part.nats + step.loss_sum,
        part.norms + step.gradient_norm,
        part.seconds + seconds,
    )


def _record(network: Network, dataset: Dataset, config: TrainConfig, epoch: int, part: Part) -> dict[str, Any]:
    """An epoch's line of the log."""
    return log.record(
        epoch,
        train_perplexity=perplexity(part.nats, part.characters),
        valid_perplexity=perplexity(*evaluate(network, dataset.valid)) if len(dataset.valid) else None,
        characters=part.characters,
        seconds=part.seconds,
        learning_rate=learning_rate(config, (epoch - 1) / config.epochs),
        gradient_norm=part.norms / part.steps,
    )


def _advance(progress: Progress, record: dict[str, Any], step: int) -> Progress:
    new = dataclasses.replace(
        progress,
        epoch=record["epoch"],
        step=step,
        train_perplexity=record["train_perplexity"],
        valid_perplexity=record["valid_perplexity"],
        part=None,
    )
    if progress.best_score is not None and new.score is not None and new.score >= progress.best_score:
        return new
    return dataclasses.replace(new, best_epoch=new.epoch, best_score=new.score)
