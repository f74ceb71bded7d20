"""``lyricgen measure``: songs -> their figures, beside those of the corpus."""

from __future__ import annotations

from pathlib import Path

import click

from lyricgen import api
from lyricgen.cli.models import checkpoint_option, dataset_option, own_or_shipped
from lyricgen.cli.options import command, encoding_option, option, put, show, to_json
from lyricgen.config import STDIN
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.text.dataset import Dataset, open_sources

_SHOWN = 18


@command("measure")
@click.argument("songs", default=STDIN)
@checkpoint_option
@dataset_option("The text whose training part the songs are compared with.")
@encoding_option
@option("--json", is_flag=True, help="Print a line of JSON.")
def measure(songs: str, checkpoint: Path | None, dataset: str | None, encoding: str, json: bool) -> None:
    """Measure the songs themselves: variety, refrains, lines, copies.

    SONGS is a file, a dataset, or - for standard input: lines of JSON as `generate --json` writes them, or songs
    separated by blank lines. They are compared with the text that the model was trained on.
    """
    if dataset is None:
        name = str(own_or_shipped(checkpoint))
        beside: Checkpoint | Dataset = checkpoints.load(Path(name))
    else:
        name, beside = dataset, open_sources([dataset])
    measures = api.measure(songs, beside, name, encoding=encoding)
    if json:
        put(to_json(measures.songs))
        return
    put(f"{'':<28}{'songs':>10}{show(Path(measures.name).name, _SHOWN):>20}")
    for key, value in measures.songs.items():
        put(f"{key.replace('_', ' '):<28}{_show(value):>10}{_show(measures.corpus.get(key)):>20}")


def _show(value: float | None) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
