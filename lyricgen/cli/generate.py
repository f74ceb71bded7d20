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
from lyricgen.config import DRAWING, ENGINES, FORM, FormConfig, SampleConfig, build
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
@option("--like", metavar="SONG", group=FORM, help="Take the form of a song: a file, or - (info SONG shows it).")
@option(
    "--best-of", type=click.IntRange(1, 1000), group=DRAWING,
    help="Write N songs for each prefix and print the best -n of them: likely, varied, not copied.",
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
    ngram: bool, prefix: tuple[str, ...], samples: int, like: str | None, best_of: int | None, encoding: str,
    json: bool, interactive: bool, stream: bool | None, engine: str, **values: Any,
) -> None:  # fmt: skip
    """Write songs with a trained model.

    Songs are parted by a blank line. The same seed writes the same songs.
    """
    options = given(context, values)
    if like == STDIN and (STDIN in prefix or interactive):
        other = "--interactive" if interactive else "--prefix -"
        raise OptionError(f"--like: standard input is read by {other} already; name a file")
    if like is not None:
        options = _like(like, encoding, options)
    reads_several = samples > 1 or best_of or len(prefix) > 1 or STDIN in prefix
    if interactive and (json or stream or reads_several or options.get("beam") or options.get("words")):
        raise OptionError(
            "--interactive: writes one song from one prefix; leave --json, --stream, -n, --best-of, --beam, --words "
            "and - out"
        )
    if stream and (json or best_of):
        other = "--json" if json else "--best-of"
        raise OptionError(f"--stream: has no effect with {other}, which prints whole songs; leave it out")
    config, _ = build(options, SampleConfig, FormConfig)  # bad options are refused before a model is read
    if best_of:
        from lyricgen.writing import ranking

        ranking.check(best_of, samples, config)
    if not given(context, {"checkpoint": checkpoint}):
        checkpoint = (own_or_shipped(checkpoint[0]),)
    model = open_models(checkpoint, weights, cache, dataset, ngram=ngram, engine=engine)
    _warn_of_unknown(model, options)
    writer = model.writer(**options)
    for each in prefix:
        if each != STDIN:
            writer.check(each)
    seed = _seed(options)
    prefixes = _announced(model, read_texts(prefix or ("",), encoding))
    if interactive:
        interact(writer, next(prefixes), seed=seed)
    elif best_of:
        _print_best(model, writer, prefixes, seed, (best_of, samples), json=json)
    elif json:
        _print_json(model, writer, prefixes, seed, samples)
    else:
        _print_songs(writer, prefixes, seed, samples, stream=samples == 1 if stream is None else stream)


def _like(song: str, encoding: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a song's form, said to the person, with those that are given."""
    from lyricgen.api import read_form_for

    form = read_form_for(options, song, encoding=encoding)
    for words in form.found:
        say(words)
    return form.with_options(options)


def _warn_of_unknown(model: Model, options: dict[str, Any]) -> None:
    """Say which characters that a song must have the model does not know."""
    from lyricgen.text.prompt import split_words

    words = split_words(model.checkpoint.vocabulary, options.get("words") or "")
    warn_of_unknown(model.checkpoint, "".join([options.get("acrostic") or "", *words]))


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


def _counted(songs: Iterable[str], count: int, *, are_printed: bool = True) -> Iterable[str]:
    """The same songs, counted by a bar for the person at a terminal to which they do not go as they come."""
    if count == 1 or (are_printed and sys.stdout.isatty()) or not sys.stderr.isatty():
        return songs
    from tqdm import tqdm

    return tqdm(songs, total=count, unit="song", dynamic_ncols=True, leave=False, file=sys.stderr)


def _print_json(model: Model, writer: Writer, prefixes: Iterator[str], seed: int, samples: int) -> None:
    for prefix in prefixes:
        for sample, text in enumerate(_counted(writer.songs(prefix, seed=seed, samples=samples), samples)):
            line = {"prefix": prefix, "text": text, "seed": seed, "sample": sample}
            copied = model.copied(text)
            put(to_json(line if copied is None else {**line, "copied": copied}))


def _print_best(
    model: Model, writer: Writer, prefixes: Iterator[str], seed: int, counts: tuple[int, int], *, json: bool
) -> None:
    """The best songs of each prefix; ``counts``: how many are written, and how many of them printed."""
    best_of, samples = counts
    is_first = True
    for prefix in prefixes:
        songs = _counted(writer.songs(prefix, seed=seed, samples=best_of), best_of, are_printed=False)
        for song in model.rank(songs, samples):
            if json:
                line = {"prefix": prefix, "text": song.text, "seed": seed, "sample": song.sample, "score": song.score}
                figures = {**song.figures._asdict(), "copied": model.copied(song.text)}
                put(to_json({**line, **{name: value for name, value in figures.items() if value is not None}}))
            else:
                put(song.text if is_first else f"\n{song.text}")
            is_first = False


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
