"""The likeliest song instead of a drawn one: beam search, and several songs that differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from lyricgen.config import SampleConfig
from lyricgen.errors import UnsatisfiableError
from lyricgen.model.probability import log_softmax
from lyricgen.writing.sampling import NEVER, Logits, likeliest
from lyricgen.writing.search.constraints import Row, Rules
from lyricgen.writing.search.lookahead import Outlook

_DIVERSITY = 0.5  # nats


@dataclasses.dataclass
class _Group:
    """One song's search: the unfinished rows, the likeliest first, and the finished ones."""

    rows: list[Row]
    ended: list[Row] = dataclasses.field(default_factory=list)
    shown: int = 0
    song: str = ""


class _Move(NamedTuple):
    song: _Group
    row: Row
    character: str


def search(rules: Rules, outlook: Outlook, start: Row, config: SampleConfig, *, groups: int) -> Iterator[list[str]]:
    """As ``Planner.write``, for ``groups`` songs: the likeliest of those that ``config.beam`` rows find.

    Songs of different lengths compete by ln p per character (length normalisation, Wu et al. 2016, with exponent 1).
    Each group pays ``_DIVERSITY`` nats for a character as often as the rows of earlier ones have it at that step
    (diverse beam search, Vijayakumar et al. 2018, with the Hamming distance), and takes no song that one of them took.
    The first song is the same, bit for bit, however many groups there are.

    Raises
    ------
    UnsatisfiableError
        No row keeps what is asked for.
    """
    verse = rules.verse
    songs = [_Group([] if verse.is_over(start.place) else [start]) for _ in range(groups)]
    while any(song.rows for song in songs):
        _advance(rules, outlook, songs, config)
        yield [_settle(song, [other.song for other in songs[:at]]) for at, song in enumerate(songs)]


def _advance(rules: Rules, outlook: Outlook, songs: Sequence[_Group], config: SampleConfig) -> None:
    rows = [row for song in songs for row in song.rows]
    gains, guides = _gains(rules, outlook, rows)
    taken = np.zeros(gains.shape[1])
    moves: list[_Move] = []
    at = 0
    for song in songs:
        part = slice(at, at + len(song.rows))
        at = part.stop
        if song.rows:
            before = np.array([row.weight for row in song.rows])[:, None]
            scores = before + gains[part] + guides[part] - _DIVERSITY * taken
            numbers, ids = likeliest(scores, config.beam)
            if not len(ids) and not song.ended:
                raise UnsatisfiableError(
                    "the beam finds no song that keeps all that is asked for: widen --beam, or ask for less"
                )
            for number, char_id in zip(numbers, ids):
                row, gain = song.rows[number], float(gains[part][number, char_id])
                moves.append(_Move(song, row._replace(weight=row.weight + gain), rules.id_to_char[char_id]))
                taken[char_id] += 1
    for song in songs:
        song.rows = []
    first = sum(move.song is songs[0] for move in moves)
    _step(rules, moves[:first])  # apart from the others, since a product's rounding depends on how many rows it has
    _step(rules, moves[first:])
    for song in songs:
        if len(song.ended) >= config.beam:
            song.rows = []


def _step(rules: Rules, moves: Sequence[_Move]) -> None:
    if moves:
        songs, rows, characters = zip(*moves)
        for song, row in zip(songs, rules.step(rows, characters)):
            (song.ended if rules.verse.is_over(row.place) else song.rows).append(row)


def _gains(rules: Rules, outlook: Outlook, rows: Sequence[Row]) -> tuple[Logits, Logits]:
    """ln p (N, V) of what each row may go on with, and ln of what that is worth for the end of its line."""
    logits, allowed, _ = rules.apply(rows)
    gains = log_softmax(logits)
    verse = rules.verse
    for at, row in enumerate(rows):
        if verse.is_line(row.place) and not verse.rhymes(row.place):
            allowed[at, rules.line_end] = False
    guides = outlook.guides([row.place for row in rows])
    worth = np.zeros_like(gains) if guides is None else np.log(np.maximum(guides, 1e-30))
    return np.where(allowed, gains, NEVER), worth


def _mean(row: Row) -> float:
    return row.weight / max(len(row.place.written), 1)


def _settle(group: _Group, taken: Sequence[str]) -> str:
    """Hand out what all rows have in common; the best one, once it is found."""
    if group.rows:
        texts = [row.place.written for row in group.rows + group.ended]
        same = (len(set(column)) == 1 for column in zip(*texts))
        written = texts[0][: sum(takewhile(bool, same))]
    else:
        best = sorted(group.ended, key=_mean, reverse=True)
        songs = [row.place.written for row in best]
        written = group.song = group.song or next((song for song in songs if song not in taken), songs[0])
    new, group.shown = written[group.shown :], max(group.shown, len(written))
    return new
