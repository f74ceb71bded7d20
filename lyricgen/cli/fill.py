"""``lyricgen fill``: texts with blanks -> texts without."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from lyricgen.cli.models import model_options, open_model, warn_of_unknown
from lyricgen.cli.options import command, config_options, encoding_option, given, option, put, read_texts, show, to_json
from lyricgen.config import FILLED, FormConfig, SampleConfig, build
from lyricgen.errors import FileError, OptionError
from lyricgen.writing.filling import MAX_FILLINGS, Filling
from lyricgen.writing.template import BLANK


@command("fill")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@model_options
@config_options(SampleConfig, FormConfig, names=FILLED)
@encoding_option
@option(
    "-n", "--best", type=click.IntRange(1, MAX_FILLINGS), default=1, show_default=True, help="Fillings of each text."
)
@option("--json", is_flag=True, help="Print a line of JSON for each filling.")
@click.pass_context
def fill(
    context: click.Context,
    /,
    texts: tuple[str, ...],
    checkpoint: Path | None,
    cache: bool,
    encoding: str,
    best: int,
    json: bool,
    **values: Any,
) -> None:
    """Fill the blanks of a text, each ＿, □ or _ a character.

    TEXT is a line or several (`"$(cat song.txt)"`); -: each line of standard input. `lyricgen train --bidirectional`
    makes models for this, but any other will do. With several fillings, each has its probability before it. A form and
    a rhyme are kept by the text with its blanks filled.
    """
    if not texts:
        raise OptionError("nothing to fill: name a TEXT, or - to read lines from standard input")
    templates = list(read_texts(texts, encoding))
    for template in templates:
        if not BLANK.search(template):
            raise FileError(f"{show(template, 40)!r}: has no blank (＿, □ or _)")
    options = given(context, values)
    build(options, SampleConfig, FormConfig)  # bad options are refused before a model is read
    model = open_model(checkpoint, cache=cache)
    for template in templates:
        warn_of_unknown(model.checkpoint, BLANK.sub("", template))
        for filling in model.fill(template, best=best, watch=_counted, **options):
            _print(filling, template, several=best > 1, json=json)


def _counted(blanks: Sequence[int]) -> Iterable[int]:
    """Pass on the blanks, counted by a bar if that takes long and stderr is a terminal."""
    return tqdm(blanks, disable=None, delay=1, leave=False, dynamic_ncols=True, file=sys.stderr)


def _print(filling: Filling, template: str, *, several: bool, json: bool) -> None:
    if json:
        put(to_json({"template": template, **filling._asdict()}))
    elif several:
        put(f"{filling.probability:.4f}\t{show(filling.text)}")
    else:
        put(filling.text)
