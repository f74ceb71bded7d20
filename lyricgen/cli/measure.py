"""``lyricgen measure``: songs -> what they are like, beside the corpus."""

from __future__ import annotations

import json
import re
import statistics
from typing import IO

import click

from lyricgen.errors import FileError


@click.command()
@click.argument("songs", type=click.File("r", encoding="utf-8", errors="replace"), default="-")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON.")
def measure(songs: IO[str], as_json: bool) -> None:
    """Measure the songs themselves: variety, refrains, lines, copies.

    SONGS is a file or - for standard input: lines of JSON as `generate --json` writes them, or songs parted by blank
    lines. They are compared with the training part of dataset.safetensors of this folder, or else with that of the
    embedded corpus.
    """
    texts = _read(songs.read())
    if not texts:
        raise FileError(f"{songs.name}: no song in it")
    from lyricgen.api import find_dataset

    name, data = find_dataset()
    corpus = data.vocabulary.decode(data.train)
    known = _songs(corpus)
    figures = {**_measure(texts, known), **_copies(texts, corpus)}
    if as_json:
        click.echo(json.dumps(figures))
        return
    of_corpus = _measure(known, known)
    click.echo(f"{'':<28}{'songs':>10}{name.split('.')[0]:>20}")
    for key, value in figures.items():
        click.echo(f"{key.replace('_', ' '):<28}{_show(value):>10}{_show(of_corpus.get(key)):>20}")


def _read(text: str) -> list[str]:
    if text.lstrip().startswith("{"):
        try:
            return [str(json.loads(line)["text"]) for line in text.splitlines() if line.strip()]
        except (ValueError, KeyError, TypeError) as error:
            raise FileError(
                f"not lines of JSON with a text in each, as generate --json writes them ({error})"
            ) from error
    return _songs(text)


def _songs(text: str) -> list[str]:
    return [song for song in re.split(r"\n\s*\n", text) if song.strip()]


def _measure(songs: list[str], corpus: list[str]) -> dict[str, float]:
    from lyricgen.writing import measures

    lengths = measures.line_lengths(songs)
    return {
        "songs": len(songs),
        "distinct_1": measures.distinct(songs, 1),
        "distinct_2": measures.distinct(songs, 2),
        "repeated_lines": measures.repeated_lines(songs),
        "line_length": measures.mean_length(lengths),
        "line_length_distance": measures.distance(lengths, measures.line_lengths(corpus)),
    }


def _copies(songs: list[str], corpus: str) -> dict[str, float]:
    from lyricgen.text.copies import longest_copy

    lengths = [len(longest_copy(song, corpus)) for song in songs]
    return {"longest_copy_mean": statistics.mean(lengths), "longest_copy_max": max(lengths)}


def _show(value: float | None) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
