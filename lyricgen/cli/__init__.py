"""The command line: options from the dataclasses, words, exit statuses. All click and tqdm live in this folder.

stdout carries the product and nothing else. Nothing heavy is imported before a command needs it, so that ``--help``
answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from lyricgen import __version__, files
from lyricgen.cli.options import say
from lyricgen.errors import LyricgenError, describe
from lyricgen.system import memory, processes, signals, threads

_LONGEST = 300  # characters of a word in a message: a path may be long, a number of thousands of digits tells nothing


# The first sentence of each command's help, so that the list of commands imports none of them; a test holds it.
SUMMARIES = {
    "prepare": "Turn text into a dataset.",
    "train": "Train a model.",
    "generate": "Write songs with a trained model.",
    "fill": "Fill the blanks of a text, each ＿, □ or _ a character.",
    "evaluate": "Measure perplexity and bits per character on a text.",
    "inspect": "Look inside a model.",
    "score": "Rank lines: bits per character of each line of files.",
    "measure": "Measure the songs themselves: variety, refrains, lines, copies.",
    "forms": "List the named forms (格律, 词牌, songs), or show forms.",
    "info": "Show what is in datasets and checkpoints.",
    "plot": "Draw perplexity, gradient norm and learning rate over the epochs.",
    "export": "Write a model for another framework, with its vocabulary and options in the file's metadata.",
    "completion": "Print the completion script of a shell.",
}


class _Loaded(Mapping[str, click.Command]):
    """The commands by their names, each a module of this folder, imported at its first use."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in SUMMARIES:
            raise KeyError(name)
        command: click.Command = getattr(import_module(f"lyricgen.cli.{name}"), name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __len__(self) -> int:
        return len(SUMMARIES)


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> Any:
        """Run a command; neither a reader that stops reading nor Ctrl-C is an error."""
        try:
            result = super().invoke(context)
            sys.stdout.flush()
            return result
        except OSError as error:
            if not is_broken_pipe(error):
                raise
            _silence(sys.stdout)
            return 0
        except KeyboardInterrupt as error:
            context.exit(signals.exit_status(error))

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [CompletionItem(name, help=help) for name, help in SUMMARIES.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, context, incomplete)


def is_broken_pipe(error: OSError) -> bool:
    """Return whether stdout has no reader any more (`generate | head -1`); Windows: an invalid argument."""
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

    Without a corpus of your own, `lyricgen train` learns from a sample of 60,000 characters.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Set up this process, run the command line that it was started with, and exit with its status."""
    processes.speak_utf8()
    threads.name_kernels()
    memory.keep_freed()
    if sys.platform == "darwin":  # NumPy on Apple's BLAS warns of what did not happen (numpy issue 28687)
        warnings.filterwarnings("ignore", ".*encountered in matmul", RuntimeWarning)
    _open_streams()
    _set_streams()
    signals.raise_when_terminated()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status, without changing the process."""
    try:
        # Only names of files are patterns (see ``options.expand``), not a form or a prefix.
        status = commands.main(list(arguments), prog_name="lyricgen", standalone_mode=False, windows_expand_args=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        _complain(error.format_message() + _hint(error))
        return error.exit_code
    except LyricgenError as error:
        _complain(str(error))
        return error.exit_code
    except click.Abort:  # Ctrl-C outside a command
        return signals.exit_status(KeyboardInterrupt())
    except KeyboardInterrupt as error:
        return signals.exit_status(error)
    except MemoryError:
        _complain("not enough memory on this machine; use a smaller model, text or minibatch")
        return LyricgenError.exit_code
    except OSError as error:
        _silence(sys.stdout)
        _complain(f"{error.filename or 'standard output'}: cannot be written: {describe(error)}")
        return LyricgenError.exit_code


def _complain(message: str) -> None:
    """Print a message on stderr, always as one line."""
    say("Error: " + " ".join(word if len(word) <= _LONGEST else word[:40] + "…" for word in message.split()))


def _hint(error: click.ClickException) -> str:
    known = isinstance(error, click.UsageError) and error.ctx
    return f" (see {known.command_path} --help)" if known else ""


def _open_streams() -> None:
    """Redirect closed streams to the null device, so that no file opened later gets their descriptor."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def _set_streams() -> None:
    """Set all three streams to UTF-8, whatever the variables say; names of files keep their bytes."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            newline = None if stream is sys.stdin else "\n"  # no carriage returns on Windows
            stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline=newline)
    sys.stderr = _Voice(sys.stderr)


class _Voice:
    """stderr, perhaps without a reader: the work then goes on in silence."""

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
        """Do nothing: ``write`` flushes."""


def _silence(stream: Any) -> None:
    """Redirect a stream to the null device, so that Python can flush its buffer at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
