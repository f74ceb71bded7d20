"""Measures of songs that need no model: variety, repeated lines, line lengths."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence

from lyricgen import schema
from lyricgen.errors import FileError
from lyricgen.text.copies import CopyFinder
from lyricgen.text.songs import SONG, separator_of


def split_songs(text: str) -> list[str]:
    """The songs of a text, which blank lines part."""
    return [song for song in re.split(r"\n\s*\n", text) if song.strip()]


def split_corpus(text: str) -> list[str]:
    """The songs of a text that was read, between which two blank lines may stand."""
    return text.split(SONG) if separator_of(text) == SONG else split_songs(text)


def figures(songs: Sequence[str], corpus: Sequence[str]) -> dict[str, float]:
    """What songs are like; ``corpus``: the songs that their lines are compared with."""
    lengths = line_lengths(songs)
    return {
        "songs": len(songs),
        "distinct_1": distinct(songs, 1),
        "distinct_2": distinct(songs, 2),
        "repeated_lines": repeated_lines(songs),
        "line_length": mean_length(lengths),
        "line_length_distance": distance(lengths, line_lengths(corpus)),
    }


def copies(songs: Sequence[str], finder: CopyFinder) -> dict[str, float]:
    """How long the longest stretch is that a song has word for word from a text: the mean and the longest."""
    lengths = [len(finder.longest(song)) for song in songs] or [0]
    return {"longest_copy_mean": statistics.mean(lengths), "longest_copy_max": max(lengths)}


def distinct(songs: Sequence[str], n: int) -> float:
    """The share of distinct n-grams among all character n-grams of the lines (Li et al. 2016); 0 if there are none."""
    grams = [line[i : i + n] for song in songs for line in song.splitlines() for i in range(len(line) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def lines_of(song: str) -> list[str]:
    """The lines that are not blank, without the spaces around them."""
    return [line.strip() for line in song.splitlines() if line.strip()]


def repeated_lines(songs: Sequence[str]) -> float:
    """The share of lines that occur earlier in the same song."""
    lines = [lines_of(song) for song in songs]
    count = sum(map(len, lines))
    return 1 - sum(len(set(song)) for song in lines) / count if count else 0.0


def line_lengths(songs: Sequence[str]) -> Counter[int]:
    """How many lines there are of each length in characters."""
    return Counter(len(line) for song in songs for line in lines_of(song))


def distance(a: Counter[int], b: Counter[int]) -> float:
    """The total variation distance between two distributions: 0 if they are equal, 1 if they have nothing in common."""
    total_a, total_b = sum(a.values()) or 1, sum(b.values()) or 1
    return sum(abs(a[key] / total_a - b[key] / total_b) for key in {*a, *b}) / 2


def mean_length(lengths: Counter[int]) -> float:
    """The mean number of characters in a line."""
    return sum(length * count for length, count in lengths.items()) / (sum(lengths.values()) or 1)


def parse_songs(text: str, name: str) -> list[str]:
    """Return the songs of a text: lines of JSON with a ``text`` each, or songs separated by blank lines."""
    if not text.lstrip().startswith("{"):
        return split_corpus(text)
    try:
        return [str(schema.parse(line)["text"]) for line in text.splitlines() if line.strip()]
    except (ValueError, KeyError, TypeError) as error:
        raise FileError(
            f"{name}: not lines of JSON with a text in each, as generate --json writes them ({error})"
        ) from error
