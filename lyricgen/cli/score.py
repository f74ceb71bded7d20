"""``lyricgen score``: lines -> the surprisal of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from lyricgen.cli.models import model_options, open_model
from lyricgen.cli.options import command, encoding_option, expand, option, put, read_texts, to_json
from lyricgen.config import STDIN
from lyricgen.model.scoring import Score
from lyricgen.text import corpus


@command("score")
@click.argument("files", nargs=-1, metavar="[FILE]...", callback=expand)
@model_options
@encoding_option
@option("--json", is_flag=True, help="Print a line of JSON for each line.")
def score(files: tuple[str, ...], checkpoint: Path | None, cache: bool, encoding: str, json: bool) -> None:
    """Rank lines: bits per character of each line of files.

    FILE is anything that `lyricgen prepare` reads; without one, or with -, each line of standard input counts. Prints
    the bits, a tab and the line (so that `sort -n` brings the likeliest to the top), or JSON. A line is read as the
    beginning of a song; one without a character has no score (nan).
    """
    model = open_model(checkpoint, cache=cache)
    model.check_writes()
    for line in _lines(files or (STDIN,), encoding):
        put(_show(line, model.score(line), json=json))


def _lines(files: tuple[str, ...], encoding: str) -> Iterator[str]:
    for file in files:
        if file == STDIN:
            yield from read_texts([STDIN], encoding)
        else:
            yield from "".join(corpus.read([file], encoding=encoding)).splitlines()


def _show(line: str, score: Score | None, *, json: bool) -> str:
    bits = score.bits_per_character if score else None
    if not json:
        return f"{'nan' if bits is None else format(bits, '.4f')}\t{line}"
    figures: dict[str, Any] = {"text": line, "characters": score.characters if score else 0}
    figures |= {"bits_per_character": bits, "unknown": score.unknown if score else 0}
    return to_json(figures)
