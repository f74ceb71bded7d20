"""Whether all of a cluster are still there: the parameter server itself would wait for a lost worker for ever.

The scheduler listens on the port after its own, everybody else keeps a connection to it open. A connection that ends
without a farewell means that its process has ended, or its host; then the scheduler ends all the others. Whoever
connects first proves that it knows the token of the cluster (RFC 2104, over a number that is used once); nobody else
is listened to.
"""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import threading
import time
from contextlib import suppress

from lyricgen.errors import EngineError, OptionError, describe

TOKEN = "LYRICGEN_TOKEN"  # the same for all processes of a cluster
_WELCOME, _FAREWELL = b"+", b"."
_NONCE, _DIGEST = 16, 32  # bytes
_JOIN = 60.0  # seconds to wait for the scheduler
_PROVE = 10.0  # seconds to prove that one belongs here
_LOST = b"Error: another process of this training has ended, so this one ends, too; --resume continues\n"
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}  # a silent host is lost after 20 seconds


def address() -> tuple[str, int]:
    """Where the scheduler listens for those who are to be watched.

    Raises
    ------
    OptionError
        The port in ``DMLC_PS_ROOT_PORT`` is none, or has none after it.
    """
    port = os.environ["DMLC_PS_ROOT_PORT"]
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65535):
        raise OptionError(f"--kvstore: DMLC_PS_ROOT_PORT is {port!r}; it must be a number from 1 to 65534")
    return os.environ["DMLC_PS_ROOT_URI"], int(port) + 1


def serve() -> None:
    """Listen, in a thread of the scheduler's; EngineError if one of the two ports is taken."""
    host, port = address()
    _listen(host, port - 1).close()  # the parameter server would end with a core dump
    listener = _listen(host, port)
    peers: list[socket.socket] = []
    threading.Thread(target=_accept, args=(listener, peers), daemon=True).start()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=256)
    except OSError as error:
        words = describe(error).partition(" (while")[0]  # Python repeats the address
        raise EngineError(f"the scheduler cannot listen at {host}:{port}: {words}") from error


def _accept(listener: socket.socket, peers: list[socket.socket]) -> None:
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=_attend, args=(peer, peers), daemon=True).start()


def _attend(peer: socket.socket, peers: list[socket.socket]) -> None:
    """Wait for a member's farewell; without one, end all."""
    if not _is_member(peer):
        peer.close()
        return
    peers.append(peer)
    if _received(peer, 1) == _FAREWELL:
        return
    for other in peers:
        other.close()
    os._exit(1)


def _is_member(peer: socket.socket) -> bool:
    nonce = secrets.token_bytes(_NONCE)
    try:
        peer.settimeout(_PROVE)
        peer.sendall(nonce)
        if not hmac.compare_digest(_received(peer, _DIGEST), _proof(nonce)):
            return False
        peer.sendall(_WELCOME)
        _keep_alive(peer)
    except OSError:
        return False
    return True


def _proof(nonce: bytes) -> bytes:
    return hmac.digest(os.environ.get(TOKEN, "").encode("utf-8", "surrogateescape"), nonce, "sha256")


class Watch:
    """A connection to the scheduler, whose end ends this process."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._voice = os.dup(2)  # this process may be silenced later
        self._peer = _connect()
        self._left = False
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        _received(self._peer, 1)
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
    host, port = address()
    while True:
        try:
            peer = socket.create_connection((host, port), timeout=5)
        except OSError as error:
            if time.monotonic() > end:
                raise EngineError(f"no scheduler answers at {host}:{port}: {describe(error)}") from error
            time.sleep(0.1)
            continue
        try:
            peer.settimeout(_PROVE)
            peer.sendall(_proof(_received(peer, _NONCE)))
            if _received(peer, 1) == _WELCOME:
                _keep_alive(peer)
                return peer
        except OSError:
            pass
        raise EngineError(f"the scheduler at {host}:{port} does not let this process in: give all the same {TOKEN}")


def _keep_alive(peer: socket.socket) -> None:
    peer.settimeout(None)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # Linux
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _received(peer: socket.socket, count: int) -> bytes:
    """So many bytes; fewer if the connection ends or breaks before."""
    data = b""
    try:
        while len(data) < count and (more := peer.recv(count - len(data))):
            data += more
    except OSError:
        return data
    return data
