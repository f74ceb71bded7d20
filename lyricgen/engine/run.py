"""A training and its folder: ``best``, ``last`` and ``log.jsonl``, begun or resumed."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Union

import numpy as np

from lyricgen import files, memory, threads
from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.engine import engines
from lyricgen.engine.cluster import ALONE, Cluster
from lyricgen.engine.network import Network
from lyricgen.engine.optimizer import Optimizer
from lyricgen.engine.pool import Pool
from lyricgen.engine.training import Step, cure, evaluate, learning_rate, train_epoch
from lyricgen.errors import DivergenceError, FileError
from lyricgen.model import counting, log, mixture
from lyricgen.model.checkpoint import BEST, LAST, LOG, Checkpoint, Counted, Part, Progress, fresh
from lyricgen.model.growing import grow
from lyricgen.model.parameters import Floats, are_sound, initial_parameters, parameter_shapes
from lyricgen.model.scoring import HIGHEST, perplexity
from lyricgen.text.batches import fit
from lyricgen.text.dataset import Dataset


@dataclasses.dataclass(frozen=True)
class Epoch:
    """A finished epoch, on disk by now: its line of the log, and the model."""

    record: dict[str, Any]
    checkpoint: Checkpoint
    is_best: bool
    is_last: bool


Event = Union[Step, Epoch]
_FLOAT = 4  # bytes
_SHARE = 0.5  # of the n-grams, where nothing is held out to fit it on


def begin(dataset: Dataset, model: ModelConfig, train: TrainConfig, base: Checkpoint | None = None) -> Checkpoint:
    """A new model of that dataset, before its first epoch; LyricgenError if this machine cannot hold it.

    With a ``base`` it begins with the weights of that one, whose vocabulary the dataset's holds.
    """
    _check_memory(dataset, model, train)
    rng, size = np.random.default_rng([train.seed, 0]), len(dataset.vocabulary)
    parameters = grow(base, dataset.vocabulary, rng) if base else initial_parameters(model, size, rng)
    counted = Counted(_SHARE, counting.estimate(dataset, model.order, base)) if model.ngram else None
    return dataclasses.replace(fresh(dataset, model, train, parameters, base=base), counted=counted)


def _check_memory(dataset: Dataset, model: ModelConfig, train: TrainConfig) -> None:
    """By what is needed at the least: initial and current weights, gradient and moments; logits and their gradient."""
    size = len(dataset.vocabulary)
    count = sum(math.prod(shape) for shape in parameter_shapes(model, size).values())
    memory.refuse_beyond(_FLOAT * 5 * count, f"a network of {count:,} parameters (--hidden, --layers)")
    rows, steps = fit(len(dataset.train), batch_size=train.batch_size, steps=train.steps)
    numbers = rows * steps * (2 * size + 4 * model.hidden * model.layers)
    memory.refuse_beyond(_FLOAT * numbers, f"a minibatch of {rows:,} × {steps:,} characters (--batch-size, --steps)")


def run(
    start: Checkpoint,
    dataset: Dataset,
    folder: Path,
    *,
    engine: str | None = None,
    save_every: float = math.inf,
    stopped: Callable[[], bool] = lambda: False,
    cluster: Cluster = ALONE,
) -> Iterator[Event]:
    """Train from ``start`` to the last epoch of its configuration; yields each step and each epoch.

    An epoch's ``best`` and log line are written before its ``last``, which is therefore never ahead of them: after an
    interruption the log's lines beyond ``last`` are dropped and their epochs done again. Within an epoch ``last`` is
    written after ``save_every`` seconds, and when ``stopped`` says so after a step or an epoch, which ends the run. Of
    several workers the first one writes, and only whole epochs. A new training takes the place of an older model in the
    folder with the first file that it writes.

    Raises
    ------
    DivergenceError, FileError
        What is on disk stays the last good epoch, or the last good part of one.
    """
    output = _Output(folder, start.progress) if cluster.rank == 0 else None
    try:
        yield from _epochs(
            start, dataset, output, engine=engine or engines.usual(start.model), save_every=save_every, stopped=stopped,
            cluster=cluster,
        )  # fmt: skip
    except DivergenceError as error:
        kept = "the last good checkpoint is kept" if output and output.is_begun else "nothing was written"
        raise DivergenceError(f"{error}; {kept}") from error


class _Output:
    """What a training writes. Its first file takes the place of all that an older model left in the folder."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        files.make_folder(folder)
        self._folder, self._held = folder, files.identity(folder)
        self.is_begun = progress.step > 0
        if self.is_begun:
            log.truncate(folder / LOG, progress.epoch)

    def save(self, name: str, checkpoint: Checkpoint) -> None:
        """Write ``BEST`` or ``LAST``."""
        self._check()
        older = [] if self.is_begun else [self._folder / other for other in (BEST, LAST, LOG) if other != name]
        checkpoint.save(self._folder / name, obsolete=older)
        self.is_begun = True

    def append(self, record: dict[str, Any]) -> None:
        """Add an epoch's line to the log."""
        self._check()
        log.append(self._folder / LOG, record)

    def _check(self) -> None:
        if files.identity(self._folder) != self._held:
            raise FileError(f"{self._folder}: was moved or removed during the training, which ends here")


def _epochs(
    start: Checkpoint, dataset: Dataset, output: _Output | None, *, engine: str, save_every: float,
    stopped: Callable[[], bool], cluster: Cluster,
) -> Iterator[Event]:  # fmt: skip
    memory.keep_freed()
    pool = Pool(threads.limit_unless_set())
    network = engines.network_of(engine, start.model, start.parameters, pool)
    optimizer = Optimizer(start.train, network.vector, pool)
    if start.progress.step:
        optimizer.restore(start.optimizer, start.progress.step)
    validation, counted = _Validation(start, dataset), start.counted
    progress, state = start.progress, start.state
    saved = tick = time.perf_counter()

    def model(progress: Progress) -> Checkpoint:
        return dataclasses.replace(
            start, parameters=network.parameters(), counted=counted, progress=progress, optimizer={}, state=None
        )

    def check_finite(epoch: int) -> None:
        if not are_sound([network.vector]):
            raise DivergenceError(f"the weights are not finite in epoch {epoch}: {cure(start.train)}")

    def to_resume(checkpoint: Checkpoint, state: Floats | None = None) -> Checkpoint:
        return dataclasses.replace(checkpoint, optimizer=optimizer.state(), state=state)

    while not finished(progress, start.train):
        part = progress.part or Part()
        epoch = progress.epoch + 1
        for step in train_epoch(
            network, optimizer, dataset.train, start.train, epoch, done=part.steps, state=state, cluster=cluster
        ):
            yield step
            now = time.perf_counter()
            part, tick = _add(part, step, now - tick), now
            if output and cluster.workers == 1 and (stopped() or now - saved >= save_every):
                check_finite(epoch)
                within = dataclasses.replace(progress, step=optimizer.count, part=part)
                output.save(LAST, to_resume(model(within), step.state))
                saved = now
            if stopped():
                return
        check_finite(epoch)
        held_out, share = validation.measure(network)
        if counted and share is not None:
            counted = dataclasses.replace(counted, share=share)
        record = _record(start.train, epoch, part, held_out)
        if max(record["train_perplexity"], record["valid_perplexity"] or 0.0) >= HIGHEST:
            raise DivergenceError(f"the perplexity is beyond numbers after epoch {epoch}: {cure(start.train)}")
        progress, state = _advance(progress, record, optimizer.count), None
        checkpoint, is_best = model(progress), progress.best_epoch == progress.epoch
        if output and is_best:
            output.save(BEST, checkpoint)
        if output:
            output.append(record)
            output.save(LAST, to_resume(checkpoint))
        saved = time.perf_counter()
        yield Epoch(record, checkpoint, is_best, finished(progress, start.train))
        tick = time.perf_counter()
        if stopped():
            return


class _Validation:
    """The validation part, which measures a model after each epoch."""

    def __init__(self, start: Checkpoint, dataset: Dataset) -> None:
        self._ids = dataset.valid
        self._beside = [each.probabilities(self._ids) for each in start.ngrams_beside()] if len(self._ids) else []

    def measure(self, network: Network) -> tuple[float | None, float | None]:
        """The perplexity, and the share of the n-grams beside the network that makes it lowest."""
        if not len(self._ids):
            return None, None
        nats, share = evaluate(network, self._ids).astype(np.float64), None
        if self._beside and len(nats):
            probabilities = np.stack([np.exp(-nats), *self._beside], axis=1)
            weights = mixture.fit(probabilities, np.zeros(len(nats), np.intp), 1)[0]
            nats, share = -np.log(np.maximum(probabilities @ weights, 1e-300)), float(weights[1])
        return perplexity(float(nats.sum()), len(nats)), share


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
        part.clipped + step.is_clipped,
    )


def _record(config: TrainConfig, epoch: int, part: Part, valid_perplexity: float | None) -> dict[str, Any]:
    """An epoch's line of the log."""
    return log.record(
        epoch=epoch,
        train_perplexity=perplexity(part.nats, part.characters),
        valid_perplexity=valid_perplexity,
        characters=part.characters,
        seconds=part.seconds,
        learning_rate=learning_rate(config, (epoch - 1) / config.epochs),
        gradient_norm=part.norms / max(part.steps, 1),
        clipped=part.clipped / max(part.steps, 1),
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
