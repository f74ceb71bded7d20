"""Ids -> minibatches (x, y) of shape (T, N), time first; y is x one character on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lyricgen.text.vocabulary import Ids


class Batch(NamedTuple):
    """``x`` and ``y``, both (T, N)."""

    x: Ids
    y: Ids


def fit(length: int, *, batch_size: int, steps: int) -> tuple[int, int]:
    """The largest (batch size, steps), at most those asked for, that a text of ``length`` characters can fill."""
    steps = min(steps, length - 1)
    return max(1, min(batch_size, length // (steps + 1))), steps


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


def epoch_batches(ids: Ids, *, sampling: str, batch_size: int, steps: int, rng: np.random.Generator) -> Iterator[Batch]:
    """One epoch's minibatches with an offset drawn from ``rng``, so that the grid itself is not learnt."""
    batch_size, steps = fit(len(ids), batch_size=batch_size, steps=steps)
    spare = len(ids) - batch_size * (steps + 1) if sampling == "consecutive" else len(ids) - 1 - steps
    offset = int(rng.integers(min(steps, spare + 1)))
    if sampling == "random":
        return random_batches(ids, batch_size=batch_size, steps=steps, rng=rng, offset=offset)
    return consecutive_batches(ids, batch_size=batch_size, steps=steps, offset=offset)
