"""Beam search: the likeliest songs instead of drawn ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from lyricgen.errors import OptionError, UnsatisfiableError
from lyricgen.model.probability import log_softmax
from lyricgen.writing.sampling import NEVER, Logits, likeliest
from lyricgen.writing.search.hypotheses import Hypothesis
from lyricgen.writing.search.space import SearchSpace

MOST = 16_384  # hypotheses of all songs; each has a row of logits
_DIVERSITY = 0.5  # nats that a character costs for each hypothesis of an earlier group that has it at the same position


@dataclasses.dataclass
class _Group:
    """The search for one song."""

    beam: list[Hypothesis]  # unfinished, the likeliest first
    ended: list[Hypothesis] = dataclasses.field(default_factory=list)
    emitted: int = 0  # characters
    song: str = ""  # once it is found


class _Step(NamedTuple):
    group: _Group
    hypothesis: Hypothesis
    char_id: int


class _Scores(NamedTuple):
    """Of each next character (N, V)."""

    gains: Logits  # ln p, -inf if it is not allowed
    lookahead: Logits  # ln of the weight of the lookahead


class BeamSearch:
    """Finds the likeliest songs that satisfy all constraints.

    Songs of different lengths are compared by ln p per character (length normalisation, Wu et al. 2016, exponent 1).
    Several songs are searched by groups (diverse beam search, Vijayakumar et al. 2018, with the Hamming distance). No
    group takes a song that an earlier group has taken. The first song is the same, bit for bit, however many there are.

    Raises
    ------
    OptionError
        Some line must rhyme whose last character is not known before it is written.
    """

    def __init__(self, space: SearchSpace, width: int) -> None:
        if space.tracker.rhyming.needs_drafts:
            raise OptionError(
                "--beam: finds rhymes only in Chinese, in lines of a given length; give --line-length or --form"
            )
        self._space = space
        self._tracker = space.tracker
        self._width = width

    def write(self, start: Hypothesis, groups: int) -> Iterator[list[str]]:
        """As ``ParticleSampler.write``, for so many songs.

        Raises
        ------
        UnsatisfiableError
            No hypothesis satisfies all constraints.
        """
        if groups * self._width > MOST:
            raise OptionError(
                f"--beam: {groups:,} songs of {self._width:,} hypotheses are more than {MOST:,}: lower one of them"
            )
        beam = [] if self._tracker.is_over(start.state) else [start]
        songs = [_Group(list(beam)) for _ in range(groups)]
        while any(group.beam for group in songs):
            self._advance(songs)
            yield [_emit(group, [other.song for other in songs[:i]]) for i, group in enumerate(songs)]

    def _advance(self, groups: Sequence[_Group]) -> None:
        """One more character for each group."""
        steps = self._choose([group for group in groups if group.beam])
        for group in groups:
            group.beam = []
        first = sum(step.group is groups[0] for step in steps)
        self._step(steps[:first])  # apart from the others: rounding depends on the number of rows of a product
        self._step(steps[first:])
        for group in groups:
            if len(group.ended) >= self._width:
                group.beam = []

    def _choose(self, groups: Sequence[_Group]) -> list[_Step]:
        """The likeliest steps of each group, less what they share with earlier groups."""
        scores = self._score([hypothesis for group in groups for hypothesis in group.beam])
        taken = np.zeros(scores.gains.shape[1])
        steps: list[_Step] = []
        first = 0
        for group in groups:
            own = _Scores(*(part[first : first + len(group.beam)] for part in scores))
            first += len(group.beam)
            chosen = self._choose_in_group(group, own, taken)
            np.add.at(taken, [step.char_id for step in chosen], 1)
            steps += chosen
        return steps

    def _choose_in_group(self, group: _Group, scores: _Scores, taken: Logits) -> list[_Step]:
        before = np.array([hypothesis.weight for hypothesis in group.beam])[:, None]
        ranked = likeliest(before + scores.gains + scores.lookahead - _DIVERSITY * taken, self._width)
        steps: list[_Step] = []
        for row, char_id in zip(*ranked):
            hypothesis = group.beam[row]
            weight = hypothesis.weight + float(scores.gains[row, char_id])
            steps.append(_Step(group, hypothesis._replace(weight=weight), int(char_id)))
        if not steps and not group.ended:
            raise UnsatisfiableError(
                "the beam search found no song that satisfies all constraints: raise --beam, or remove a constraint"
            )
        return steps

    def _score(self, hypotheses: Sequence[Hypothesis]) -> _Scores:
        options = self._space.options(hypotheses)
        gains = log_softmax(options.logits)
        line_end = self._space.vocabulary.encode(self._tracker.line_end)
        for allowed, hypothesis in zip(options.allowed, hypotheses):
            state = hypothesis.state
            if self._tracker.can_end_line(state) and not self._tracker.is_satisfied(state):
                allowed[line_end] = False
        weights = self._space.lookahead.weights([hypothesis.state for hypothesis in hypotheses])
        lookahead = np.zeros_like(gains) if weights is None else np.log(np.maximum(weights, 1e-30))
        return _Scores(np.where(options.allowed, gains, NEVER), lookahead)

    def _step(self, steps: Sequence[_Step]) -> None:
        if not steps:
            return
        characters = [self._space.vocabulary.id_to_char[step.char_id] for step in steps]
        after = self._space.advance([step.hypothesis for step in steps], characters)
        for step, hypothesis in zip(steps, after):
            is_over = self._tracker.is_over(hypothesis.state)
            (step.group.ended if is_over else step.group.beam).append(hypothesis)


def _mean_log_probability(hypothesis: Hypothesis) -> float:
    return hypothesis.weight / max(len(hypothesis.state.written), 1)


def _emit(group: _Group, taken: Sequence[str]) -> str:
    """The new characters that will not change: the common beginning of all hypotheses, at last the best song."""
    if group.beam:
        texts = [hypothesis.state.written for hypothesis in group.beam + group.ended]
        is_common = (len(set(column)) == 1 for column in zip(*texts))
        written = texts[0][: sum(takewhile(bool, is_common))]
    else:
        written = group.song = group.song or _best_song(group.ended, taken)
    new, group.emitted = written[group.emitted :], max(group.emitted, len(written))
    return new


def _best_song(ended: Sequence[Hypothesis], taken: Sequence[str]) -> str:
    """The likeliest song that no earlier group has taken; if there is none, the likeliest."""
    songs = [hypothesis.state.written for hypothesis in sorted(ended, key=_mean_log_probability, reverse=True)]
    return next((song for song in songs if song not in taken), songs[0])
