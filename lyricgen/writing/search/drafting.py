"""The one search: each line is written several times side by side, and the best draft that keeps the form stays.

The last characters of a line must give the line its length and its rhyme, and a line end must be likely after them.
Draws from the allowed characters alone would consider this only at the last character. So each draw near the end is
weighted by how likely the character leads there (``lookahead``).

In lines without a given length, and in English, the last word is not known before it is written. If such a draft does
not rhyme, its ending is written again.

A song without a form ends where the model ends a song. So whether a blank line comes next is drawn before the drafts of
a line are begun: no score decides it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.errors import UnsatisfiableError
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import draw_weighted, exponentials, log_softmax
from lyricgen.writing import drafts
from lyricgen.writing.drafts import Draft
from lyricgen.writing.form.lines import MAX_LINE_LENGTH
from lyricgen.writing.form.state import FormState
from lyricgen.writing.sampling import NEVER, restrict
from lyricgen.writing.search.hypotheses import Hypothesis
from lyricgen.writing.search.lookahead import AHEAD
from lyricgen.writing.search.space import Options, SearchSpace

TRIES, SECONDS = 60, 20.0  # of attempts at a line before the song counts as impossible
MOST = 400  # characters after which a song without a form ends with the line
FEWEST = 4  # lines that it has, if there are drafts to choose from
_TRIES_PER_LINE = 4  # after so many drafts that failed, one more earlier line is written again
_STUB = 3  # characters at the end of --length that are too few for a line of their own
_CHANGEABLE_LINES = 8  # earlier lines that are not printed yet, because they may be written again


@dataclasses.dataclass
class _Song:
    """The search for one song."""

    rng: np.random.Generator
    line_starts: list[Hypothesis]  # of the earlier lines that may still change, and of the current line
    count: int  # drafts that each line has
    drafts: list[Hypothesis] = dataclasses.field(default_factory=list)  # of the current line
    ended: list[Hypothesis] = dataclasses.field(default_factory=list)  # drafts that have ended
    pairs: set[str] = dataclasses.field(default_factory=set)  # of the earlier lines
    is_split: bool = False  # whether the drafts are begun
    is_ending: bool = False  # whether only the line end is to be written, by one draft
    is_first: bool = False  # whether the first line is not chosen yet
    is_over: bool = False
    emitted: int = 0  # characters
    tries: int = 0  # of the current line
    tried_since: float = 0.0
    most_lines: int = 0  # that the song has had so far

    def begin_line(self, line_starts: list[Hypothesis]) -> None:
        self.line_starts, self.drafts, self.ended = line_starts, [line_starts[-1]], []
        self.is_split = self.is_ending = False

    def finish(self, last: Hypothesis) -> None:
        self.line_starts, self.drafts, self.ended, self.is_over = [last], [], [], True


class _Step(NamedTuple):
    """A draft, and the character that continues it."""

    song: _Song
    draft: Hypothesis
    character: str


class DraftSearch:
    """Writes songs side by side, each with its own random generator.

    ``blank_lines``: how many of them end a song; None if songs end by their form or their length.
    """

    def __init__(self, space: SearchSpace, blank_lines: int | None = None) -> None:
        self._space = space
        self._tracker = space.tracker
        self._config = space.config
        self._temperature = space.config.temperature or 1
        self._count = space.config.drafts if space.config.temperature else 1
        self._blank_lines = blank_lines
        self._line_end = space.id_of(space.tracker.line_end)
        self._lag = 0 if self._tracker.is_free and self._config.is_free else _CHANGEABLE_LINES
        self.copied: list[str] = []  # lines that had to copy more than ``--max-copy`` by default

    def write(
        self,
        starts: Sequence[Hypothesis],
        rngs: Sequence[np.random.Generator],
        openings: set[str] | None = None,
        *,
        is_plain: bool = False,
    ) -> Iterator[list[str]]:
        """Yields lists of N strings: for each song, the new characters that will not change any more.

        What has been written at the start already is new, too. ``openings``: the pairs of the first lines of other
        songs, to which those of these songs are added. ``is_plain``: take the first draft of each line.

        Raises
        ------
        UnsatisfiableError
            No continuation of a song was found that satisfies all constraints.
        """
        openings = set() if openings is None else openings
        count = 1 if is_plain else self._count
        songs = [_Song(rng, [], count, is_first=count > 1) for rng in rngs]
        for song, start in zip(songs, starts):
            song.pairs = _pairs(start)
            self._begin_line(song, start)
        while not all(song.is_over for song in songs):
            self._step(songs)
            self._choose(songs, openings)
            yield [self._emit(song) for song in songs]

    def lines(self, start: Hypothesis, rng: np.random.Generator, count: int = 1) -> list[str]:
        """Different ways to end the current line, the best first; UnsatisfiableError if none was found."""
        song = _Song(rng, [], max(count, self._count), pairs=_pairs(start))
        song.begin_line([self._space.detach(start)])
        while song.drafts:
            self._step([song])
        ranked = self._ranked(song, ())
        new = [draft.state.written[len(start.state.written) :] for draft in ranked]
        ends = ["" if self._is_cut(song, draft.state) else self._tracker.line_end for draft in ranked]
        return list(dict.fromkeys(map(str.__add__, new, ends)))[:count]

    def _step(self, songs: Sequence[_Song]) -> None:
        """Write one more character of each draft; those that end their line are ``ended`` then."""
        for song in songs:
            self._split(song)
        drawing = [song for song in songs if not song.is_ending]
        draws = iter(self._draw([(song, draft) for song in drawing for draft in song.drafts]))
        steps: list[_Step] = []
        for song in songs:
            before, song.drafts = song.drafts, []
            for draft in before:
                if song.is_ending:
                    steps.append(_Step(song, draft, self._tracker.line_end))
                else:
                    steps += self._continue(song, *next(draws))
        self._advance(steps)
        for song in songs:
            if not (song.is_over or song.drafts or song.ended):
                self._retry(song)

    def _split(self, song: _Song) -> None:
        """Begin the drafts, where the form no longer says what comes next."""
        if song.is_split or song.is_ending or not song.drafts:
            return
        state = song.drafts[0].state
        if not (state.forced_text or state.is_repeat or (state.line.first and not state.text)):
            song.is_split, song.drafts = True, song.drafts * song.count

    def _continue(self, song: _Song, draft: Hypothesis, character: str) -> list[_Step]:
        """The step that continues a draft, if it does not end here."""
        if character != self._tracker.line_end or not (
            self._tracker.is_free or self._tracker.can_end_line(draft.state)
        ):
            return [_Step(song, draft, character)] if character else []
        if self._tracker.is_free or self._tracker.is_satisfied(draft.state):
            song.ended.append(draft)
        elif self._tracker.has_measure(draft.state) and not draft.is_rewritten:
            song.drafts.append(self._rewrite(song.line_starts[-1], draft))
        return []

    def _rewrite(self, start: Hypothesis, draft: Hypothesis) -> Hypothesis:
        """The draft before its ending, which does not rhyme."""
        state = self._tracker.rewrite_ending(draft.state, start.state, ahead=AHEAD)
        after = []  # each of its characters, the last one first
        while draft.before is not None:
            after.append(draft)
            draft = draft.before
        forced = state.forced_text
        if not forced or not after:
            return start._replace(state=state, is_rewritten=True)
        for character in forced:
            state = self._tracker.advance(state, character)
        return after[-len(forced)]._replace(state=state, is_rewritten=True)

    def _advance(self, steps: Sequence[_Step]) -> None:
        if not steps:
            return
        keeps_all = self._tracker.rhyming.needs_drafts
        after = self._space.advance([step.draft for step in steps], [step.character for step in steps])
        for (song, before, _), draft in zip(steps, after):
            if song.is_ending:
                self._begin_line(song, draft)
            elif self._tracker.is_over(draft.state) or self._is_cut(song, draft.state):
                song.ended.append(draft)
            else:
                song.drafts.append(draft._replace(before=before) if keeps_all else draft)

    def _is_cut(self, song: _Song, state: FormState) -> bool:
        """Whether a line without a form ends here without a line end: it is too long, or it ends the song."""
        length = len(state.written) - len(song.line_starts[-1].state.written)
        return self._tracker.is_free and (length >= MAX_LINE_LENGTH or state.remaining == 0)

    # -- the next character

    def _draw(self, rows: Sequence[tuple[_Song, Hypothesis]]) -> list[tuple[Hypothesis, str]]:
        """Each draft with the character that continues it, drawn by the generator of its song; empty if none may."""
        if not rows:
            return []
        hypotheses = [draft for _, draft in rows]
        options = self._space.options(hypotheses, are_drafts=True)
        open_rows = [row for row, draft in enumerate(hypotheses) if not self._may_end(draft.state)]
        options.allowed[open_rows, self._line_end] = False
        shares = exponentials(options.logits, self._temperature)
        shares *= self._restrict(options)
        lookahead = self._space.lookahead.weights([draft.state for draft in hypotheses])
        if lookahead is not None:
            shares *= lookahead
        uniforms = [0.0 if forced else song.rng.random() for forced, (song, _) in zip(options.forced, rows)]
        ids, masses = self._draw_ids(shares, np.array(uniforms))
        for row in (row for row, forced in enumerate(options.forced) if forced):
            ids[row], masses[row] = self._space.id_of(options.forced[row]), options.allowed[row].any()
        nats = np.zeros(len(ids))
        if rows[0][0].count > 1:
            weights = [1.0 if draft.state.text else drafts.FIRST for draft in hypotheses]
            nats = _log_probabilities(options.output.logits, ids) * weights
        signs = self._space.vocabulary.id_to_char
        characters = (forced or signs[char_id] for forced, char_id in zip(options.forced, ids.tolist()))
        return [
            (draft._replace(nats=draft.nats + gain, copies=draft.copies or copies), character if mass else "")
            for draft, gain, copies, character, mass in zip(
                hypotheses, nats.tolist(), options.copies.tolist(), characters, masses.tolist()
            )
        ]

    def _may_end(self, state: FormState) -> bool:
        """Whether a line end may come: it makes no blank line that is not drawn so, no empty song and no stub."""
        if not self._tracker.is_free:
            return True
        if self._count > 1:
            return bool(state.text) and (state.remaining is None or state.remaining > _STUB)
        return bool(state.text) or self._blank_lines is None or any(state.lines)

    def _restrict(self, options: Options) -> NDArray[np.bool_]:
        """The allowed characters (N, V) that top-k and top-p keep."""
        if not self._config.top_k and self._config.top_p == 1:
            return options.allowed
        scaled = np.where(options.allowed, options.logits.astype(np.float64) / self._temperature, NEVER)
        rows = np.flatnonzero(scaled.max(axis=1) > NEVER)  # others force a character that the model does not know
        allowed = options.allowed.copy()
        allowed[rows] = restrict(scaled[rows], self._config) > NEVER
        return allowed

    def _draw_ids(self, shares: Floats, uniforms: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """An id for each row of shares (N, V), and the sums of the rows (N,)."""
        if self._config.temperature == 0:
            return np.argmax(shares, axis=1), shares.sum(axis=1, dtype=np.float64)
        return draw_weighted(shares, uniforms)

    # -- the best draft, and the next line

    def _choose(self, songs: Sequence[_Song], openings: set[str]) -> None:
        """Choose a line where all drafts have ended; first lines in the order of the songs, so that they differ."""
        is_next = True
        for song in songs:
            if song.ended and not song.drafts and (is_next or not song.is_first):
                self._end_line(song, openings)
            is_next = is_next and not song.is_first

    def _end_line(self, song: _Song, openings: set[str]) -> None:
        best = self._ranked(song, openings)[0]
        song.ended = []
        if song.is_first:
            openings.update(drafts.pairs_of(best.state.text))
            song.is_first = False
        self.copied += [best.state.text] * best.copies
        is_long = self._blank_lines is not None and len(best.state.written) >= MOST
        if self._tracker.is_over(best.state) or is_long:
            song.finish(best)
        elif self._tracker.ends_song(best.state):
            song.finish(best._replace(state=best.state._replace(is_done=True)))
        elif self._is_cut(song, best.state):
            self._begin_line(song, best)
        else:
            song.drafts, song.is_ending = [best], True

    def _ranked(self, song: _Song, openings: Collection[str]) -> list[Hypothesis]:
        """The drafts that have ended, the best first."""
        if len(song.ended) == 1:
            return song.ended
        before = len(song.line_starts[-1].state.written)
        usual = float(np.median([len(draft.state.text) for draft in song.ended]))
        ends = log_softmax(np.stack([draft.output.logits[draft.row] for draft in song.ended]))[:, self._line_end]
        scores = []
        for draft, end in zip(song.ended, ends.tolist()):
            state = draft.state
            is_rhymed, has_length = state.line.rhyme is not None, state.line.length is not None
            characters = len(state.written) - before
            line = Draft(state.text, draft.nats, characters, end, max(usual, 1), is_rhymed, has_length, draft.copies)
            scores.append(drafts.score(line, state.lines, song.pairs, openings if song.is_first else ()))
        return [song.ended[row] for row in np.argsort(-np.array(scores), kind="stable")]

    def _begin_line(self, song: _Song, last: Hypothesis) -> None:
        """Begin the line after ``last``, unless the song is over."""
        lines = last.state.lines
        if self._tracker.is_over(last.state) or self._ends_song(lines):
            song.is_first = False
            song.finish(last)
            return
        song.begin_line([*song.line_starts, self._space.detach(last)][-1 - self._lag :])
        if len(lines) > song.most_lines:
            song.most_lines, song.tries = len(lines), 0
        song.pairs.update(drafts.pairs_of(lines[-1]) if lines else ())
        song.is_ending = self._draw_blank_line(song)

    def _ends_song(self, lines: Sequence[str]) -> bool:
        """Whether a song without a form ends with these lines: it has as many blank ones at its end as that takes."""
        count = self._blank_lines
        return count is not None and any(lines) and len(lines) > count and not any(lines[-count:])

    def _draw_blank_line(self, song: _Song) -> bool:
        """Whether the model leaves the line blank that begins, where the drafts do not decide it."""
        start = song.line_starts[-1]
        lines = start.state.lines
        if self._count == 1 or not self._tracker.is_free or start.state.text or not any(lines):
            return False
        if start.state.remaining is not None and start.state.remaining <= _STUB + 1:
            return False
        count = sum(map(bool, lines))
        if count == 1 or (self._ends_song((*lines, "")) and count < FEWEST):  # a single line is a title, not a stanza
            return False
        options = self._space.options([start])
        (nats,) = _log_probabilities(options.output.logits, np.array([self._line_end]))
        return bool(options.allowed[0, self._line_end]) and song.rng.random() < float(np.exp(nats))

    def _retry(self, song: _Song) -> None:
        """Write the line again. After several tries, write earlier lines again, too."""
        song.tries += 1
        if song.tries == 1:
            song.tried_since = time.monotonic()
        if song.tries >= TRIES or time.monotonic() - song.tried_since > SECONDS:
            raise UnsatisfiableError(
                f"line {len(song.line_starts[-1].state.lines) + 1} cannot be written: {song.tries} tries did not "
                "satisfy all constraints; remove a constraint, or take another --seed"
            )
        earlier = song.tries // max(_TRIES_PER_LINE // self._count, 1)
        song.begin_line(song.line_starts[: max(len(song.line_starts) - earlier, 1)])
        song.pairs = _pairs(song.line_starts[-1])

    def _emit(self, song: _Song) -> str:
        """The new characters that will not change any more. The line ends that end a song are not printed."""
        written = song.line_starts[0].state.written
        if self._blank_lines is not None:
            written = written.rstrip(self._tracker.line_end)
        new, song.emitted = written[song.emitted :], max(song.emitted, len(written))
        return new


def _pairs(start: Hypothesis) -> set[str]:
    return {pair for line in start.state.lines for pair in drafts.pairs_of(line)}


def _log_probabilities(logits: Floats, ids: NDArray[np.intp]) -> Floats:
    """ln p (N,) of ids (N,), by logits (N, V)."""
    highest, totals = logits.max(axis=1), exponentials(logits).sum(axis=1)
    logarithms: Floats = logits[np.arange(len(ids)), ids] - highest - np.log(totals)
    return logarithms
