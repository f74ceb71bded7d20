"""``lyricgen evaluate``: how well a model foresees a text."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lyricgen import memory
from lyricgen.cli.options import say
from lyricgen.errors import FileError

if TYPE_CHECKING:
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.text.vocabulary import Ids
    from lyricgen.writing.scoring import Score


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "-c", "--checkpoint", "path", type=click.Path(path_type=Path), default=Path("checkpoints"), show_default=True,
    help="A checkpoint, or a folder's best one.",
)  # fmt: skip
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of the sources.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON.")
def evaluate(sources: tuple[str, ...], path: Path, encoding: str, as_json: bool) -> None:
    """Measure perplexity and bits per character on a text.

    SOURCE is anything that `lyricgen prepare` reads. Without one, the held-out part of dataset.safetensors of this
    folder is used, or else that of the embedded corpus.
    """
    from lyricgen.model import checkpoint as checkpoints

    memory.keep_freed()
    checkpoint = checkpoints.load(path)
    ids = _read(sources, encoding, checkpoint) if sources else _held_out(checkpoint)
    if len(ids) < 2:
        raise FileError(f"{', '.join(sources) or 'the held-out part'}: too short; two characters are the least")
    _print(_score(checkpoint, ids), as_json)


def _read(sources: tuple[str, ...], encoding: str, checkpoint: Checkpoint) -> Ids:
    from lyricgen.text import corpus

    return checkpoint.vocabulary.encode("".join(corpus.read(sources, encoding=encoding, newlines=checkpoint.newlines)))


def _held_out(checkpoint: Checkpoint) -> Ids:
    """The test part of the dataset at hand, or its validation part; in the checkpoint's ids."""
    from lyricgen.config import PrepareConfig
    from lyricgen.text import dataset as datasets

    path = Path(datasets.DEFAULT_FILE)
    data = datasets.load(path) if path.exists() else datasets.prepare([], PrepareConfig())
    name = "test" if len(data.test) else "valid"
    say(f"text        the {name} part of {path if path.exists() else 'the embedded corpus'}")
    return checkpoint.vocabulary.encode(data.vocabulary.decode(data.splits[name]))


def _score(checkpoint: Checkpoint, ids: Ids) -> Score:
    from tqdm import tqdm

    from lyricgen.model.cells import Recurrence
    from lyricgen.writing.scoring import score

    network = Recurrence(checkpoint.model, checkpoint.parameters)
    with tqdm(
        total=len(ids) - 1, unit="char", unit_scale=True, disable=None, dynamic_ncols=True, leave=False, file=sys.stderr
    ) as bar:
        return score(network, ids, on_progress=bar.update)


def _print(score: Score, as_json: bool) -> None:
    if as_json:
        figures = {
            "characters": score.characters,
            "unknown": score.unknown,
            "perplexity": score.perplexity,
            "bits_per_character": score.bits_per_character,
        }
        click.echo(json.dumps(figures))
        return
    click.echo(f"characters          {score.characters:,}")
    click.echo(f"unknown             {score.unknown:,} ({score.unknown / score.characters:.1%})")
    click.echo(f"perplexity          {score.perplexity:.2f}")
    click.echo(f"bits per character  {score.bits_per_character:.3f}")
