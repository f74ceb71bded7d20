"""Several workers that train one model, data parallel.

Each has every ``workers``-th row of a minibatch; the gradient is the sum over all of them, so that N workers take the
step that one would take alone, up to float rounding. Weights, moments and random numbers are never sent.
"""

from __future__ import annotations

import atexit
import dataclasses
import hashlib
import json
import os
import time
from typing import Any

import numpy as np

from lyricgen import __version__
from lyricgen.config import flag
from lyricgen.engine import watch
from lyricgen.engine.engines import has_mxnet
from lyricgen.errors import OptionError
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.parameters import Floats
from lyricgen.system import signals

MAX_WORKERS = 256
_FACTS = 8192  # bytes in which a worker tells how it was started
_GRACE = 1.0  # seconds for the first worker, the only one that speaks, to say why all end


class Cluster:
    """The place of this process among the workers of a ``Store``; alone by default."""

    def __init__(self, store: Any = None) -> None:
        self._store = store
        self.rank: int = store.rank if store else 0
        self.workers: int = store.workers if store else 1

    @property
    def rows(self) -> slice:
        """The rows of a minibatch that this worker has."""
        return slice(self.rank, None, self.workers)

    def total(self, gradient: Floats, loss: float) -> float:
        """Sum the gradient (P,) over all workers, in place, and return the summed loss."""
        if self._store is None:
            return loss
        losses = np.array([loss], np.float32)
        for values in (gradient, losses):
            self._store.add_up(values)
        return float(losses[0])

    def check_alike(self, start: Checkpoint, engine: str) -> None:
        """Raise OptionError in every worker if one was started differently: it would train another model, or wait."""
        if self._store is None:
            return
        everybody = np.zeros((self.workers, _FACTS), np.float32)
        mine = np.frombuffer(json.dumps({"--engine": engine, **_facts(start)}).encode(), np.uint8)
        everybody[self.rank, : len(mine)] = mine
        with signals.immediate():  # it waits for the slowest of them
            self._store.add_up(everybody.reshape(-1))
        first, *others = (json.loads(bytes(row).rstrip(b"\0")) for row in everybody.astype(np.uint8))
        for number, other in enumerate(others, 2):
            name = next((name for name in first if other.get(name) != first[name]), None)
            if name:
                self.leave()
                if self.rank:
                    time.sleep(_GRACE)
                shown = f"{name} {other.get(name)}, the first one with {first[name]}"
                raise OptionError(f"--kvstore: worker {number} was started with {shown}: start all alike")

    def leave(self) -> None:
        """Say that the training is done."""
        if self._store:
            self._store.leave()


def _facts(start: Checkpoint) -> dict[str, Any]:
    """Return all facts that must be the same for all workers; large ones as a digest."""
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
    """Join the other workers; only the first one prints. A scheduler or a server serves, and does not return.

    OptionError if MXNet is not installed or the ``DMLC_*`` variables are wrong, EngineError if nobody can be joined.
    """
    if not has_mxnet():
        raise OptionError("--kvstore: the parameter server is MXNet's, which is not installed here")
    role = _check_variables()
    if role != "worker":
        os.environ.setdefault("MXNET_ENGINE_TYPE", "ThreadedEnginePerDevice")  # the naive one serves one at a time
    with signals.immediate():
        if role == "scheduler":
            watch.serve()
        elif role == "server":
            atexit.register(watch.Watch(silent=True).leave)
        from lyricgen.engine.mxnet.store import Store  # a scheduler and a server serve within this import

        cluster = Cluster(Store())
    for stream in (1, 2) if cluster.rank else ():
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    return cluster


def _check_variables() -> str:
    """Return the role of this process; OptionError for variables on which the parameter server would fail."""
    for name in ("DMLC_ROLE", "DMLC_PS_ROOT_URI", "DMLC_PS_ROOT_PORT", "DMLC_NUM_SERVER", "DMLC_NUM_WORKER"):
        value = os.environ.get(name, "")
        if not value:
            raise OptionError(f"--kvstore: {name} is not set (lyricgen/engine/README.md lists all five)")
        if "_NUM_" in name and not (value.isascii() and value.isdecimal() and 0 < int(value) <= MAX_WORKERS):
            raise OptionError(f"--kvstore: {name} is {value!r}; it must be a number from 1 to {MAX_WORKERS}")
    watch.address()
    role = os.environ["DMLC_ROLE"]
    if role not in ("scheduler", "server", "worker"):
        raise OptionError(f"--kvstore: DMLC_ROLE is {role!r}; it must be scheduler, server or worker")
    return role
