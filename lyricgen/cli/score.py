"""``lyricgen score``: lines -> how surprising each is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from lyricgen import memory
from lyricgen.cli.models import model_options, open_models
from lyricgen.cli.options import STDIN, read_texts


@click.command()
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each line.")
def score(paths: tuple[Path, ...], weights: str | None, cache: bool, as_json: bool) -> None:
    """Rank lines: bits per character of each line of standard input.

    Prints the bits, a tab and the line (so that `sort -n` brings the likeliest to the top), or JSON. A line is read as
    the beginning of a song; one without a character has no score (nan).
    """
    from lyricgen.text.prompt import line_start, normalise_prompt
    from lyricgen.model import scoring

    memory.keep_freed()
    model = open_models(paths, weights, cached=cache)
    decoder, vocabulary = model.decoder, model.checkpoint.vocabulary
    for line in read_texts([STDIN]):
        ids = vocabulary.encode(line_start(vocabulary) + normalise_prompt(vocabulary, line))
        result = scoring.score(decoder.probabilities(ids), ids) if len(ids) > 1 else None
        bits = result.bits_per_character if result else None
        if as_json:
            figures: dict[str, Any] = {"text": line, "characters": len(ids) - 1, "bits_per_character": bits}
            figures["unknown"] = result.unknown if result else 0
            words = json.dumps(figures, ensure_ascii=False)
        else:
            words = f"{'nan' if bits is None else format(bits, '.4f')}\t{line}"
        sys.stdout.write(words + "\n")
        sys.stdout.flush()
