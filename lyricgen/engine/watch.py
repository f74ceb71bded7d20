"""Whether all of a cluster are still there: the parameter server itself would wait for a lost worker for ever.

The scheduler listens on the port after its own, everybody else keeps a connection to it open. A connection that ends
without a farewell means that its process has ended, or its host; then the scheduler ends all the others.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress

from lyricgen.errors import EngineError, describe

WATCHED = "LYRICGEN_WATCHED"  # set by who starts all the processes and watches them himself
_FAREWELL = b"."
_JOIN = 60.0  # seconds to wait for the scheduler
_LOST = b"Error: another process of this training has ended, so this one ends, too; --resume continues\n"
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}  # a silent host is lost after 20 seconds


def address() -> tuple[str, int]:
    """Where the scheduler listens."""
    return os.environ["DMLC_PS_ROOT_URI"], int(os.environ["DMLC_PS_ROOT_PORT"]) + 1


def serve() -> None:
    """Listen, in a thread of the scheduler's."""
    listener = socket.create_server(("", address()[1]), backlog=256)
    peers: list[socket.socket] = []
    threading.Thread(target=_accept, args=(listener, peers), daemon=True).start()


def _accept(listener: socket.socket, peers: list[socket.socket]) -> None:
    while True:
        peer, _ = listener.accept()
        _keep_alive(peer)
        peers.append(peer)
        threading.Thread(target=_wait_for_farewell, args=(peer, peers), daemon=True).start()


def _wait_for_farewell(peer: socket.socket, peers: list[socket.socket]) -> None:
    if _received(peer) == _FAREWELL:
        return
    for other in peers:
        other.close()
    os._exit(1)


class Watch:
    """A connection to the scheduler, whose end ends this process."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._voice = os.dup(2)  # this process may be silenced later
        self._peer = _connect()
        self._left = False
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        _received(self._peer)
        if not self._left:
            if not self._silent:
                os.write(self._voice, _LOST)
            os._exit(1)

    def leave(self) -> None:
        """Say farewell."""
        self._left = True
        with suppress(OSError):  # the scheduler may have gone home already
            self._peer.sendall(_FAREWELL)


def _connect() -> socket.socket:
    end = time.monotonic() + _JOIN
    while True:
        try:
            peer = socket.create_connection(address(), timeout=5)
        except OSError as error:
            if time.monotonic() > end:
                host, port = address()
                raise EngineError(f"no scheduler answers at {host}:{port}: {describe(error)}") from error
            time.sleep(0.1)
            continue
        peer.settimeout(None)
        _keep_alive(peer)
        return peer


def _keep_alive(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # Linux
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _received(peer: socket.socket) -> bytes:
    try:
        return peer.recv(1)
    except OSError:
        return b""
