"""Several workers that train one model, data parallel, over MXNet's parameter server.

Each worker has every ``workers``-th row of a minibatch; the gradient is the sum over all of them, so that N workers
take the step that one would take with the whole minibatch, up to float rounding (the order of the sum). Weights,
moments and random numbers are the same everywhere, and never sent.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from typing import Any

import numpy as np

from lyricgen import __version__, signals
from lyricgen.config import flag
from lyricgen.engine.runtime import NDArray, mx, nd
from lyricgen.engine.watch import WATCHED, Watch
from lyricgen.errors import EngineError, OptionError
from lyricgen.model.checkpoint import Checkpoint

_FACTS = 8192  # bytes in which a worker tells how it was started
_LAST_WORDS = 1.0  # seconds for the first worker, the only one that speaks, to say why all end


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

    def check_alike(self, start: Checkpoint) -> None:
        """OptionError in every worker if one was started otherwise than the first: it would train apart, or wait."""
        if self._store is None:
            return
        everybody = nd.zeros((self.workers, _FACTS))
        mine = np.frombuffer(json.dumps(_facts(start)).encode(), np.uint8)
        everybody[self.rank, : len(mine)] = nd.array(mine)
        with signals.immediate():  # it waits for the slowest of them
            self._sum(everybody)
        first, *others = (json.loads(bytes(row).rstrip(b"\0")) for row in everybody.asnumpy().astype(np.uint8))
        for number, other in enumerate(others, 2):
            name = next((name for name in first if other.get(name) != first[name]), None)
            if name:
                self.leave()
                if self.rank:
                    time.sleep(_LAST_WORDS)
                shown = f"{name} {other.get(name)}, the first one with {first[name]}"
                raise OptionError(f"--kvstore: worker {number} was started with {shown}: start all alike")

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


def _facts(start: Checkpoint) -> dict[str, Any]:
    """All that must be the same everywhere; what is large as a digest."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(start.parameters):
        digest.update(np.ascontiguousarray(start.parameters[name]).data)
    options = {**dataclasses.asdict(start.model), **dataclasses.asdict(start.train)}
    return {
        "lyricgen": __version__,
        **{flag(name): value for name, value in options.items()},
        "the dataset": start.dataset[:16],
        "the epochs done": start.progress.epoch,
        "the steps done": start.progress.step,
        "the weights": digest.hexdigest(),
    }


ALONE = Cluster()


def join() -> Cluster:
    """Join the workers that the ``DMLC_*`` variables describe, and wait for all of them.

    Raises
    ------
    EngineError
        This MXNet has no parameter server.
    """
    watch = None if os.environ.get(WATCHED) else Watch()
    try:
        store = mx.kv.create("dist_sync")
    except mx.base.MXNetError as error:
        raise EngineError(f"this MXNet cannot join a cluster: {str(error).splitlines()[-1]}") from error
    return Cluster(store, watch)
