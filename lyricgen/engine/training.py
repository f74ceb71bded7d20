"""One epoch at a time: minibatches -> loss -> gradient -> step, and perplexity. Yields progress, prints nothing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import TrainConfig
from lyricgen.engine.cluster import ALONE, Cluster
from lyricgen.engine.network import Minibatch, Network, dropout_masks
from lyricgen.engine.optimizer import Optimizer
from lyricgen.errors import DivergenceError
from lyricgen.model.bidirectional import READ_AHEAD
from lyricgen.model.parameters import Floats
from lyricgen.text.batches import Batch, blank, epoch_batches, fit
from lyricgen.text.vocabulary import Ids

UNKNOWN_RATE = 0.5  # of the characters that occur once, read as unknown in an epoch: both are learnt, in equal parts
RESET_RATE = 0.02  # of the rows, which start from a zero state as a new text does (Melis et al. 2018)
_EVALUATED_AT_ONCE = 2048  # characters of a validation step: its logits take V times as much


@dataclasses.dataclass(frozen=True)
class Step:
    """The figures of a minibatch: nats over its characters, the gradient's norm before clipping, the state after it."""

    characters: int
    loss_sum: float
    gradient_norm: float
    is_clipped: bool
    learning_rate: float
    state: Floats  # (L, S, N, H)


def learning_rate(config: TrainConfig, done: float) -> float:
    """Return the learning rate when that share (0 to 1) of all epochs is done.

    It stays, or falls as a half cosine (Loshchilov & Hutter 2017, equation 5).
    """
    if config.schedule == "constant":
        return config.lr
    return config.lr * 0.5 * (1 + math.cos(math.pi * done))


def epoch_rng(config: TrainConfig, epoch: int, step: int = 0) -> np.random.Generator:
    """Return a generator seeded by the seed, the epoch and the step (from 1; 0: for the whole epoch).

    A training that is resumed anywhere therefore draws the same random numbers.
    """
    return np.random.default_rng([config.seed, epoch, step])


def _minibatch(
    network: Network, config: TrainConfig, batch: Batch, step_rng: np.random.Generator, *, regularise: bool
) -> Minibatch:
    count = batch.x.shape[1]
    resets = np.full(count, config.sampling == "random")
    if config.sampling == "consecutive" and regularise:
        resets = step_rng.random(count) < RESET_RATE
    masks = dropout_masks(network.config, config, count, step_rng)
    return Minibatch(blank(batch, step_rng) if network.config.bidirectional else batch, batch.y, resets, masks)


def train_epoch(
    network: Network,
    optimizer: Optimizer,
    ids: Ids,
    config: TrainConfig,
    epoch: int,
    *,
    regularise: bool = False,
    done: int = 0,
    state: Floats | None = None,
    cluster: Cluster = ALONE,
) -> Iterator[Step]:
    """Train on every minibatch of an epoch (counted from 1) and yield each one's figures.

    An epoch that was interrupted goes on after ``done`` minibatches, with the ``state`` (L, S, N, H) that the last of
    them left. Of several workers each computes with its rows of every minibatch, and yields the figures of all.
    ``regularise``: hide rare characters and reset rows at random, for a model that is to read other texts.

    Raises
    ------
    DivergenceError
        The loss or the gradient is not finite.
    """
    shape = fit(len(ids), batch_size=config.batch_size, steps=config.steps)
    batches = epoch_batches(
        ids,
        shape,
        sampling=config.sampling,
        vocabulary_size=network.vocabulary_size,
        unknown_rate=UNKNOWN_RATE if regularise else None,
        rng=epoch_rng(config, epoch),
    )
    rows_state, read = _begin(network, shape.batch_size, state, cluster.rows), 0
    for number, batch in enumerate(batches):
        begun, read = read, read + batch.x.size
        if number < done:
            continue
        minibatch = _minibatch(network, config, batch, epoch_rng(config, epoch, number + 1), regularise=regularise)
        minibatch = minibatch.of_rows(cluster.rows)
        rate = learning_rate(config, (epoch - 1 + begun / len(ids)) / config.epochs)
        loss, rows_state = _backward(network, minibatch, _reset(rows_state, minibatch.resets))
        loss = cluster.total(network.gradient, loss)
        # Divided by the characters of a whole minibatch, so that in one with fewer of them each weighs the same.
        norm, is_clipped = optimizer.step(network.gradient, rate, divisor=shape.characters)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise DivergenceError(
                f"the loss is not finite in epoch {epoch}, step {number + 1}, at learning rate {rate:.3g}: "
                f"{cure(config)}"
            )
        yield Step(batch.x.size, loss, norm, is_clipped, rate, rows_state)


def cure(config: TrainConfig) -> str:
    """Return what may help when a training diverges."""
    return "lower --lr or --clip" if config.clip else "lower --lr, or set --clip"


def _begin(network: Network, count: int, state: Floats | None, worker_rows: slice) -> Floats:
    """Return the state of a worker's rows, of ``count`` in all, before its first minibatch."""
    begun = network.initial_state(count) if state is None else state
    return begun[:, :, worker_rows]


def _reset(state: Floats, resets: NDArray[np.bool_]) -> Floats:
    """Zero the state of these rows (N,), so that the network learns to begin (Melis et al. 2018).

    The state has as many rows as the last minibatch; a minibatch with fewer rows begins with all of them at zero.
    """
    if resets.all():
        return np.zeros((*state.shape[:2], len(resets), state.shape[3]), np.float32)
    return np.where(resets[:, None], np.float32(0), state)


def _backward(network: Network, minibatch: Minibatch, state: Floats) -> tuple[float, Floats]:
    """Leave the gradient of a minibatch's summed loss in the network; return that loss and the state after it."""
    if not minibatch.labels.size:  # there are fewer rows than workers
        network.gradient[:] = 0
        return 0.0, state
    return network.backward(minibatch, state)


def evaluate(network: Network, ids: Ids) -> Floats:
    """Return the nats (T - 1,) of every character of a text (T,) after the first, with the state carried along.

    A long text is read in up to 32 rows side by side, each of at least 4,096 characters and each from a zero state;
    the error this makes at the rows' beginnings is below what the fourth digit shows. A bidirectional network reads at
    least ``READ_AHEAD`` characters behind each that it predicts.
    """
    pairs = len(ids) - 1
    rows = min(32, max(1, pairs // 4096))
    width = pairs // rows
    starts = np.arange(rows) * width
    nats, state = np.empty(pairs, np.float32), network.initial_state(rows)
    steps = max(1, _EVALUATED_AT_ONCE // rows) if not network.config.bidirectional else READ_AHEAD
    for first in range(0, width, steps):
        index = starts + np.arange(first, min(first + steps, width))[:, None]
        nats[index], state = _nats(network, ids, index, state)
    rest = np.arange(rows * width, pairs)[:, None]  # less than ``rows`` characters, after the last row
    if len(rest):
        nats[rest], _ = _nats(network, ids, rest, state[:, :, -1:])
    return nats


def _nats(network: Network, ids: Ids, index: Ids, state: Floats) -> tuple[Floats, Floats]:
    count = min(len(index) + READ_AHEAD, len(ids) - 1 - int(index[0].max()))
    following = ids[index[0] + np.arange(1, count + 1)[:, None]] if network.config.bidirectional else None
    return network.nats(ids[index], ids[index + 1], state, following)
