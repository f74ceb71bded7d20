"""Ids -> minibatches (x, y) of shape (T, N), time first; y is x one character on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lyricgen.text.vocabulary import UNKNOWN, Ids, count_ids

BLANK_RATE = 0.1  # share of the characters that a bidirectional network reads as unknown


class Batch(NamedTuple):
    """``x`` and ``y``, both (T, N)."""

    x: Ids
    y: Ids


class Shape(NamedTuple):
    """The shape of whole minibatches: N rows of T characters."""

    batch_size: int
    steps: int

    @property
    def characters(self) -> int:
        """T · N."""
        return self.batch_size * self.steps


def fit(length: int, *, batch_size: int, steps: int) -> Shape:
    """The largest shape, at most the one asked for, that a text of ``length`` characters can fill."""
    steps = min(steps, length - 1)
    return Shape(max(1, min(batch_size, length // (steps + 1))), steps)


def random_batches(
    ids: Ids, *, batch_size: int, steps: int, rng: np.random.Generator, offset: int = 0
) -> Iterator[Batch]:
    """Stretches of ``steps`` characters from a grid that begins at ``offset``, each once, in random order.

    The last minibatch may have fewer rows. What lies before the offset or after the last whole stretch (less than
    ``steps`` characters each) is left to an epoch with another offset.
    """
    count = (len(ids) - 1 - offset) // steps
    starts = offset + steps * rng.permutation(count)
    time = np.arange(steps)[:, None]
    for first in range(0, count, batch_size):
        index = starts[first : first + batch_size] + time
        yield Batch(ids[index], ids[index + 1])


def consecutive_batches(ids: Ids, *, batch_size: int, steps: int, offset: int = 0) -> Iterator[Batch]:
    """The text from ``offset`` on cut into ``batch_size`` rows; row n goes on where row n of the last minibatch ended.

    The last minibatch may have fewer steps. Less than ``batch_size`` characters at the end are left to an epoch with
    another offset.
    """
    width = (len(ids) - offset) // batch_size
    rows = ids[offset : offset + width * batch_size].reshape(batch_size, width).T
    for first in range(0, width - 1, steps):
        last = min(first + steps, width - 1)
        yield Batch(rows[first:last], rows[first + 1 : last + 1])


def sampled_batches(
    ids: Ids, shape: Shape, *, sampling: str, rng: np.random.Generator, offset: int = 0
) -> Iterator[Batch]:
    """Random or consecutive minibatches of a text (T,)."""
    batch_size, steps = shape
    if sampling == "random":
        return random_batches(ids, batch_size=batch_size, steps=steps, rng=rng, offset=offset)
    return consecutive_batches(ids, batch_size=batch_size, steps=steps, offset=offset)


def count_batches(length: int, shape: Shape, *, sampling: str) -> int:
    """The number of minibatches of a text of ``length`` characters, from offset 0."""
    batch_size, steps = shape
    if sampling == "random":
        return math.ceil((length - 1) // steps / batch_size)
    return math.ceil((length // batch_size - 1) / steps)


def epoch_batches(
    ids: Ids,
    shape: Shape,
    *,
    sampling: str,
    rng: np.random.Generator,
    vocabulary_size: int = 0,
    unknown_rate: float | None = None,
) -> Iterator[Batch]:
    """One epoch's minibatches, with rare characters hidden.

    They begin at an offset drawn from ``rng``, so that the grid itself is not learnt.
    """
    remap = _hide_rare(ids, vocabulary_size, unknown_rate, rng)
    batch_size, steps = shape
    spare = len(ids) - batch_size * (steps + 1) if sampling == "consecutive" else len(ids) - 1 - steps
    offset = int(rng.integers(min(steps, spare + 1)))
    batches = sampled_batches(ids, shape, sampling=sampling, rng=rng, offset=offset)
    return batches if remap is None else (Batch(remap[x], remap[y]) for x, y in batches)


def _hide_rare(ids: Ids, size: int, rate: float | None, rng: np.random.Generator) -> Ids | None:
    """Id -> id (V,): that share of the characters that occur once in the text becomes unknown. None: nothing changes.

    Otherwise no training text has an unknown character, and a model gives new characters almost no probability. What
    occurred once was new when it came: the idea of Good 1953's estimate of the unseen.
    """
    if not rate:
        return None
    remap = np.arange(size)
    remap[(count_ids(ids, size) == 1) & (rng.random(size) < rate)] = UNKNOWN
    return remap


def blank(batch: Batch, rng: np.random.Generator) -> Batch:
    """Some characters read as unknown, so that a text may have several blanks (as in Devlin et al. 2019)."""
    text = np.concatenate([batch.x[:1], batch.y])
    text = np.where(rng.random(text.shape) < BLANK_RATE, UNKNOWN, text)
    return Batch(text[:-1], text[1:])
