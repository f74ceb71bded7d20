"""``lyricgen generate``: prefixes -> songs."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen import memory
from lyricgen.cli.models import model_options, open_models, validation_part
from lyricgen.cli.options import build, config_options, say
from lyricgen.config import SampleConfig

if TYPE_CHECKING:
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.writing.decoder import Decoder

_STDIN = "-"


@click.command()
@model_options
@click.option(
    "--prefix", "prefixes", multiple=True, help="What songs begin with (repeatable; -: a line of stdin each)."
)
@click.option("-n", "--samples", type=click.IntRange(1), default=1, show_default=True, help="Songs for each prefix.")
@config_options(SampleConfig)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each song.")
@click.option(
    "--stream/--no-stream", default=None, help="Print characters as they are drawn. [default: for one song a prefix]"
)
@click.option(
    "--engine", type=click.Choice(["numpy", "mxnet"]), default="numpy", show_default=True,
    help="What computes the network: the same equations, or the very network that was trained.",
)  # fmt: skip
def generate(
    paths: tuple[Path, ...], weights: str | None, cache: bool, prefixes: tuple[str, ...], samples: int, as_json: bool,
    stream: bool | None, engine: str, **values: Any,
) -> None:  # fmt: skip
    """Write songs with a trained model.

    Songs are parted by a blank line. The same seed writes the same songs.
    """
    memory.keep_freed()
    config = build(SampleConfig, values)
    seed = _seed(config)
    checkpoint, decoder, _ = open_models(paths, weights, cached=cache, fit_on=validation_part, engine=engine)
    streamed = stream if stream is not None else samples == 1
    song = 0
    for prefix in _read_prefixes(prefixes or ("",)):
        _warn_of_unknown(checkpoint, prefix)
        if streamed and not as_json:
            for sample in range(samples):
                _part(song)
                _stream(checkpoint, decoder, prefix, config, seed, sample)
                song += 1
            continue
        for sample, text in enumerate(_songs(checkpoint, decoder, prefix, config, seed, samples)):
            if as_json:
                _print(json.dumps({"prefix": prefix, "text": text, "seed": seed, "sample": sample}, ensure_ascii=False))
            else:
                _part(song)
                _print(text)
            song += 1


def _seed(config: SampleConfig) -> int:
    if config.seed is not None:
        return config.seed
    seed = secrets.randbelow(2**32)
    say(f"seed {seed}")
    return seed


def _read_prefixes(prefixes: Iterable[str]) -> Iterator[str]:
    for prefix in prefixes:
        if prefix == _STDIN:
            yield from (line.rstrip("\r\n") for line in iter(sys.stdin.readline, ""))
        else:
            yield os.fsencode(prefix).decode("utf-8", "replace")  # UTF-8, whatever the locale made of it


def _warn_of_unknown(checkpoint: Checkpoint, prefix: str) -> None:
    from lyricgen.writing.generation import as_taught

    unknown = checkpoint.vocabulary.unknown_in(as_taught(checkpoint.vocabulary, prefix))
    if unknown:
        say(f"Warning: this model never saw {' '.join(unknown)}; it reads an unknown character instead")


def _songs(
    checkpoint: Checkpoint, decoder: Decoder, prefix: str, config: SampleConfig, seed: int, samples: int
) -> Iterator[str]:
    from lyricgen.writing.generation import write_songs

    return write_songs(decoder, checkpoint.vocabulary, prefix, config, seed=seed, samples=samples)


def _stream(
    checkpoint: Checkpoint, decoder: Decoder, prefix: str, config: SampleConfig, seed: int, sample: int
) -> None:
    from lyricgen.writing.generation import song_rng, write

    click.echo(prefix, nl=False)
    for (character,) in write(decoder, checkpoint.vocabulary, prefix, config, [song_rng(seed, sample)]):
        sys.stdout.write(character)
        if character == "\n" or sys.stdout.isatty():
            sys.stdout.flush()
    _print("")


def _part(song: int) -> None:
    if song:
        _print("")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
