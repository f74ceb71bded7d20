"""The processes of a cluster: what role this one has, and all of them on one machine, which end together."""

from __future__ import annotations

import atexit
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from lyricgen import processes, signals, threads
from lyricgen.engine import watch
from lyricgen.errors import OptionError, WorkerError

if TYPE_CHECKING:
    from lyricgen.engine.cluster import Cluster

MOST_WORKERS = 256
_PATIENCE = 10.0  # seconds for scheduler and server to end after the workers
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def join() -> Cluster:
    """Join the other workers; only the first one speaks. A scheduler or a server serves, and does not return.

    Raises
    ------
    OptionError
        The ``DMLC_*`` variables describe no cluster.
    EngineError
        The scheduler cannot listen, or does not answer; this MXNet has no parameter server.
    """
    _check_server()
    role = _check_variables()
    if role != "worker":
        os.environ.setdefault("MXNET_ENGINE_TYPE", "ThreadedEnginePerDevice")  # the naive one serves one at a time
    with signals.immediate():
        if not os.environ.get(watch.WATCHED):
            if role == "scheduler":
                watch.serve()
            elif role == "server":
                atexit.register(watch.Watch(silent=True).leave)
        from lyricgen.engine import cluster

        joined = cluster.join()
    if joined.rank:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    return joined


def _check_server() -> None:
    from lyricgen.engine.engines import has_mxnet

    if not has_mxnet():
        raise OptionError("--workers, --kvstore: the parameter server is MXNet's, which is not installed here")


def _check_variables() -> str:
    """The role of this process; OptionError for variables that the parameter server would fail at."""
    for name in ("DMLC_ROLE", "DMLC_PS_ROOT_URI", "DMLC_PS_ROOT_PORT", "DMLC_NUM_SERVER", "DMLC_NUM_WORKER"):
        value = os.environ.get(name, "")
        if not value:
            raise OptionError(f"--kvstore: {name} is not set; a launcher sets it, or --workers N does it all here")
        if "_NUM_" in name and not (value.isascii() and value.isdecimal() and 0 < int(value) <= MOST_WORKERS):
            raise OptionError(f"--kvstore: {name} is {value!r}; it must be a number from 1 to {MOST_WORKERS}")
    watch.address()
    role = os.environ["DMLC_ROLE"]
    if role not in ("scheduler", "server", "worker"):
        raise OptionError(f"--kvstore: DMLC_ROLE is {role!r}; it must be scheduler, server or worker")
    return role


def run(count: int, arguments: Sequence[str]) -> int:
    """Start ``count`` workers with these ``arguments``, a scheduler and a server; returns the exit status.

    Raises
    ------
    WorkerError
        A worker was killed.
    OptionError
        MXNet, whose parameter server they need, is not installed.
    """
    _check_server()
    environment = {
        **os.environ,
        "DMLC_PS_ROOT_URI": "127.0.0.1",
        "DMLC_NODE_HOST": "127.0.0.1",  # else servers and workers listen to the network
        "DMLC_PS_ROOT_PORT": str(_free_port()),
        "DMLC_NUM_SERVER": "1",
        "DMLC_NUM_WORKER": str(count),
        watch.WATCHED: "1",
    }
    environment.setdefault("OMP_NUM_THREADS", str(max(1, threads.available() // count)))
    worker = [*processes.command(), *arguments]
    with signals.caught() as caught, _ending() as started:
        for role in ("scheduler", "server"):
            started.append(_start(worker, {**environment, "DMLC_ROLE": role}))
        workers = [_start(worker, {**environment, "DMLC_ROLE": "worker"}) for _ in range(count)]
        started += workers
        status = _watch(workers, started[:2], caught)
        for process in started if status == 0 else []:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
        return status


def _watch(
    workers: Sequence[subprocess.Popen[bytes]], others: Sequence[subprocess.Popen[bytes]], caught: Sequence[int]
) -> int:
    while True:
        if caught:
            return 128 + caught[0]
        states = [worker.poll() for worker in workers]
        for number, status in enumerate(states, 1):
            if status:
                if status > 0:
                    return status  # it has said why
                raise WorkerError(f"worker {number} was killed by signal {-status}: all were ended; --resume continues")
        if any(other.poll() for other in others):
            raise WorkerError("the parameter server ended: all workers were ended; --resume continues")
        if all(status == 0 for status in states):
            return 0
        time.sleep(0.05)


@contextmanager
def _ending() -> Iterator[list[subprocess.Popen[bytes]]]:
    """A list of processes none of which outlives the block."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield started
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def _start(command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # In a session of its own, so that Ctrl-C reaches this process alone, which then ends them all.
    serving = environment["DMLC_ROLE"] != "worker"
    shown = subprocess.DEVNULL if serving else None
    return subprocess.Popen(
        command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=shown, stderr=shown,
        preexec_fn=_die_with_parent,
    )  # fmt: skip


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _free_port() -> int:
    """A free port with a free one after it, below those that the system gives away: a server may get one meanwhile."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        here, after = ("127.0.0.1", port), ("127.0.0.1", port + 1)
        with suppress(OSError), socket.create_server(here), socket.create_server(after):
            return port
