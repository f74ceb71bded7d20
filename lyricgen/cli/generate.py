"""``lyricgen generate``: prefixes -> songs."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from lyricgen.api import Model, load, read_form, seed_of
from lyricgen.cli.interactive import interact
from lyricgen.cli.models import model_options, own_or_shipped, say_weights, warn_of_unknown
from lyricgen.cli.options import (
    command,
    config_options,
    encoding_option,
    given,
    option,
    put,
    read_texts,
    say,
    show,
    to_json,
)
from lyricgen.config import DRAWING, FORM, MAX_COPY, STDIN, FormConfig, SampleConfig, build
from lyricgen.errors import OptionError
from lyricgen.text.prompt import split_words
from lyricgen.writing.generation import Writer

_SHOWN = 400  # characters of a form


@command("generate")
@model_options
@option("--prefix", multiple=True, group=DRAWING, help="What songs begin with (repeatable; -: a line of stdin each).")
@option(
    "-n",
    "--samples",
    type=click.IntRange(1, 1_000_000),
    default=1,
    show_default=True,
    group=DRAWING,
    help="Songs for each prefix.",
)
@option("--like", metavar="SONG", group=FORM, help="Take the form of a song: a file, or - (forms SONG shows it).")
@config_options(SampleConfig, FormConfig)
@encoding_option
@option("--interactive", is_flag=True, help="Write one song by turns: choose what may come next, or type, or undo.")
@option("--json", is_flag=True, help="Print a line of JSON for each song.")
@click.pass_context
def generate(
    context: click.Context,
    /,
    checkpoint: Path | None,
    cache: bool,
    prefix: tuple[str, ...],
    samples: int,
    like: str | None,
    encoding: str,
    json: bool,
    interactive: bool,
    **values: Any,
) -> None:
    """Write songs with a trained model.

    Two blank lines separate songs. The same seed writes the same songs.
    """
    options = given(context, values)
    if like == STDIN and (STDIN in prefix or interactive):
        other = "--interactive" if interactive else "--prefix -"
        raise OptionError(f"--like: standard input is read by {other} already; name a file")
    if like is not None:
        options = _like(like, encoding, options)
    reads_several = samples > 1 or len(prefix) > 1 or STDIN in prefix
    if interactive and (json or reads_several or options.get("words")):
        raise OptionError("--interactive: writes one song from one prefix; leave out --json, -n, --words and -")
    build(options, SampleConfig, FormConfig)  # bad options are refused before a model is read
    model = load(own_or_shipped(checkpoint), cache=cache)
    say_weights(model)
    _warn_of_unknown(model, options)
    writer = model.writer(**options)
    for start in prefix:
        if start != STDIN:
            writer.check(start)
    seed = seed_of(options)
    if options.get("seed") is None:
        say(f"seed {seed}")
    prefixes = _announced(model, read_texts(prefix or ("",), encoding))
    if interactive:
        interact(writer, next(prefixes), seed=seed)
    elif json:
        _print_json(model, writer, prefixes, seed, samples)
    else:
        _print_songs(writer, prefixes, seed, samples)
    if writer.copied:
        say(f"copies more than {MAX_COPY} characters, as nothing else fits (--max-copy forbids it): {writer.copied[0]}")


def _like(song: str, encoding: str, options: dict[str, Any]) -> dict[str, Any]:
    """Merge the form of a song with the options that are given, and say what it is."""
    read = read_form(song, encoding=encoding)
    say(f"form {show(str(read.form), _SHOWN)}")
    return read.options(options)


def _warn_of_unknown(model: Model, options: dict[str, Any]) -> None:
    """Say which characters that a song must have the model does not know."""
    words = split_words(model.checkpoint.vocabulary, options.get("words") or "")
    warn_of_unknown(model.checkpoint, "".join([options.get("acrostic") or "", *words]))


def _announced(model: Model, prefixes: Iterator[str]) -> Iterator[str]:
    """Pass on the prefixes, with a warning of characters that the model does not know."""
    for prefix in prefixes:
        warn_of_unknown(model.checkpoint, prefix)
        yield prefix


def _counted(songs: Iterable[str], count: int) -> Iterable[str]:
    """Pass on the songs, counted by a bar on a terminal unless they are printed there one by one."""
    if count == 1 or sys.stdout.isatty() or not sys.stderr.isatty():
        return songs
    return tqdm(songs, total=count, unit="song", dynamic_ncols=True, leave=False, file=sys.stderr)


def _print_json(model: Model, writer: Writer, prefixes: Iterator[str], seed: int, samples: int) -> None:
    for prefix in prefixes:
        for sample, text in enumerate(_counted(writer.songs(prefix, seed=seed, samples=samples), samples)):
            line = {"prefix": prefix, "text": text, "seed": seed, "sample": sample}
            copied = model.longest_copy(text)
            put(to_json(line if copied is None else {**line, "copied": copied}))


def _print_songs(writer: Writer, prefixes: Iterator[str], seed: int, samples: int) -> None:
    """Print songs; a single one for each prefix while it is being written."""
    is_first = True
    for prefix in prefixes:
        songs = writer.songs(prefix, seed=seed, samples=samples) if samples > 1 else iter([""])
        for text in _counted(songs, samples):
            if not is_first:
                put("\n")
            is_first = False
            if samples > 1:
                put(text)
            else:
                _stream(writer, prefix, seed)


def _stream(writer: Writer, prefix: str, seed: int) -> None:
    pieces = writer.stream(prefix, seed=seed, samples=[0])
    first = next(pieces, [""])  # not before it is clear that there is a song
    put(prefix, end="")
    for (piece,) in itertools.chain([first], pieces):
        put(piece, end="", flush="\n" in piece or sys.stdout.isatty())
    put("")
