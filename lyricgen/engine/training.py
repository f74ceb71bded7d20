"""One epoch at a time: minibatches -> loss -> gradient -> step, and perplexity. Yields progress, prints nothing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import TrainConfig
from lyricgen.engine.cluster import ALONE, Cluster
from lyricgen.engine.network import NO_MASKS, Masks, Network, State, cross_entropy, detach, dropout_masks, loss_gradient
from lyricgen.engine.optimizer import Optimizer
from lyricgen.engine.runtime import mx, nd
from lyricgen.errors import DivergenceError
from lyricgen.model.bidirectional import READ_AHEAD
from lyricgen.text.batches import Batch, epoch_batches, fit
from lyricgen.text.vocabulary import UNKNOWN, Ids, count_ids

BLANK_RATE = 0.1  # share of the characters that a bidirectional network reads as unknown
_EVALUATED_AT_ONCE = 2048  # characters of a validation step: its logits take V times as much


@dataclasses.dataclass(frozen=True)
class Step:
    """What one minibatch gave: nats over its characters, the gradient's norm before clipping, the state after it."""

    characters: int
    loss_sum: float
    gradient_norm: float
    learning_rate: float
    state: State


def learning_rate(config: TrainConfig, done: float) -> float:
    """The rate when that share (0 to 1) of all epochs is done.

    It rises over the first ``warmup`` of them (Goyal et al. 2017), then stays or falls as a half cosine (Loshchilov &
    Hutter 2017, equation 5).
    """
    if done < config.warmup:
        return config.lr * done / config.warmup
    if config.schedule == "constant":
        return config.lr
    return config.lr * 0.5 * (1 + math.cos(math.pi * (done - config.warmup) / max(1 - config.warmup, 1e-9)))


def epoch_rng(config: TrainConfig, epoch: int, step: int = 0) -> np.random.Generator:
    """All chance of an epoch comes from the seed and its number, all of a step from its own (from 1) as well.

    So a training that is resumed anywhere repeats and misses none of it.
    """
    return np.random.default_rng([config.seed, epoch, step])


def train_epoch(
    network: Network,
    optimizer: Optimizer,
    ids: Ids,
    config: TrainConfig,
    epoch: int,
    *,
    done: int = 0,
    state: State | None = None,
    cluster: Cluster = ALONE,
) -> Iterator[Step]:
    """Train on every minibatch of an epoch (counted from 1) and yield each one's figures.

    An epoch that was interrupted goes on after ``done`` minibatches, with the state that the last of them left. Of
    several workers each computes with its rows of every minibatch, and yields the figures of all of them.

    Raises
    ------
    DivergenceError
        The loss or the gradient is no finite number any more.
    """
    rng = epoch_rng(config, epoch)
    heard = _hide_rare(ids, network.vocabulary_size, config.unknown_rate, rng)
    batches = epoch_batches(ids, sampling=config.sampling, batch_size=config.batch_size, steps=config.steps, rng=rng)
    size, steps = fit(len(ids), batch_size=config.batch_size, steps=config.steps)
    mine, read = cluster.rows, 0
    state = state or _zero_state(network, size, mine)
    for number, batch in enumerate(batches):
        read += batch.x.size
        if number < done:
            continue
        if heard is not None:
            batch = Batch(heard[batch.x], heard[batch.y])
        chance = epoch_rng(config, epoch, number + 1)
        rows = batch.x.shape[1]
        if config.sampling == "random":
            state = _zero_state(network, rows, mine)
        elif config.reset_rate:
            state = _begin_anew(state, (chance.random(rows) < config.reset_rate)[mine])
        rate = learning_rate(config, (epoch - 1 + (read - batch.x.size) / len(ids)) / config.epochs)
        masks = dropout_masks(network, config, rows, chance, mine) if state else NO_MASKS
        read_by = _blanked(batch, chance) if network.config.bidirectional else batch
        part = Batch(read_by.x[:, mine], read_by.y[:, mine])
        loss, state = _backward(network, part, batch.y[:, mine], state, masks)
        loss = cluster.total(network.gradient, loss)
        # Divided by the characters of a whole minibatch, so that in one with fewer of them each weighs the same.
        norm = optimizer.step(network.gradient, rate, divisor=size * steps)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            cure = "lower --lr or --clip" if config.clip else "lower --lr, or set --clip"
            raise DivergenceError(
                f"the loss is no finite number any more in epoch {epoch}, step {number + 1}, at learning rate "
                f"{rate:.3g}: {cure}; the last good checkpoint is kept"
            )
        yield Step(batch.x.size, loss, norm, rate, state)


def _zero_state(network: Network, rows: int, mine: slice) -> State:
    """The state before any text of one worker's rows; nothing if it has none."""
    count = len(range(rows)[mine])
    return network.initial_state(count) if count else []


def _hide_rare(ids: Ids, size: int, rate: float | None, rng: np.random.Generator) -> Ids | None:
    """Id -> id (V,), in which that share of the characters that stand once in the text is unknown; None: all as is.

    Without it no text for training has an unknown character, and a model holds the new ones of any other text to be
    next to impossible. What stood once is what was new: the idea of Good 1953's estimate of the unseen.
    """
    if not rate:
        return None
    heard = np.arange(size)
    heard[(count_ids(ids, size) == 1) & (rng.random(size) < rate)] = UNKNOWN
    return heard


def _begin_anew(state: State, rows: NDArray[np.bool_]) -> State:
    """Zero the state of these rows (N,), so that the network learns to begin (Melis et al. 2018)."""
    if not rows.any():
        return state
    kept = nd.array(~rows[:, None])
    return [[nd.broadcast_mul(part, kept) for part in parts] for parts in state]


def _blanked(batch: Batch, rng: np.random.Generator) -> Batch:
    """Some characters read as unknown, so that a text may have several blanks (as in Devlin et al. 2019)."""
    stretch = np.concatenate([batch.x[:1], batch.y])
    stretch = np.where(rng.random(stretch.shape) < BLANK_RATE, UNKNOWN, stretch)
    return Batch(stretch[:-1], stretch[1:])


def _backward(network: Network, batch: Batch, labels: Ids, state: State, masks: Masks) -> tuple[float, State]:
    """Leave the gradient of a minibatch's summed loss in the network; returns that loss and the state to carry on."""
    if not labels.size:  # there are fewer rows than workers
        network.gradient[:] = 0
        return 0.0, state
    with mx.autograd.record():
        logits, state = network.forward(batch.x, detach(state), masks, batch.y)
    loss, gradient = loss_gradient(logits, labels)
    logits.backward(gradient)
    return float(loss.asscalar()), state


def evaluate(network: Network, ids: Ids) -> tuple[float, int]:
    """Summed nats of every character after the first, the state carried through the text, and their count.

    A long text is read in up to 32 rows side by side, each of at least 4,096 characters and each from a zero state;
    the error this makes at the rows' beginnings is below what the fourth digit shows. A bidirectional network reads at
    least ``READ_AHEAD`` characters behind each that it predicts.
    """
    pairs = len(ids) - 1
    rows = min(32, max(1, pairs // 4096))
    width = pairs // rows
    starts = np.arange(rows) * width
    total, state = 0.0, network.initial_state(rows)
    steps = max(1, _EVALUATED_AT_ONCE // rows) if not network.config.bidirectional else READ_AHEAD
    for first in range(0, width, steps):
        index = starts + np.arange(first, min(first + steps, width))[:, None]
        loss, state = _loss(network, ids, index, state)
        total += loss
    rest = np.arange(rows * width, pairs)[:, None]  # less than ``rows`` characters, after the last row
    if len(rest):
        last = [[part[:, -1:] for part in parts] for parts in state]
        total += _loss(network, ids, rest, last)[0]
    return total, pairs


def _loss(network: Network, ids: Ids, index: Ids, state: State) -> tuple[float, State]:
    count = min(len(index) + READ_AHEAD, len(ids) - 1 - int(index[0].max()))
    following = ids[index[0] + np.arange(1, count + 1)[:, None]] if network.config.bidirectional else None
    logits, state = network.forward(ids[index], state, following=following)
    return float(cross_entropy(logits, ids[index + 1]).asscalar()), state
