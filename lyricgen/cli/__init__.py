"""The command line: options from the dataclasses, words, exit statuses. All click and tqdm live in this folder.

stdout carries the product and nothing else. Nothing heavy is imported before a command needs it, so that ``--help``
answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from lyricgen import __version__, memory, threads
from lyricgen.cli.completion import completion
from lyricgen.cli.evaluate import evaluate
from lyricgen.cli.export import export
from lyricgen.cli.fill import fill
from lyricgen.cli.generate import generate
from lyricgen.cli.info import info
from lyricgen.cli.measure import measure
from lyricgen.cli.options import say
from lyricgen.cli.plot import plot
from lyricgen.cli.prepare import prepare
from lyricgen.cli.score import score
from lyricgen.cli.train import train
from lyricgen.errors import LyricgenError, describe

INTERRUPTED = 130


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> Any:
        """Run a command; a reader that has seen enough and Ctrl-C are no faults."""
        try:
            result = super().invoke(context)
            sys.stdout.flush()
            return result
        except BrokenPipeError:  # `generate | head -1`
            _silence(sys.stdout)
            return 0
        except KeyboardInterrupt:
            context.exit(INTERRUPTED)


_SETTINGS = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "LYRICGEN"}


@click.group(cls=_Commands, invoke_without_command=True, context_settings=_SETTINGS)
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


for _command in (prepare, train, generate, fill, evaluate, score, measure, info, plot, export, completion):
    commands.add_command(_command)


def main() -> None:
    """Run the command line of this process and end it with its exit status."""
    threads.name_kernels()
    memory.keep_freed()
    _open_streams()
    _speak_utf8()
    try:
        status = commands.main(prog_name="lyricgen", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        _complain(error.format_message() + _hint(error))
        status = error.exit_code
    except LyricgenError as error:
        _complain(str(error))
        status = error.exit_code
    except click.Abort:  # Ctrl-C outside a command
        status = INTERRUPTED
    except OSError as error:
        _silence(sys.stdout)
        _complain(f"{error.filename or 'standard output'}: cannot be written: {describe(error)}")
        status = LyricgenError.exit_code
    sys.exit(status if isinstance(status, int) else 0)


def _complain(message: str) -> None:
    """One line on stderr, whatever the message holds."""
    say("Error: " + " ".join(message.split()))


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


def _speak_utf8() -> None:
    """UTF-8 on all three streams, whatever the locale says."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace" if stream is sys.stderr else "replace")


def _silence(stream: Any) -> None:
    """Let what is still in the buffer go nowhere when Python flushes it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
