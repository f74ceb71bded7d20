"""``lyricgen generate``: prefixes -> songs."""

from __future__ import annotations

import itertools
import secrets
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen.cli.interactive import interact
from lyricgen.cli.models import model_options, open_models, own_or_shipped, warn_of_unknown
from lyricgen.cli.options import (
    STDIN,
    command,
    config_options,
    encoding_option,
    given,
    option,
    put,
    read_texts,
    say,
    to_json,
)
from lyricgen.config import DRAWING, ENGINES, FormConfig, SampleConfig, build
from lyricgen.errors import OptionError

if TYPE_CHECKING:
    from lyricgen.api import Model
    from lyricgen.writing.generation import Writer


@command("generate")
@model_options
@option("--prefix", multiple=True, group=DRAWING, help="What songs begin with (repeatable; -: a line of stdin each).")
@option(
    "-n", "--samples", type=click.IntRange(1, 1_000_000), default=1, show_default=True, group=DRAWING,
    help="Songs for each prefix.",
)  # fmt: skip
@config_options(SampleConfig, FormConfig)
@encoding_option
@option("--interactive", is_flag=True, help="Write one song by turns: choose what may come next, or type, or undo.")
@option("--json", is_flag=True, help="Print a line of JSON for each song.")
@option("--stream/--no-stream", default=None, help="Print what is final at once. [default: for one song a prefix]")
@option(
    "--engine", type=click.Choice(ENGINES), default="numpy", show_default=True,
    help="What computes the network: the same equations, or the very network that was trained.",
)  # fmt: skip
@click.pass_context
def generate(
    context: click.Context, /, checkpoint: tuple[Path, ...], weights: str | None, cache: bool, dataset: str | None,
    ngram: bool, prefix: tuple[str, ...], samples: int, encoding: str, json: bool, interactive: bool,
    stream: bool | None, engine: str, **values: Any,
) -> None:  # fmt: skip
    """Write songs with a trained model.

    Songs are parted by a blank line. The same seed writes the same songs.
    """
    options = given(context, values)
    if interactive and (json or stream or samples > 1 or options.get("beam") or len(prefix) > 1 or STDIN in prefix):
        raise OptionError(
            "--interactive: writes one song from one prefix; leave --json, --stream, -n, --beam and - out"
        )
    if json and stream:
        raise OptionError("--stream: has no effect with --json, which prints whole songs; leave it out")
    build(options, SampleConfig, FormConfig)  # bad options are refused before a model is read
    if not given(context, {"checkpoint": checkpoint}):
        checkpoint = (own_or_shipped(checkpoint[0]),)
    model = open_models(checkpoint, weights, cache, dataset, ngram=ngram, engine=engine)
    warn_of_unknown(model.checkpoint, options.get("acrostic") or "")
    writer = model.writer(**options)
    for each in prefix:
        if each != STDIN:
            writer.check(each)
    seed = _seed(options)
    prefixes = _announced(model, read_texts(prefix or ("",), encoding))
    if interactive:
        interact(writer, next(prefixes), seed=seed)
    elif json:
        _print_json(model, writer, prefixes, seed, samples)
    else:
        _print_songs(writer, prefixes, seed, samples, stream=samples == 1 if stream is None else stream)


def _announced(model: Model, prefixes: Iterator[str]) -> Iterator[str]:
    """The same prefixes; says of each what the model does not know of it."""
    for prefix in prefixes:
        warn_of_unknown(model.checkpoint, prefix)
        yield prefix


def _seed(options: dict[str, Any]) -> int:
    if options.get("seed") is not None or options.get("beam"):  # beam search draws nothing
        return options.get("seed") or 0
    seed = secrets.randbelow(2**32)
    say(f"seed {seed}")
    return seed


def _counted(songs: Iterable[str], count: int) -> Iterable[str]:
    """The same songs, counted by a bar for the person at a terminal to which they do not go."""
    if count == 1 or sys.stdout.isatty() or not sys.stderr.isatty():
        return songs
    from tqdm import tqdm

    return tqdm(songs, total=count, unit="song", dynamic_ncols=True, leave=False, file=sys.stderr)


def _print_json(model: Model, writer: Writer, prefixes: Iterator[str], seed: int, samples: int) -> None:
    for prefix in prefixes:
        for sample, text in enumerate(_counted(writer.songs(prefix, seed=seed, samples=samples), samples)):
            line = {"prefix": prefix, "text": text, "seed": seed, "sample": sample}
            copied = model.copied(text)
            put(to_json(line if copied is None else {**line, "copied": copied}))


def _print_songs(writer: Writer, prefixes: Iterator[str], seed: int, samples: int, *, stream: bool) -> None:
    is_first = True
    for prefix in prefixes:
        songs = writer.songs(prefix, seed=seed, samples=samples) if not stream else itertools.repeat("", samples)
        for sample, text in enumerate(_counted(songs, samples)):
            if not is_first:
                put("")
            is_first = False
            if stream:
                _stream(writer, prefix, seed, sample)
            else:
                put(text)


def _stream(writer: Writer, prefix: str, seed: int, sample: int) -> None:
    pieces = writer.stream(prefix, seed=seed, samples=[sample])
    first = next(pieces, [""])  # not before it is clear that there is a song
    put(prefix, end="")
    for (piece,) in itertools.chain([first], pieces):
        put(piece, end="", flush="\n" in piece or sys.stdout.isatty())
    put("")
