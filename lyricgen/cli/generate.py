"""``lyricgen generate``: prefixes -> songs."""

from __future__ import annotations

import itertools
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen import memory
from lyricgen.cli.interactive import interact
from lyricgen.cli.models import model_options, open_models, warn_of_unknown
from lyricgen.cli.options import STDIN, build, config_options, read_texts, say
from lyricgen.config import FormConfig, SampleConfig
from lyricgen.errors import OptionError

if TYPE_CHECKING:
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.writing.generation import Writer


@click.command()
@model_options
@click.option(
    "--prefix", "prefixes", multiple=True, help="What songs begin with (repeatable; -: a line of stdin each)."
)
@click.option("-n", "--samples", type=click.IntRange(1), default=1, show_default=True, help="Songs for each prefix.")
@config_options(SampleConfig, FormConfig)
@click.option(
    "--interactive", is_flag=True, help="Write one song by turns: choose what may come next, or type, or undo."
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each song.")
@click.option(
    "--stream/--no-stream", default=None, help="Print what is settled at once. [default: for one song a prefix]"
)
@click.option(
    "--engine", type=click.Choice(["numpy", "mxnet"]), default="numpy", show_default=True,
    help="What computes the network: the same equations, or the very network that was trained.",
)  # fmt: skip
def generate(
    paths: tuple[Path, ...], weights: str | None, cache: bool, prefixes: tuple[str, ...], samples: int, as_json: bool,
    interactive: bool, stream: bool | None, engine: str, **values: Any,
) -> None:  # fmt: skip
    """Write songs with a trained model.

    Songs are parted by a blank line. The same seed writes the same songs.
    """
    memory.keep_freed()
    config, form = build(SampleConfig, values), build(FormConfig, values)
    if interactive and (as_json or samples > 1 or config.beam or len(prefixes) > 1 or STDIN in prefixes):
        raise OptionError("--interactive: writes one song from one prefix; leave --json, -n, --beam and - out")
    model = open_models(paths, weights, cached=cache, engine=engine)
    checkpoint = model.checkpoint
    warn_of_unknown(checkpoint, form.acrostic or "")
    writer = model.writer(config, form)
    for prefix in prefixes:
        if prefix != STDIN:
            writer.check(prefix)
    seed = _seed(config)
    if interactive:
        (prefix,) = read_texts(prefixes or ("",))
        warn_of_unknown(checkpoint, prefix)
        interact(writer, prefix, seed=seed)
        return
    streamed = (stream if stream is not None else samples == 1) and not as_json
    corpus = checkpoint.vocabulary.decode(checkpoint.index) if as_json and checkpoint.index is not None else ""
    song = 0
    for prefix in read_texts(prefixes or ("",)):
        warn_of_unknown(checkpoint, prefix)
        if streamed:
            for sample in range(samples):
                _part(song + sample)
                _stream(writer, prefix, seed, sample)
        elif as_json:
            for sample, text in enumerate(writer.songs(prefix, seed=seed, samples=samples)):
                line = {
                    "prefix": prefix,
                    "text": text,
                    "seed": seed,
                    "sample": sample,
                    **_copied(checkpoint, corpus, text),
                }
                _print(json.dumps(line, ensure_ascii=False))
        else:
            for sample, text in enumerate(writer.songs(prefix, seed=seed, samples=samples)):
                _part(song + sample)
                _print(text)
        song += samples


def _copied(checkpoint: Checkpoint, corpus: str, text: str) -> dict[str, str]:
    """The longest stretch of a song that stands in the training text, if the checkpoint knows that."""
    if checkpoint.index is None:
        return {}
    from lyricgen.text.copies import longest_copy
    from lyricgen.text.prompt import normalise_prompt

    return {"copied": longest_copy(normalise_prompt(checkpoint.vocabulary, text), corpus)}


def _seed(config: SampleConfig) -> int:
    if config.seed is not None or config.beam:  # a beam leaves nothing to chance
        return config.seed or 0
    seed = secrets.randbelow(2**32)
    say(f"seed {seed}")
    return seed


def _stream(writer: Writer, prefix: str, seed: int, sample: int) -> None:
    pieces = writer.stream(prefix, seed=seed, samples=[sample])
    first = next(pieces, [""])  # not before it is clear that there is a song
    click.echo(prefix, nl=False)
    for (piece,) in itertools.chain([first], pieces):
        sys.stdout.write(piece)
        if "\n" in piece or sys.stdout.isatty():
            sys.stdout.flush()
    _print("")


def _part(song: int) -> None:
    if song:
        _print("")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
