"""Ctrl-C and SIGTERM: asked once, a training ends where it can go on again; asked twice, at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def caught() -> Iterator[list[int]]:
    """Collect the numbers of these signals in a list while the block runs; a second one ends the process there.

    Files are only ever replaced whole, so even that leaves none of them broken.
    """
    numbers: list[int] = []

    def catch(number: int, _frame: FrameType | None) -> None:
        if numbers:
            os._exit(128 + number)
        numbers.append(number)

    kept = {number: signal.signal(number, catch) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield numbers
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
