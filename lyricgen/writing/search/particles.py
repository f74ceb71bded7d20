"""Songs that keep a form, and lines that do not stumble into their ends.

A line's last characters must make it as long as it should be, rhyme, and leave the model content with a line end there.
Drawing them one by one from what is allowed arrives at the last one with whatever came before. So the draws before it
are guided by how well each character leads there (``outlook``); and, if asked for, several particles write the end of
a line side by side, each weighted by the share of the model's probability that was allowed to it over what the guide
gave, and one of them is drawn by these weights: sampling importance resampling (Rubin 1988; for language models under
constraints, Lew et al. 2023, "Sequential Monte Carlo Steering"). The more particles, the nearer to the model's own
distribution over the lines that keep the form.

Where the end of a line is not known before it is there (lines of any length, words of letters), the line is drafted
first; if it does not rhyme, its end alone is written anew.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import SampleConfig
from lyricgen.errors import UnsatisfiableError
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import draw, draw_weighted, exponentials
from lyricgen.writing.form.tracker import LONGEST
from lyricgen.writing.sampling import NEVER, restrict
from lyricgen.writing.search.constraints import Row, Rules
from lyricgen.writing.search.lookahead import AHEAD, Outlook

TRIES = 60  # of a line, before a song counts as impossible
_SPELLERS = 16  # particles at least that spell a word, letter by letter without a guide
_BACK = 4  # so many tries each begin a line earlier
_OPEN = 8  # lines before the present one that are not handed out yet, since they may have to change


@dataclasses.dataclass
class _Song:
    rng: np.random.Generator
    rows: list[Row]
    starts: list[Row]  # of this line, last, and of those before it that may still be changed
    ended: list[Row] = dataclasses.field(default_factory=list)  # rows whose line end has been chosen
    shown: int = 0  # characters handed out
    tries: int = 0
    furthest: int = 0  # lines
    is_branched: bool = False
    is_mended: bool = False


class _Move(NamedTuple):
    song: _Song
    row: Row
    character: str


class Planner:
    """Writes songs side by side, each with its own chance."""

    def __init__(self, rules: Rules, outlook: Outlook, config: SampleConfig) -> None:
        self._rules = rules
        self._verse = rules.verse
        self._outlook = outlook
        self._signs = rules.id_to_char
        self._config = config

    def write(self, start: Row, rngs: Sequence[np.random.Generator]) -> Iterator[list[str]]:
        """Yields a list of N strings now and then: what has come to each song that will not change any more.

        Raises
        ------
        UnsatisfiableError
            A song finds no way to keep what is asked for.
        """
        rows = [] if self._verse.is_over(start.place) else [start]
        songs = [_Song(rng, list(rows), [start]) for rng in rngs]
        while any(song.rows for song in songs):
            yield self._advance(songs)

    def lines(self, start: Row, rngs: Sequence[np.random.Generator]) -> list[Row]:
        """As many ways to end the line that ``start`` is in; UnsatisfiableError if there is none."""
        songs = [_Song(rng, [start], [start]) for rng in rngs]
        found: list[Row] = []
        while songs:
            self._advance(songs)
            going = []
            for song in songs:
                row = song.rows[0] if song.rows else song.starts[-1]
                long = len(row.place.written) - len(start.place.written) >= LONGEST  # no line ends at all
                if song.rows and len(row.place.lines) == len(start.place.lines) and not long:
                    going.append(song)
                else:
                    found.append(row)
            songs = going
        return found

    def _advance(self, songs: Sequence[_Song]) -> list[str]:
        for song in songs:
            self._branch(song)
        rows = [row for song in songs for row in song.rows]
        chosen = iter(self._choose(rows, [song.rng for song in songs for _ in song.rows]))
        moves: list[_Move] = []
        for song in songs:
            going = []
            for row, character in [next(chosen) for _ in song.rows]:
                if character == self._verse.line_end and self._verse.is_line(row.place):
                    song.ended.append(row)
                elif character:
                    going.append(_Move(song, row, character))
            if song.rows:
                moves += going or self._close(song)
        self._step(moves)
        return [self._settle(song) for song in songs]

    def _branch(self, song: _Song) -> None:
        """Let particles write the end of a line, once it has come to that."""
        if song.is_branched or len(song.rows) != 1:
            return
        place = song.rows[0].place
        near = place.target is not None and place.sung >= place.target - AHEAD
        count = self._config.particles if place.word is None else max(self._config.particles, _SPELLERS)
        if not place.script and not place.is_copy and count > 1 and (near or place.word is not None):
            song.is_branched = True
            song.rows = [song.rows[0]._replace(weight=0.0)] * count

    def _close(self, song: _Song) -> list[_Move]:
        """All rows of a song have ended their line, or cannot: the one that goes on, with its line end."""
        row = self._draw_row(song)
        if row is None:
            self._retry(song)
            return []
        if not self._verse.rhymes(row.place):
            start = song.starts[-1]
            song.rows = [start._replace(place=self._verse.mend(row.place, start.place, AHEAD))]
            song.is_branched, song.is_mended = False, True
            return []
        song.is_branched = song.is_mended = False
        if self._verse.ends_song(row.place):
            song.rows, song.starts = [], [row._replace(place=row.place._replace(is_done=True))]
            return []
        return [_Move(song, row, self._verse.line_end)]

    def _draw_row(self, song: _Song) -> Row | None:
        """One of the rows that have ended their line, by weight; only a first draft need not rhyme."""
        ended, song.ended = song.ended, []
        while ended:
            weights = np.array([row.weight for row in ended])
            (drawn,) = draw(weights[None], np.array([song.rng.random()]))
            row = ended.pop(int(drawn))
            if not (song.is_branched or song.is_mended) or self._verse.rhymes(row.place):
                return row
        return None

    def _retry(self, song: _Song) -> None:
        """Write the line again; the more tries it takes, the more lines before it, too."""
        song.tries += 1
        if song.tries > TRIES:
            raise UnsatisfiableError(
                f"line {len(song.starts[-1].place.lines) + 1} cannot be written so that all that is asked for is kept "
                f"({TRIES} tries): ask for less, or take another --seed"
            )
        back = min(song.tries // _BACK, len(song.starts) - 1)
        song.starts = song.starts[: len(song.starts) - back]
        song.rows = [song.starts[-1]]
        song.is_branched = song.is_mended = False

    def _step(self, moves: Sequence[_Move]) -> None:
        for move in moves:
            move.song.rows = []
        if moves:
            after = self._rules.step([move.row for move in moves], [move.character for move in moves])
            for move, row in zip(moves, after):
                move.song.rows.append(row)

    def _settle(self, song: _Song) -> str:
        """Hand out what will not change any more."""
        if song.rows:
            place = song.rows[0].place
            if self._verse.is_over(place):
                song.starts, song.rows = [song.rows[0]], []
            elif place.text or song.is_branched:
                return ""
            elif len(place.lines) > len(song.starts[-1].place.lines):
                song.starts = [*song.starts[-_OPEN:], self._rules.alone(song.rows[0])]
                if len(place.lines) > song.furthest:
                    song.furthest, song.tries = len(place.lines), 0
        written = song.starts[0].place.written
        new, song.shown = written[song.shown :], max(song.shown, len(written))
        return new

    def _choose(self, rows: Sequence[Row], rngs: Sequence[np.random.Generator]) -> list[tuple[Row, str]]:
        """A character for each row, empty where none is possible; and the row with its weight brought up to date."""
        logits, allowed, wanted = self._rules.apply(rows)
        shares = exponentials(logits, self._config.temperature or 1)
        totals = shares.sum(axis=1)
        if self._config.top_k or self._config.top_p < 1:
            scaled = logits.astype(np.float64) / (self._config.temperature or 1)
            allowed &= restrict(np.where(allowed, scaled, NEVER), self._config) > NEVER
        shares *= allowed
        guides = self._outlook.guides([row.place for row in rows])
        if guides is not None:
            shares *= guides
        uniforms = [0.0 if each.forced else rng.random() for each, rng in zip(wanted, rngs)]
        ids, masses = self._draw(shares, np.array(uniforms))
        found = []
        for at, row in enumerate(rows):
            if wanted[at].forced:
                found.append((row, wanted[at].forced if allowed[at].any() else ""))
                continue
            char_id, mass = int(ids[at]), float(masses[at])
            while mass and not self._verse.suits(row.place, self._signs[char_id]):
                shares[at, char_id] = 0
                again, left = self._draw(shares[at : at + 1], np.array([rngs[at].random()]))
                char_id, mass = int(again[0]), float(left[0])
            gain = mass / totals[at] / (1.0 if guides is None else guides[at, char_id]) if mass else 1.0
            found.append((row._replace(weight=row.weight + math.log(gain)), self._signs[char_id] if mass else ""))
        return found

    def _draw(self, shares: Floats, uniforms: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        if self._config.temperature == 0:
            return np.argmax(shares, axis=1), shares.sum(axis=1, dtype=np.float64)
        return draw_weighted(shares, uniforms)
