"""Threads that compute side by side: NumPy and BLAS release Python's lock while they compute."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Pool:
    """A number of threads, including the caller's; one by default."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._others = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def map(self, function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
        """Return the function's result for each item; best with at most as many items as threads."""
        if self._others is None:
            return [function(item) for item in items]
        others = [self._others.submit(function, item) for item in items[1:]]
        return [*map(function, items[:1]), *(other.result() for other in others)]

    def each_block(self, function: Callable[[slice], object], length: int, block: int) -> None:
        """Call the function for every block of 0 … ``length``; each thread has consecutive blocks."""

        def run(part: slice) -> None:
            for first in range(part.start, part.stop, block):
                function(slice(first, min(first + block, part.stop)))

        self.map(run, self.parts(length, multiple=block))

    def parts(self, length: int, *, multiple: int = 1) -> list[slice]:
        """Split 0 … ``length`` into a slice for each thread, each but the last a multiple of ``multiple`` long."""
        blocks = -(-length // multiple)
        ends = [min(length, multiple * (blocks * number // self.threads)) for number in range(self.threads + 1)]
        return [slice(begin, end) for begin, end in zip(ends, ends[1:]) if begin < end]


ALONE = Pool()
