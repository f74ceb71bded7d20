"""Several workers that train one model, data parallel, over MXNet's parameter server.

Each worker has every ``workers``-th row of a minibatch; the gradient is the sum over all of them, so that N workers
take the step that one would take with the whole minibatch, up to float rounding (the order of the sum). Weights,
moments and random numbers are the same everywhere, and never sent.
"""

from __future__ import annotations

import os
from typing import Any

from lyricgen.engine.runtime import NDArray, mx, nd
from lyricgen.engine.watch import WATCHED, Watch
from lyricgen.errors import EngineError, OptionError


class Cluster:
    """The place of this process among the workers; alone by default."""

    def __init__(self, store: Any = None, watch: Watch | None = None) -> None:
        self._store = store
        self._watch = watch
        self.rank: int = store.rank if store else 0
        self.workers: int = store.num_workers if store else 1
        self._known: set[str] = set()

    @property
    def rows(self) -> slice:
        """The rows of a minibatch that this worker has."""
        return slice(self.rank, None, self.workers)

    def total(self, gradient: NDArray, loss: float) -> float:
        """Sum the gradient (P,) over all workers, in place; returns the summed loss."""
        if self._store is None:
            return loss
        losses = nd.array([loss])
        self._sum(gradient)
        self._sum(losses)
        return float(losses.asscalar())

    def leave(self) -> None:
        """The training is done; without a farewell the others take this process for lost."""
        if self._watch:
            self._watch.leave()

    def _sum(self, values: NDArray) -> None:
        key = str(values.size)  # the server keeps an array of one size under each
        if key not in self._known:
            self._store.init(key, nd.zeros_like(values))
            self._known.add(key)
        # What is pushed serves as the buffer of what is pulled, so both are the same array.
        self._store.push(key, values)
        self._store.pull(key, out=values)
        values.wait_to_read()


ALONE = Cluster()


def join() -> Cluster:
    """Join the workers that the ``DMLC_*`` variables describe, and wait for all of them.

    Raises
    ------
    OptionError
        There are no such variables.
    EngineError
        This MXNet has no parameter server.
    """
    missing = [name for name in ("DMLC_ROLE", "DMLC_PS_ROOT_URI", "DMLC_PS_ROOT_PORT") if name not in os.environ]
    if missing:
        raise OptionError(f"--kvstore: {missing[0]} is not set; a launcher sets it, or --workers N does it all here")
    try:
        store = mx.kv.create("dist_sync")
    except mx.base.MXNetError as error:
        raise EngineError(f"this MXNet cannot join a cluster: {str(error).splitlines()[-1]}") from error
    return Cluster(store, None if os.environ.get(WATCHED) else Watch())
