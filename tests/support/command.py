"""``lyricgen`` as tests call it: within this process, or as a process of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable
from unittest import mock

from lyricgen.cli import run

SONG = "山上的雨\n雨落在山上 山上的雨\n我们不分开 我们不说再见\n雨停了以后 你看那座山\n分开以后 山还是山\n\n" * 8
Cli = Callable[..., "subprocess.CompletedProcess[Any]"]
Launch = Callable[..., "subprocess.Popen[bytes]"]


def run_here(
    arguments: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], input: bytes
) -> tuple[int, bytes, bytes]:
    """Run a command line in this process, in a folder, with variables and streams of its own."""
    given, out, err = (
        io.TextIOWrapper(io.BytesIO(each), "utf-8", "surrogateescape", "\n") for each in (input, b"", b"")
    )
    given.reconfigure(newline=None)
    before = Path.cwd()
    with mock.patch.multiple(sys, stdin=given, stdout=out, stderr=err), mock.patch.dict(os.environ, env):
        os.chdir(cwd)
        try:
            status = run(arguments)
        finally:
            os.chdir(before)
            for stream in (out, err):
                stream.flush()
    return status, out.buffer.getvalue(), err.buffer.getvalue()  # type: ignore[attr-defined]


def start(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, input: bytes = b"", code: str = "", **options: Any
) -> subprocess.Popen[bytes]:
    """Start a process; ``code`` runs in the place of the program, ``options`` are those of ``subprocess.Popen``."""
    with tempfile.TemporaryFile() as given:
        given.write(input)
        given.seek(0)
        program = ["-c", code] if code else ["-m", "lyricgen"]
        command = [sys.executable, *program, *arguments]
        options = {"stdin": given, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(command, cwd=cwd, env={**os.environ, **(env or {})}, **options)


@contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process that does not outlive the block, so that a test that fails does not wait for it."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()
