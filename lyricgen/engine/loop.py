"""The training loop: epochs of minibatches, and after each epoch ``best``, ``last`` and a line of ``log.jsonl``."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen import files
from lyricgen.config import TrainConfig
from lyricgen.engine import engines
from lyricgen.engine.cluster import ALONE, Cluster
from lyricgen.engine.network import Network
from lyricgen.engine.optimizer import Optimizer
from lyricgen.engine.pool import Pool
from lyricgen.engine.training import Step, cure, evaluate, learning_rate, train_epoch
from lyricgen.errors import DivergenceError, FileError
from lyricgen.model import log, mixture
from lyricgen.model.checkpoint import BEST, LAST, LOG, Checkpoint, Progress, Subtotal
from lyricgen.model.log import Record
from lyricgen.model.parameters import Floats, are_sound
from lyricgen.model.scoring import HIGHEST, perplexity
from lyricgen.system import memory, threads
from lyricgen.text.dataset import Dataset

SAVE_EVERY = 60.0  # seconds between checkpoints within an epoch: what a crash may cost, at 0.1 % of the time


@dataclasses.dataclass(frozen=True)
class Epoch:
    """A finished epoch, already on disk: its line of the log, and the model."""

    record: Record
    checkpoint: Checkpoint
    is_best: bool
    is_last: bool


def never(*_: Any) -> bool:
    """Return False: ignore a step, or do not stop the training."""
    return False


class Trainer:
    """Trains from a checkpoint to the last epoch of its configuration.

    ``best`` and the log line of an epoch are written before its ``last``, which is therefore never ahead of them: after
    an interruption the log's lines beyond ``last`` are dropped and their epochs repeated. Within an epoch ``last`` is
    written every ``SAVE_EVERY`` seconds, and when ``stopped`` returns true, which ends the training. Of several workers
    the first one writes, and only whole epochs. A new training replaces an older model with the first file it writes.
    """

    def __init__(
        self, start: Checkpoint, dataset: Dataset, folder: Path, *, engine: str, cluster: Cluster = ALONE
    ) -> None:
        self._start, self._dataset = start, dataset
        self._folder, self._engine = folder, engine
        self._cluster = cluster
        self.progress, self._state, self._counted = start.progress, start.state, start.counted
        self._output: _Output | None = None

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done, or ``patience`` of them have brought no improvement."""
        return finished(self.progress, self._start.train)

    def epochs(
        self, on_step: Callable[[Step], object] = never, *, stopped: Callable[[], bool] = never
    ) -> Iterator[Epoch]:
        """Train; yield each epoch when it is on disk. ``stopped`` is asked after each step and each epoch.

        Raises
        ------
        DivergenceError, FileError
            What is on disk stays the last good epoch, or the last good part of one.
        """
        try:
            self._prepare()
            while not self.is_finished:
                if not self._run_epoch(on_step, stopped):
                    return
                yield self._end_epoch()
                if stopped():
                    return
        except DivergenceError as error:
            is_kept = self._output is not None and self._output.is_begun
            kept = "the last good checkpoint is kept" if is_kept else "nothing was written"
            raise DivergenceError(f"{error}; {kept}") from error

    def _prepare(self) -> None:
        """Build the network, its optimizer and the validation, with the threads of this machine."""
        start = self._start
        if self._cluster.rank == 0:
            self._output = _Output(self._folder, start.progress)
        memory.keep_freed()
        pool = Pool(threads.limit_unless_set())
        self._network = engines.network_of(self._engine, start.model, start.parameters, pool)
        self._optimizer = Optimizer(start.train, self._network.vector, pool)
        if start.progress.step:
            self._optimizer.restore(start.optimizer, start.progress.step)
        self._validation = _Validation(start, self._dataset)

    def _run_epoch(self, on_step: Callable[[Step], object], stopped: Callable[[], bool]) -> bool:
        """Train on the minibatches that are left of an epoch; False if the training was stopped meanwhile."""
        self._subtotal = self.progress.part or Subtotal()
        saved = tick = time.perf_counter()
        for step in train_epoch(
            self._network,
            self._optimizer,
            self._dataset.train,
            self._start.train,
            self.progress.epoch + 1,
            regularise=len(self._dataset.valid) > 0,
            done=self._subtotal.steps,
            state=self._state,
            cluster=self._cluster,
        ):
            now = time.perf_counter()
            self._subtotal = self._subtotal.plus(
                step.characters, step.loss_sum, step.gradient_norm, now - tick, clipped=step.is_clipped
            )
            on_step(step)
            tick, is_stopped = now, stopped()
            if self._cluster.workers == 1 and (is_stopped or now - saved >= SAVE_EVERY):
                self._save_within(step.state)
                saved = now
            if is_stopped:
                return False
        return True

    def _save_within(self, state: Floats) -> None:
        """Write ``last`` in the middle of an epoch."""
        self._check_finite()
        progress = dataclasses.replace(self.progress, step=self._optimizer.count, part=self._subtotal)
        if self._output:
            self._output.save(LAST, self._to_resume(progress, state))

    def _end_epoch(self) -> Epoch:
        """Measure the model, write it, and count the epoch."""
        self._check_finite()
        config, number = self._start.train, self.progress.epoch + 1
        valid_perplexity, share = self._validation.measure(self._network)
        if self._counted and share is not None:
            self._counted = dataclasses.replace(self._counted, share=share)
        record = _record(config, number, self._subtotal, valid_perplexity)
        if max(record.train_perplexity, record.valid_perplexity or 0.0) >= HIGHEST:
            raise DivergenceError(f"the perplexity overflows after epoch {number}: {cure(config)}")
        self.progress, self._state = _advance(self.progress, record, self._optimizer.count), None
        checkpoint, is_best = self._model(self.progress), self.progress.best_epoch == number
        if self._output:
            if is_best:
                self._output.save(BEST, checkpoint)
            self._output.append(record)
            self._output.save(LAST, self._to_resume(self.progress))
        return Epoch(record, checkpoint, is_best, self.is_finished)

    def _model(self, progress: Progress) -> Checkpoint:
        """Return the model as it is now, for writing songs."""
        return dataclasses.replace(
            self._start,
            parameters=self._network.parameters(),
            counted=self._counted,
            progress=progress,
            optimizer={},
            state=None,
        )

    def _to_resume(self, progress: Progress, state: Floats | None = None) -> Checkpoint:
        """Return the model as it is now, with all that a resumed training needs."""
        return dataclasses.replace(self._model(progress), optimizer=self._optimizer.state(), state=state)

    def _check_finite(self) -> None:
        if not are_sound([self._network.vector]):
            epoch = self.progress.epoch + 1
            raise DivergenceError(f"the weights are not finite in epoch {epoch}: {cure(self._start.train)}")


class _Output:
    """The files of a training. Its first one replaces all that an older model left in the folder."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        files.make_folder(folder)
        self._folder, self._identity = folder, files.identity(folder)
        self.is_begun = progress.step > 0
        if self.is_begun:
            log.truncate(folder / LOG, progress.epoch)

    def save(self, name: str, checkpoint: Checkpoint) -> None:
        """Write ``BEST`` or ``LAST``."""
        self._check()
        older = [] if self.is_begun else [self._folder / other for other in (BEST, LAST, LOG) if other != name]
        checkpoint.save(self._folder / name, obsolete=older)
        self.is_begun = True

    def append(self, record: Record) -> None:
        """Add an epoch's line to the log."""
        self._check()
        log.append(self._folder / LOG, record)

    def _check(self) -> None:
        if files.identity(self._folder) != self._identity:
            raise FileError(f"{self._folder}: was moved or removed during the training, which ends here")


class _Validation:
    """The validation part, which measures a model after each epoch."""

    def __init__(self, start: Checkpoint, dataset: Dataset) -> None:
        self._ids = dataset.valid
        self._beside = [ngram.probabilities(self._ids) for ngram in start.ngrams_beside()] if len(self._ids) else []

    def measure(self, network: Network) -> tuple[float | None, float | None]:
        """Return the perplexity, and the share of the n-grams beside the network that makes it lowest."""
        if not len(self._ids):
            return None, None
        nats, share = evaluate(network, self._ids).astype(np.float64), None
        if self._beside and len(nats):
            probabilities = np.stack([np.exp(-nats), *self._beside], axis=1)
            weights = mixture.fit(probabilities, np.zeros(len(nats), np.intp), 1)[0]
            nats, share = -np.log(np.maximum(probabilities @ weights, 1e-300)), float(weights[1])
        return perplexity(float(nats.sum()), len(nats)), share


def finished(progress: Progress, config: TrainConfig) -> bool:
    """Return whether all epochs are done, or ``patience`` of them have brought no improvement."""
    waited = progress.epoch - progress.best_epoch
    return progress.epoch >= config.epochs or 0 < config.patience <= waited


def _record(config: TrainConfig, epoch: int, total: Subtotal, valid_perplexity: float | None) -> Record:
    """Return an epoch's line of the log."""
    return log.record(
        epoch=epoch,
        train_perplexity=perplexity(total.nats, total.characters),
        valid_perplexity=valid_perplexity,
        characters=total.characters,
        seconds=total.seconds,
        learning_rate=learning_rate(config, (epoch - 1) / config.epochs),
        gradient_norm=total.norms / max(total.steps, 1),
        clipped=total.clipped / max(total.steps, 1),
    )


def _advance(progress: Progress, record: Record, step: int) -> Progress:
    new = dataclasses.replace(
        progress,
        epoch=record.epoch,
        step=step,
        train_perplexity=record.train_perplexity,
        valid_perplexity=record.valid_perplexity,
        part=None,
    )
    if progress.best_score is not None and new.score is not None and new.score >= progress.best_score:
        return new
    return dataclasses.replace(new, best_epoch=new.epoch, best_score=new.score)
