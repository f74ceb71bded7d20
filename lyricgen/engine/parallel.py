"""A network in several threads, each of which computes its own rows of every minibatch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from lyricgen.engine.network import Minibatch, Network
from lyricgen.engine.pool import Pool
from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import Ids

_FEWEST_ROWS = 4  # of a minibatch, for a thread of its own
_BLAS = ThreadpoolController()
_BLOCK = 2**16  # parameters


class Parallel(Network):
    """Several networks over one vector of parameters, as one; their gradients are summed, always in the same order."""

    def __init__(self, networks: Sequence[Network], pool: Pool) -> None:
        super().__init__(networks[0].config, networks[0].vocabulary_size, networks[0].vector)
        self.gradient = networks[0].gradient
        self._networks = networks
        self._pool = pool

    def backward(self, minibatch: Minibatch, state: Floats) -> tuple[float, Floats]:
        parts = self._rows(minibatch.labels.shape[1])

        def compute(number: int) -> tuple[float, Floats]:
            rows = parts[number]
            with _silent():
                return self._networks[number].backward(minibatch.of_rows(rows), state[:, :, rows])

        with self._blas(len(parts)):
            done = self._pool.map(compute, range(len(parts)))
        self._sum([network.gradient for network in self._networks[1 : len(parts)]])
        return sum(loss for loss, _ in done), np.concatenate([after for _, after in done], axis=2)

    def _sum(self, others: Sequence[Floats]) -> None:
        """Add the gradients of the other networks to that of the first, in place."""

        def add(block: slice) -> None:
            for other in others:
                self.gradient[block] += other[block]

        self._pool.each_block(add, self.gradient.size if others else 0, _BLOCK)

    def nats(self, ids: Ids, labels: Ids, state: Floats, following: Ids | None = None) -> tuple[Floats, Floats]:
        parts = self._rows(ids.shape[1])

        def compute(number: int) -> tuple[Floats, Floats]:
            rows = parts[number]
            behind = None if following is None else following[:, rows]
            with _silent():
                return self._networks[number].nats(ids[:, rows], labels[:, rows], state[:, :, rows], behind)

        with self._blas(len(parts)):
            nats, after = zip(*self._pool.map(compute, range(len(parts))))
        return np.concatenate(nats, axis=1), np.concatenate(after, axis=2)

    def _blas(self, parts: int) -> Any:
        """Limit BLAS to the threads that are left for each part of a minibatch."""
        return _BLAS.limit(limits=max(1, self._pool.threads // parts), user_api="blas")

    def _rows(self, count: int) -> list[slice]:
        return self._pool.parts(count, multiple=min(_FEWEST_ROWS, count))


def _silent() -> Any:
    """Suppress warnings in this thread: the loss shows whether a training diverges."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")
