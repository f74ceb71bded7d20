"""Watch whether all processes of a cluster are alive: the parameter server would wait for a lost one for ever.

The scheduler listens on the port after its own; everybody else keeps a connection to it open. A connection that ends
without a farewell means that its process, or its host, is lost; then the scheduler ends all the others. Both sides
prove that they know the cluster's token (HMAC challenges of ``multiprocessing.connection``); strangers are ignored.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener, answer_challenge, deliver_challenge
from typing import Any

from lyricgen.errors import EngineError, OptionError, describe

TOKEN = "LYRICGEN_TOKEN"  # the same for all processes of a cluster
_FAREWELL = b"."
_JOIN_SECONDS = 60.0  # to wait for the scheduler
_LOST = b"Error: another process of this training has ended, so this one ends, too; --resume continues\n"
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}  # a silent host is lost after 20 seconds


def address() -> tuple[str, int]:
    """Return where the scheduler listens; OptionError if ``DMLC_PS_ROOT_PORT`` is not a port, or has none after it."""
    port = os.environ["DMLC_PS_ROOT_PORT"]
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65535):
        raise OptionError(f"--kvstore: DMLC_PS_ROOT_PORT is {port!r}; it must be a number from 1 to 65534")
    return os.environ["DMLC_PS_ROOT_URI"], int(port) + 1


def serve() -> None:
    """Listen in a thread of the scheduler; EngineError if one of the two ports is taken."""
    host, port = address()
    _listen(host, port - 1).close()  # the parameter server would end with a core dump
    members: list[Any] = []
    threading.Thread(target=_accept, args=(_listen(host, port), members), daemon=True).start()


def _listen(host: str, port: int) -> Listener:
    try:
        return Listener((host, port), backlog=256)
    except OSError as error:
        raise EngineError(f"the scheduler cannot listen at {host}:{port}: {describe(error)}") from error


def _accept(listener: Listener, members: list[Any]) -> None:
    while True:
        with suppress(OSError):
            threading.Thread(target=_attend, args=(listener.accept(), members), daemon=True).start()


def _attend(peer: Any, members: list[Any]) -> None:
    """Wait for a member's farewell; without one, end all processes."""
    try:
        deliver_challenge(peer, _token())
        answer_challenge(peer, _token())
        _keep_alive(peer)
    except (AuthenticationError, OSError, EOFError):
        peer.close()
        return
    members.append(peer)
    if _received(peer) != _FAREWELL:
        for member in members:
            member.close()
        os._exit(1)


class Watch:
    """A connection to the scheduler, whose end ends this process."""

    def __init__(self, *, silent: bool = False) -> None:
        self._stderr = None if silent else os.dup(2)  # this process may be silenced later
        self._peer = _connect()
        self._left = False
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        _received(self._peer)
        if not self._left:
            if self._stderr is not None:
                os.write(self._stderr, _LOST)
            os._exit(1)

    def leave(self) -> None:
        """Say farewell."""
        self._left = True
        with suppress(OSError):  # the scheduler may have ended already
            self._peer.send_bytes(_FAREWELL)


def _connect() -> Any:
    end, where = time.monotonic() + _JOIN_SECONDS, address()
    shown = "{}:{}".format(*where)
    while True:
        try:
            peer = Client(where, authkey=_token())
            break
        except AuthenticationError as error:
            raise EngineError(f"the scheduler at {shown} refuses this process: give all the same {TOKEN}") from error
        except (OSError, EOFError) as error:
            if time.monotonic() > end:
                raise EngineError(f"no scheduler answers at {shown}: {describe(error)}") from error
        time.sleep(0.1)
    _keep_alive(peer)
    return peer


def _token() -> bytes:
    return os.fsencode(os.environ.get(TOKEN, ""))


def _keep_alive(peer: Any) -> None:
    with socket.socket(fileno=os.dup(peer.fileno())) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):  # Linux
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _received(peer: Any) -> bytes:
    """Receive a message; empty if the connection ends or breaks first."""
    try:
        message: bytes = peer.recv_bytes(64)
        return message
    except (OSError, EOFError):
        return b""
