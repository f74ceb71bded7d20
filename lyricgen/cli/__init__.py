"""The command line: options from the dataclasses, words, exit statuses. All click and tqdm live in this folder.

stdout carries the product and nothing else. Nothing heavy is imported before a command needs it, so that ``--help``
answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import click

from lyricgen import __version__, files, memory, processes, signals, threads
from lyricgen.cli.options import say
from lyricgen.errors import LyricgenError, describe

_LONGEST = 300  # characters of a word in a message: a path may be long, a number of thousands of digits tells nothing


class _Loaded(Mapping[str, click.Command]):
    """The commands by their names, each a module of this folder, imported when it is asked for."""

    _names = (
        "prepare", "train", "generate", "fill", "evaluate", "inspect", "score", "measure", "forms", "info", "plot",
        "export", "completion",
    )  # fmt: skip

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._names:
            raise KeyError(name)
        command: click.Command = getattr(import_module(f"lyricgen.cli.{name}"), name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> Any:
        """Run a command; a reader that has seen enough and Ctrl-C are no faults."""
        try:
            result = super().invoke(context)
            sys.stdout.flush()
            return result
        except OSError as error:
            if not _is_broken_pipe(error):
                raise
            _silence(sys.stdout)
            return 0
        except KeyboardInterrupt as error:
            context.exit(signals.exit_status(error))


def _is_broken_pipe(error: OSError) -> bool:
    """Whether the reader of stdout has gone, as in `generate | head -1`; Windows calls that an invalid argument."""
    is_nameless = error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or (files.WINDOWS and is_nameless)


_SETTINGS = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "LYRICGEN"}


@click.group(cls=_Commands, commands=_Loaded(), invoke_without_command=True, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="lyricgen", message="%(prog)s %(version)s")
@click.pass_context
def commands(context: click.Context) -> None:
    """Learn a character-level recurrent language model from lyrics, and write new ones.

    \b
        lyricgen prepare songs.zip
        lyricgen train --cell lstm
        lyricgen generate --prefix 分开

    Without a corpus of your own, `lyricgen train` learns from the embedded one.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Run the command line of this process and end it with its exit status."""
    processes.speak_utf8()
    threads.name_kernels()
    memory.keep_freed()
    if sys.platform == "darwin":  # NumPy on Apple's BLAS warns of what did not happen (numpy issue 28687)
        warnings.filterwarnings("ignore", ".*encountered in matmul", RuntimeWarning)
    _open_streams()
    _set_streams()
    signals.raise_when_terminated()
    try:
        # Only names of files are patterns (see ``options.expand``), not a form or a prefix.
        status = commands.main(prog_name="lyricgen", standalone_mode=False, windows_expand_args=False)
        sys.stdout.flush()
    except click.ClickException as error:
        _complain(error.format_message() + _hint(error))
        status = error.exit_code
    except LyricgenError as error:
        _complain(str(error))
        status = error.exit_code
    except click.Abort:  # Ctrl-C outside a command
        status = signals.exit_status(KeyboardInterrupt())
    except KeyboardInterrupt as error:
        status = signals.exit_status(error)
    except MemoryError:
        _complain("this machine has not enough memory for that; ask for less")
        status = LyricgenError.exit_code
    except OSError as error:
        _silence(sys.stdout)
        _complain(f"{error.filename or 'standard output'}: cannot be written: {describe(error)}")
        status = LyricgenError.exit_code
    sys.exit(status if isinstance(status, int) else 0)


def _complain(message: str) -> None:
    """One line on stderr, whatever the message holds."""
    say("Error: " + " ".join(word if len(word) <= _LONGEST else word[:40] + "…" for word in message.split()))


def _hint(error: click.ClickException) -> str:
    known = isinstance(error, click.UsageError) and error.ctx
    return f" (see {known.command_path} --help)" if known else ""


def _open_streams() -> None:
    """Let streams that the caller closed go nowhere, so that no file that is opened later takes their place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def _set_streams() -> None:
    """UTF-8 on all three streams, whatever the variables say; names of files come out with the bytes that they have."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            newline = None if stream is sys.stdin else "\n"  # no carriage returns on Windows
            stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline=newline)
    sys.stderr = _Voice(sys.stderr)


class _Voice:
    """stderr, to which nobody may listen any more: the work goes on without words."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            _silence(self._stream)
        return len(text)

    def flush(self) -> None:
        """All is written already."""


def _silence(stream: Any) -> None:
    """Let what is still in the buffer go nowhere when Python flushes it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
