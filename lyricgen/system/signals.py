"""Ctrl-C and SIGTERM: asked once, a training ends where it can go on again; asked twice, at once.

Everything else ends at once and leaves nothing behind: both raise KeyboardInterrupt.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_BREAK: tuple[signal.Signals, ...] = ()
if sys.platform == "win32":
    _BREAK = (signal.SIGBREAK,)  # Ctrl-Break, or the window is closed
_BOTH = (signal.SIGINT, signal.SIGTERM, *_BREAK)


class Terminated(KeyboardInterrupt):
    """SIGTERM was sent."""


def raise_when_terminated() -> None:
    """Let SIGTERM unwind this process as Ctrl-C does, so that unfinished files are removed."""
    for number in (signal.SIGTERM, *_BREAK):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise)


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


def exit_status(error: KeyboardInterrupt) -> int:
    """Return the status of a process that ends with this error: 130, or 143."""
    return 128 + (signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT)


@contextmanager
def caught() -> Iterator[list[int]]:
    """Collect the numbers of these signals in a list while the block runs; a second one ends the process there.

    Files are only ever replaced whole, so even that leaves none of them broken. What the caller of this process ignores
    stays ignored.
    """
    numbers: list[int] = []

    def catch(number: int, _frame: FrameType | None) -> None:
        if not numbers:
            numbers.append(number)

    with _handled(catch), _second_ends():
        yield numbers


@contextmanager
def immediate() -> Iterator[None]:
    """Let the system end this process at a signal: no Python handler runs while a library waits for others."""
    with _handled(signal.SIG_DFL):
        yield


@contextmanager
def held() -> Iterator[None]:
    """Defer these signals until the block ends: an exception within an import leaves a library half loaded."""
    if threading.current_thread() is not threading.main_thread():  # no other thread hears them
        yield
        return
    numbers: list[int] = []
    with _handled(lambda number, _frame: numbers.append(number)):
        yield
    for number in numbers[:1]:
        signal.raise_signal(number)


@contextmanager
def _handled(handler: Any) -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in _BOTH}
    heard = [number for number in _BOTH if kept[number] is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, kept[number])


@contextmanager
def _second_ends() -> Iterator[None]:
    """End the process at its second signal, even within a call that runs no handler."""
    told, teller = socket.socketpair()
    teller.setblocking(False)
    kept = signal.set_wakeup_fd(teller.fileno(), warn_on_full_buffer=False)
    listener = threading.Thread(target=_end_at_second, args=(told,), daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(kept)
        teller.close()
        listener.join()
        told.close()


def _end_at_second(told: socket.socket) -> None:
    count = 0
    while data := told.recv(1):
        count += data[0] in _BOTH
        if count == 2:
            os._exit(128 + data[0])
