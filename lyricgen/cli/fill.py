"""``lyricgen fill``: texts with blanks -> texts without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from lyricgen import memory
from lyricgen.cli.models import model_options, open_models, warn_of_unknown
from lyricgen.cli.options import read_texts, show
from lyricgen.errors import FileError, OptionError

if TYPE_CHECKING:
    from lyricgen.writing.filling import Filling


@click.command()
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@model_options
@click.option(
    "--template", type=click.File("r", encoding="utf-8-sig", errors="replace"),
    help="A file that is one text, all its lines.",
)  # fmt: skip
@click.option("-n", "--best", type=click.IntRange(1), default=1, show_default=True, help="Fillings of each text.")
@click.option(
    "--beam", type=click.IntRange(1, 4096), default=64, show_default=True, help="Fillings that are tried side by side."
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each filling.")
def fill(
    texts: tuple[str, ...], paths: tuple[Path, ...], weights: str | None, cache: bool, template: IO[str] | None,
    best: int, beam: int, as_json: bool,
) -> None:  # fmt: skip
    """Fill the blanks of a text, each ＿ or _ a character.

    TEXT is a line or several; -: each line of stdin. `lyricgen train --bidirectional` makes models for this, but any
    other will do. With several fillings, each has its probability before it.
    """
    from lyricgen.writing import filling

    memory.keep_freed()
    wanted = list(read_texts(texts)) + ([template.read().rstrip("\n")] if template else [])
    if not wanted:
        raise OptionError("no TEXT and no --template: there is nothing to fill")
    for text in wanted:
        if not filling.BLANK.search(text):
            raise FileError(f"{show(text, 40)!r}: has no blank in it, ＿ or _")
    model = open_models(paths, weights, cached=cache, bidirectional=True)
    for text in wanted:
        warn_of_unknown(model.checkpoint, filling.BLANK.sub("", text))
        for found in model.fill(text, best=best, beam=beam):
            _print(found, text, several=best > 1, as_json=as_json)


def _print(found: Filling, template: str, *, several: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"template": template, **found._asdict()}, ensure_ascii=False))
    elif several:
        click.echo(f"{found.probability:.4f}\t{show(found.text)}")
    else:
        click.echo(found.text)
