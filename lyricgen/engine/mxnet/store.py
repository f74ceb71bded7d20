"""MXNet's parameter server, on which the workers of a training sum their gradients."""

from __future__ import annotations

from typing import Any

from lyricgen.engine.mxnet.runtime import mx, nd
from lyricgen.engine.watch import Watch
from lyricgen.errors import EngineError
from lyricgen.model.parameters import Floats


class Store:
    """One of the workers that the ``DMLC_*`` variables describe: this process. Waits for all of them."""

    def __init__(self) -> None:
        """Join the cluster; EngineError if this MXNet has no parameter server."""
        self._watch = Watch()
        try:
            self._server: Any = mx.kv.create("dist_sync")
        except mx.base.MXNetError as error:
            raise EngineError(f"this MXNet cannot join a cluster: {str(error).splitlines()[-1]}") from error
        self.rank: int = self._server.rank
        self.workers: int = self._server.num_workers
        self._known: set[str] = set()

    def add_up(self, values: Floats) -> None:
        """Replace values (n,) by their sum over all workers."""
        key = str(values.size)  # the server keeps an array of one size under each
        mine = nd.from_numpy(values[:], zero_copy=True)
        if key not in self._known:
            self._server.init(key, nd.zeros_like(mine))
            self._known.add(key)
        # What is pushed serves as the buffer of what is pulled, so both are the same array.
        self._server.push(key, mine)
        self._server.pull(key, out=mine)
        mine.wait_to_read()

    def leave(self) -> None:
        """Say farewell; without it the other processes would take this one for lost."""
        self._watch.leave()
