"""Draws songs that keep a form, by importance sampling.

The last characters of a line must give the line its length and its rhyme, and a line end must be likely after them.
Draws from the allowed characters alone would consider this only at the last character. So each draw near the end is
weighted by how likely the character leads there (``lookahead``).

With several particles, the end of a line is written several times side by side. The weight of a particle is the
probability of the allowed characters, divided by the weights of the lookahead. One particle is drawn by these weights.
This is sampling importance resampling (Rubin 1988; for language models under constraints: Lew et al. 2023, "Sequential
Monte Carlo Steering"). More particles come closer to the model's own distribution over the lines that keep the form.

In lines without a given length, and in English, the last word is not known before it is written. Such a line is a draft
at first. If it does not rhyme, its end is written again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lyricgen.config import SampleConfig
from lyricgen.errors import UnsatisfiableError
from lyricgen.model.probability import draw
from lyricgen.writing.form.lines import MAX_LINE_LENGTH
from lyricgen.writing.search.drawing import CharacterSampler, Draw
from lyricgen.writing.search.hypotheses import Hypothesis
from lyricgen.writing.search.lookahead import AHEAD
from lyricgen.writing.search.space import SearchSpace

TRIES = 60  # attempts at a line before the song counts as impossible
_TRIES_PER_LINE = 4  # after so many attempts, one more earlier line is written again
_CHANGEABLE_LINES = 8  # earlier lines that are not printed yet, because they may be written again
_MIN_WORD_PARTICLES = 16  # a rhyming word is spelled without lookahead, so it needs more particles


@dataclasses.dataclass
class _Song:
    """The search for one song."""

    rng: np.random.Generator
    particles: list[Hypothesis]  # of the current line
    line_starts: list[Hypothesis]  # of the earlier lines that may still change, and of the current line
    ended: list[Hypothesis] = dataclasses.field(default_factory=list)  # particles whose line end has been drawn
    emitted: int = 0  # characters
    tries: int = 0  # of the current line
    most_lines: int = 0  # that the song has had so far
    is_split: bool = False  # whether there are several particles
    is_rewritten: bool = False  # whether a draft did not rhyme
    draft: list[Hypothesis] = dataclasses.field(default_factory=list)  # the current line after each of its characters

    def restart_line(self, start: Hypothesis, *, is_rewritten: bool = False) -> None:
        self.particles, self.is_split, self.is_rewritten, self.draft = [start], False, is_rewritten, []


class _Step(NamedTuple):
    """A particle, and the character that continues it."""

    song: _Song
    particle: Hypothesis
    character: str


class ParticleSampler:
    """Writes songs side by side, each with its own random generator."""

    def __init__(self, space: SearchSpace, config: SampleConfig) -> None:
        self._space = space
        self._tracker = space.tracker
        self._characters = CharacterSampler(space, config)
        self._particles = config.particles

    def write(self, starts: Sequence[Hypothesis], rngs: Sequence[np.random.Generator]) -> Iterator[list[str]]:
        """Yields lists of N strings: for each song, the new characters that will not change any more.

        What has been written at the start already is new, too.

        Raises
        ------
        UnsatisfiableError
            No continuation of a song was found that satisfies all constraints.
        """
        songs = [
            _Song(rng, [] if self._tracker.is_over(start.state) else [start], [start])
            for start, rng in zip(starts, rngs)
        ]
        while any(song.particles for song in songs):
            yield self._advance(songs)

    def lines(self, start: Hypothesis, rngs: Sequence[np.random.Generator]) -> list[Hypothesis]:
        """One way for each generator to end the current line of ``start``; UnsatisfiableError if none was found."""
        songs = [_Song(rng, [start], [start]) for rng in rngs]
        found: list[Hypothesis] = []
        while songs:
            self._advance(songs)
            ended = [song for song in songs if _has_left_line(song, start)]
            found += [song.particles[0] if song.particles else song.line_starts[-1] for song in ended]
            songs = [song for song in songs if not _has_left_line(song, start)]
        return found

    def _advance(self, songs: Sequence[_Song]) -> list[str]:
        """One more character for each particle; returns the characters that are settled now."""
        for song in songs:
            self._split(song)
        particles = [particle for song in songs for particle in song.particles]
        draws = iter(self._characters.draw(particles, [song.rng for song in songs for _ in song.particles]))
        steps: list[_Step] = []
        for song in [song for song in songs if song.particles]:
            own = [next(draws) for _ in song.particles]
            steps += self._continue(song, own) or self._end_line(song)
        self._step(steps)
        return [self._emit(song) for song in songs]

    def _split(self, song: _Song) -> None:
        """Replace one particle by several, near the end of the line."""
        if song.is_split or len(song.particles) != 1:
            return
        state = song.particles[0].state
        is_word = state.word_rests is not None
        is_near_end = state.target is not None and state.counted >= state.target - AHEAD
        count = max(self._particles, _MIN_WORD_PARTICLES) if is_word else self._particles
        if count > 1 and (is_near_end or is_word) and not state.forced_text and not state.is_repeat:
            song.is_split = True
            song.particles = [song.particles[0]._replace(weight=0.0)] * count

    def _continue(self, song: _Song, draws: Sequence[Draw]) -> list[_Step]:
        """The draws that continue the line. Particles that end it are recorded, those without a character dropped."""
        steps = []
        for particle, character in draws:
            if character == self._tracker.line_end and self._tracker.can_end_line(particle.state):
                song.ended.append(particle)
            elif character:
                steps.append(_Step(song, particle, character))
        return steps

    def _end_line(self, song: _Song) -> list[_Step]:
        """All particles have ended their line or are dropped: draw one of them. Returns the step into the next line."""
        particle = self._draw_particle(song)
        if particle is None:
            self._retry(song)
            return []
        state = particle.state
        if not self._tracker.rhyming.is_satisfied(state):
            start = song.line_starts[-1]
            rewritten = self._tracker.rewrite_ending(state, start.state, ahead=AHEAD)
            song.restart_line(self._follow(song.draft, start._replace(state=rewritten)), is_rewritten=True)
            return []
        song.is_split = song.is_rewritten = False
        if self._tracker.ends_song(state):
            song.particles, song.line_starts = [], [particle._replace(state=state._replace(is_done=True))]
            return []
        return [_Step(song, particle, self._tracker.line_end)]

    def _follow(self, draft: Sequence[Hypothesis], start: Hypothesis) -> Hypothesis:
        """The hypothesis after the forced text of ``start``, which is what a draft begins with: decoded already.

        A line of known length is no draft; it may still not rhyme, if it ends in Latin letters.
        """
        forced, state = start.state.forced_text, start.state
        if not forced or not draft:
            return start
        for character in forced:
            state = self._tracker.advance(state, character)
        return draft[len(forced) - 1]._replace(state=state, weight=start.weight)

    def _draw_particle(self, song: _Song) -> Hypothesis | None:
        """A particle that has ended its line, drawn by weight. It must rhyme, unless it is the draft of the line."""
        ended, song.ended = song.ended, []
        is_draft = not (song.is_split or song.is_rewritten)
        while ended:
            particle = ended.pop(_draw_index([each.weight for each in ended], song.rng))
            may_rhyme = is_draft or self._tracker.rhyming.is_satisfied(particle.state)
            if may_rhyme and self._tracker.has_measure(particle.state):
                return particle
        return None

    def _retry(self, song: _Song) -> None:
        """Write the line again. After several tries, write earlier lines again, too."""
        song.tries += 1
        if song.tries > TRIES:
            raise UnsatisfiableError(
                f"line {len(song.line_starts[-1].state.lines) + 1} cannot be written: {TRIES} tries did not satisfy "
                "all constraints; remove a constraint, or take another --seed"
            )
        earlier = min(song.tries // _TRIES_PER_LINE, len(song.line_starts) - 1)
        song.line_starts = song.line_starts[: len(song.line_starts) - earlier]
        song.restart_line(song.line_starts[-1])

    def _step(self, steps: Sequence[_Step]) -> None:
        for step in steps:
            step.song.particles = []
        if steps:
            after = self._space.advance([step.particle for step in steps], [step.character for step in steps])
            for step, particle in zip(steps, after):
                step.song.particles.append(particle)
                if self._tracker.rhyming.needs_drafts and not (step.song.is_split or step.song.is_rewritten):
                    step.song.draft.append(particle)

    def _emit(self, song: _Song) -> str:
        """The new characters that will not change any more."""
        if song.particles:
            particle = song.particles[0]
            if self._tracker.is_over(particle.state):
                song.particles, song.line_starts = [], [particle]
            elif particle.state.text or song.is_split:
                return ""
            else:
                self._begin_line(song, particle)
        written = song.line_starts[0].state.written
        new, song.emitted = written[song.emitted :], max(song.emitted, len(written))
        return new

    def _begin_line(self, song: _Song, particle: Hypothesis) -> None:
        """Record the beginning of a new line; there is none yet after a blank line or before the first character."""
        lines = len(particle.state.lines)
        if lines <= len(song.line_starts[-1].state.lines):
            return
        song.draft = []
        song.line_starts = [*song.line_starts[-_CHANGEABLE_LINES:], self._space.detach(particle)]
        if lines > song.most_lines:
            song.most_lines, song.tries = lines, 0


def _draw_index(log_weights: Sequence[float], rng: np.random.Generator) -> int:
    (index,) = draw(np.array([log_weights]), np.array([rng.random()]))
    return int(index)


def _has_left_line(song: _Song, start: Hypothesis) -> bool:
    """Whether a song has ended the line of ``start``, or is too long for a model that writes no line ends."""
    if not song.particles:
        return True
    state = song.particles[0].state
    is_too_long = len(state.written) - len(start.state.written) >= MAX_LINE_LENGTH
    return is_too_long or len(state.lines) != len(start.state.lines)
