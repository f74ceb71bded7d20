"""``lyricgen`` as a process that starts at once: forked from one that has imported all of it.

Its arguments, variables, folder, streams and exit status are its own, as after any start. What it does not show is how
Python and the libraries themselves start.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from select import select
from typing import IO

TIMEOUT = 100  # seconds after which a command is killed
WIDTH = 9  # bytes in which its number, and later its exit status, are reported


class Fork:
    """A command that was started; the methods are those of ``subprocess.Popen``."""

    def __init__(self, report: int, out: IO[bytes], err: IO[bytes]) -> None:
        self._report, self._streams = report, (out, err)
        self._written: list[bytes] = []
        self.pid, self.returncode = int(os.read(report, WIDTH)), None

    def poll(self) -> int | None:
        return self.wait() if self.returncode is not None or select([self._report], [], [], 0)[0] else None

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = int(os.read(self._report, WIDTH))
            os.close(self._report)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self) -> tuple[bytes, bytes]:
        """What it has written when it ends."""
        self.wait()
        while len(self._written) < len(self._streams):
            with self._streams[len(self._written)] as stream:
                stream.seek(0)
                self._written.append(stream.read())
        return self._written[0], self._written[1]


class Forks:
    """The process from which commands are forked; it imports MXNet, too, if that is wanted."""

    def __init__(self, *, mxnet: bool = False) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno()), *(["mxnet"] if mxnet else [])]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def start(self, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], input: bytes = b"") -> Fork:
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        report, theirs = os.pipe()
        with tempfile.TemporaryFile() as given, open(theirs, "wb") as end:
            given.write(input)
            given.seek(0)
            asked = json.dumps([list(arguments), str(cwd), dict(env)]).encode()
            socket.send_fds(self._channel, [asked], [stream.fileno() for stream in (given, out, err, end)])
        return Fork(report, out, err)

    def close(self) -> None:
        self._channel.close()
        self._process.wait()


def load(*, mxnet: bool) -> None:
    """Import all that a command may want."""
    from lyricgen import threads

    threads.name_kernels()  # before NumPy is imported
    import lyricgen

    for module in pkgutil.walk_packages(lyricgen.__path__, "lyricgen."):
        if module.name != "lyricgen.__main__" and (mxnet or not module.name.startswith("lyricgen.engine.mxnet.")):
            import_module(module.name)
    for name in ("tqdm", "numpy.random", "pypinyin.contrib.tone_convert", "pypinyin.seg.simpleseg"):
        import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page


def serve(channel: socket.socket) -> None:
    """Fork for whatever is asked for; returns in the forks."""
    waiting: list[int] = []
    while True:
        asked, descriptors, _, _ = socket.recv_fds(channel, 1 << 20, 4)
        if not asked:
            sys.exit()
        waiting = [child for child in waiting if not os.waitpid(child, os.WNOHANG)[0]]
        waiting.append(fork())
        if not waiting[-1]:
            channel.close()
            with open(descriptors.pop(), "wb", buffering=0) as report:
                child = fork()
                if child:
                    report.write(b"%*d" % (WIDTH, child))
                    _, status = os.waitpid(child, 0)
                    report.write(b"%*d" % (WIDTH, os.waitstatus_to_exitcode(status)))
                    os._exit(0)
            become(*json.loads(asked), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the libraries' threads wait, and can be forked
        return os.fork()


def become(arguments: list[str], cwd: str, env: dict[str, str], descriptors: list[int]) -> None:
    """Take the arguments, the folder, the variables and the streams of a command."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv[1:] = arguments
    sys.path[0] = cwd  # as for ``python -m``
    signal.alarm(TIMEOUT)


if __name__ == "__main__":
    load(mxnet="mxnet" in sys.argv)
    serve(socket.socket(fileno=int(sys.argv[1])))
    from lyricgen.cli import main

    main()
