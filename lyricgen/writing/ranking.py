"""The best of many songs: the likely ones that neither go round in circles nor copy.

    score = min(z(l), ``LIKELY``) + z(v) - z(c)

l is the mean ln p of a character under the model itself. v is the share of different pairs of characters (distinct-2,
Li et al. 2016), times the share of lines that are new in the song. c is the length of the longest stretch that stands
in the training text, where that is kept. z is the distance from the mean over all the songs in standard deviations, at
most ``FARTHEST`` either way: so the parts count alike, and none decides alone. The likeliest songs are loops and
copies, not the best ones (Holtzman et al. 2020), so more than ``LIKELY`` above the mean gains nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import SampleConfig
from lyricgen.errors import OptionError
from lyricgen.writing import measures

MAX_SONGS = 1000  # songs
LIKELY, FARTHEST = 1.0, 2.0  # standard deviations
ALIKE = 0.3  # share of common pairs; of songs drawn apart one couple in ten has more


class Figures(NamedTuple):
    """What a song is ranked by."""

    log_probability: float  # mean of a character, in nats
    variety: float
    longest_copy: int | None  # characters; None if no training text is known


class Ranked(NamedTuple):
    """A song with its number among all that were written, from 0, and its score among them."""

    text: str
    sample: int
    score: float
    figures: Figures


def check(best_of: int, samples: int, config: SampleConfig) -> None:
    """OptionError if so many of so many songs, drawn so, cannot be chosen."""
    if not 1 <= best_of <= MAX_SONGS:
        raise OptionError(f"--best-of: {best_of:,} is not from 1 to {MAX_SONGS:,}")
    if samples > best_of:
        raise OptionError(f"--samples: {samples:,} songs cannot be the best of {best_of:,}; raise --best-of")
    if config.temperature == 0:
        raise OptionError("--best-of: --temperature 0 writes the same song each time; raise it or leave --best-of out")


def variety(song: str) -> float:
    """The share of different pairs of characters, times that of the lines that are new; from 0 to 1."""
    return measures.distinct([song], 2) * (1 - measures.repeated_lines([song]))


def choose(songs: Sequence[tuple[str, Figures]], count: int) -> list[Ranked]:
    """The ``count`` songs with the highest scores, the best first.

    A song that shares more than ``ALIKE`` of its pairs of characters with a better one that is chosen is passed over,
    unless too few are left.
    """
    scores = _scores([figures for _, figures in songs])
    ranked = [Ranked(text, number, scores[number], figures) for number, (text, figures) in enumerate(songs)]
    ranked.sort(key=lambda song: -song.score)
    different = list(_different(ranked))[:count]
    others = [song for song in ranked if song not in different]
    return sorted(different + others[: count - len(different)], key=lambda song: -song.score)


def _scores(figures: Sequence[Figures]) -> list[float]:
    if not figures:
        return []
    likelihoods, varieties, copies = zip(*figures)
    scores = np.minimum(_standard(likelihoods), LIKELY) + _standard(varieties)
    if None not in copies:
        scores = scores - _standard(copies)
    found: list[float] = scores.tolist()
    return found


def _standard(values: Sequence[float]) -> NDArray[np.float64]:
    """z of each value, within the bounds; 0 if all are equal."""
    distances = np.array(values, float) - np.mean(values)
    deviation = float(distances.std())
    if deviation < 1e-9:
        return np.zeros(len(values))
    clipped: NDArray[np.float64] = np.clip(distances / deviation, -FARTHEST, FARTHEST)
    return clipped


def _different(ranked: Sequence[Ranked]) -> Iterator[Ranked]:
    """The songs that are not like an earlier one of those."""
    kept: list[set[str]] = []
    for song in ranked:
        pairs = _pairs(song.text)
        if all(_common(pairs, other) <= ALIKE for other in kept):
            kept.append(pairs)
            yield song


def _pairs(song: str) -> set[str]:
    return {line[at : at + 2] for line in song.splitlines() for at in range(len(line) - 1)}


def _common(one: set[str], other: set[str]) -> float:
    """The share of the pairs of the smaller set that the other has, too."""
    return len(one & other) / max(min(len(one), len(other)), 1)
